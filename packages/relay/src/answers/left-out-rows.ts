import type { ResultProblem } from './aggregator.ts'

/** Counts the rows of a node that were left out, by reason. */
export class LeftOutRows {
  rows = 0
  readonly #file: string
  readonly #reasons = new Map<string, { readonly column: string; rows: number }>()

  constructor(file: string) {
    this.#file = file
  }

  /** `reason` is one of few constant texts. */
  add(column: string, reason: string): void {
    this.rows++
    const known = this.#reasons.get(reason)
    if (known === undefined) this.#reasons.set(reason, { column, rows: 1 })
    else known.rows++
  }

  toProblems(): readonly ResultProblem[] {
    return [...this.#reasons].map(([reason, { column, rows }]) => ({
      file: this.#file,
      line: 0,
      column,
      message: `${reason} in ${rows} ${rows === 1 ? 'row' : 'rows'}`,
    }))
  }
}
