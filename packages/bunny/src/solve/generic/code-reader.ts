import type { TablePart } from '@warren/cdm'
import {
  disclose,
  disclosePartitions,
  revealsTheRest,
  type DisclosurePolicy,
  type Interval,
} from '@warren/disclosure'
import type { Row } from '../../sources/cdm-source.ts'
import { disclosedRow, type RowSink } from '../row-sink.ts'
import { parseCount } from '../run-query.ts'
import { Unanswerable } from '../unanswerable.ts'
import { FIRST_EVENT_PART, partNumber } from './code-counts.ts'
import { NO_STATISTICS, readStatistics } from './statistics-sql.ts'

interface Code {
  readonly conceptId: number
  readonly name: string
  readonly count: number
}

/** A site has a few dozen. All of them are in memory, because they are disclosed together. */
const MAX_CATEGORIES = 10_000

/**
 * Turns the rows of `codeCountsStatement` into rows that may leave the site, in the order of the parts. Gender, race and
 * ethnicity divide the same people, so they are disclosed together. A concept that nearly everyone has is hidden if the
 * number of people without it would follow.
 */
export class CodeReader {
  readonly #parts: readonly TablePart[]
  readonly #policy: DisclosurePolicy
  readonly #denied: ReadonlySet<number>
  readonly #sink: RowSink
  readonly #positions: ReadonlyMap<number, number>
  readonly #divisions = new Map<number, Code[]>()
  #total = 0
  #categories = 0
  #known: Interval | undefined
  /** Parts before this one are written. */
  #next = 0
  #last = ''

  /** `denied`: concepts that are not shown. */
  constructor(options: {
    parts: readonly TablePart[]
    policy: DisclosurePolicy
    denied: ReadonlySet<number>
    sink: RowSink
  }) {
    this.#parts = options.parts
    this.#policy = options.policy
    this.#denied = options.denied
    this.#sink = options.sink
    this.#positions = new Map(
      this.#parts.map((part, position) => [partNumber(part, position), position]),
    )
    for (const [position, part] of this.#parts.entries()) {
      if (part.table.event === undefined) this.#divisions.set(position, [])
    }
  }

  read(row: Row): void {
    const number = parseCount(row['part'])
    if (number === 0) {
      this.#total = parseCount(row['persons'])
      return
    }
    // A vocabulary that was loaded twice has each name twice.
    const key = `${String(number)} ${String(row['concept_id'])}`
    if (key === this.#last) return
    this.#last = key
    const position = this.#positions.get(number)
    if (position === undefined) throw new Error('the database returned an unknown part')
    if (number < FIRST_EVENT_PART) this.#addCategory(position, row)
    else this.#addEvent(position, row)
  }

  end(): void {
    this.#discloseDivisions()
    this.#writeUpTo(this.#parts.length)
  }

  #addCategory(position: number, row: Row): void {
    this.#categories += 1
    if (this.#categories > MAX_CATEGORIES) {
      throw new Unanswerable(
        'unsupported',
        'The table person has more than 10,000 different genders, races and ethnicities.',
      )
    }
    const conceptId = row['concept_id'] === null ? 0 : parseCount(row['concept_id'])
    const name = typeof row['concept_name'] === 'string' ? row['concept_name'] : ''
    this.#divisions.get(position)?.push({
      conceptId,
      // People without a value, with one that the vocabulary does not have, or with a denied one are counted but not shown.
      name: this.#denied.has(conceptId) ? '' : name,
      count: parseCount(row['persons']),
    })
  }

  #addEvent(position: number, row: Row): void {
    const known = this.#discloseDivisions()
    this.#writeUpTo(position)
    const conceptId = parseCount(row['concept_id'])
    if (this.#denied.has(conceptId)) return
    const count = parseCount(row['persons'])
    const figure = disclose(count, this.#policy)
    const total = { count: this.#total, known }
    if (figure === 0 || revealsTheRest({ count, figure }, total, this.#policy)) return
    const name = row['concept_name']
    this.#write(position, {
      conceptId,
      name: typeof name === 'string' ? name : '',
      count: figure,
      ...readStatistics(row),
    })
  }

  /** Replaces the true counts of all divisions by figures. Later calls return what the first has found. */
  #discloseDivisions(): Interval {
    if (this.#known !== undefined) return this.#known
    const divisions = [...this.#divisions]
    const { figures, knownTotal } = disclosePartitions(
      this.#total,
      divisions.map(([, codes]) =>
        codes.map(({ count, name }) => ({ count, isNamed: name !== '' })),
      ),
      this.#policy,
    )
    for (const [index, [position, codes]] of divisions.entries()) {
      const shown = codes.map((code, category) => ({
        ...code,
        count: figures[index]?.[category] ?? 0,
      }))
      this.#divisions.set(
        position,
        shown.filter(({ count }) => count > 0),
      )
    }
    this.#known = knownTotal
    return knownTotal
  }

  #writeUpTo(position: number): void {
    for (; this.#next < position; this.#next++) {
      for (const code of this.#divisions.get(this.#next) ?? []) {
        this.#write(this.#next, { ...code, ...NO_STATISTICS })
      }
    }
  }

  #write(position: number, code: Code & typeof NO_STATISTICS): void {
    const { conceptId, name, count, ...statistics } = code
    this.#sink.add(
      disclosedRow({
        ...statistics,
        code: `OMOP:${String(conceptId)}`,
        count,
        omop: String(conceptId),
        omopDescription: name,
        category: this.#parts[position]?.domain ?? '',
      }),
    )
  }
}
