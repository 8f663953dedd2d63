import { PeopleCounts } from './people-counts.ts'
import type { RowNames } from './row-names.ts'

/** A CODE of all nodes. */
export interface CodeRow {
  readonly code: string
  readonly names: RowNames
  readonly people: number
}

// No name contains it: it is a control character.
const SEPARATOR = '\t'

/**
 * The rows of a combined file by CODE, in the order in which they were added. Hundreds of thousands of them: the names of a row
 * are one string, and its counts are not objects, which takes a quarter of the memory.
 */
export class CodeTable {
  readonly #indexes = new Map<string, number>()
  readonly #names: string[] = []
  readonly #counts = new PeopleCounts()

  /** The number of the row. Undefined if there is none. */
  find(code: string): number | undefined {
    return this.#indexes.get(code)
  }

  /** `code` must share no memory with a file. */
  add(code: string, names: RowNames): number {
    const { description, dataset, omop, omopDescription, category } = names
    const index = this.#names.length
    this.#names.push([description, dataset, omop, omopDescription, category].join(SEPARATOR))
    this.#indexes.set(code, index)
    return index
  }

  /** See `PeopleCounts.add`. */
  addPeople(index: number, node: number, people: number, max: number): boolean {
    return this.#counts.add(index, node, people, max)
  }

  *rows(): Generator<CodeRow> {
    for (const [code, index] of this.#indexes) {
      const [description = '', dataset = '', omop = '', omopDescription = '', category = ''] =
        this.#names[index]?.split(SEPARATOR) ?? []
      const names = { description, dataset, omop, omopDescription, category }
      yield { code, names, people: this.#counts.people(index) }
    }
  }
}
