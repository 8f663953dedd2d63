import type { CdmTable } from './cdm-tables.ts'

/**
 * A value on its way into a database. By type of the column: ids and integers as `number` (`bigint` beyond 2^53),
 * dates as days and timestamps as microseconds since 1970, texts as `string`.
 */
export type CdmValue = string | number | bigint | null

/** DuckDB takes rows in vectors of this length; a longer batch would be cut up again. */
export const BATCH_ROWS = 2048

/** Up to `BATCH_ROWS` rows of one table, column by column. Filled, written and emptied again by one owner. */
export class RowBatch {
  readonly table: CdmTable
  /** In the order of the table's columns; `null` for a column that this batch never fills. */
  readonly columns: readonly (CdmValue[] | null)[]
  readonly #hasValue: boolean[]
  #length = 0

  /** Only columns named in `filled` take values; the others are empty in every row. */
  constructor(table: CdmTable, filled: readonly string[]) {
    this.table = table
    this.columns = table.columns.map(({ name }) =>
      filled.includes(name) ? Array.from<CdmValue>({ length: BATCH_ROWS }).fill(null) : null,
    )
    this.#hasValue = this.columns.map(() => false)
  }

  get length(): number {
    return this.#length
  }

  get isFull(): boolean {
    return this.#length === BATCH_ROWS
  }

  /** Whether any row has a value at this place: most columns of most exports are empty from end to end. */
  hasValue(place: number): boolean {
    return this.#hasValue[place] ?? false
  }

  /** Opens the next row. Every column of it must be set: what a batch held before is still there. */
  nextRow(): number {
    return this.#length++
  }

  set(row: number, place: number, value: CdmValue): void {
    const column = this.columns[place]
    if (!column) return
    column[row] = value
    if (value !== null) this.#hasValue[place] = true
  }

  /** Takes back the row opened last. */
  dropRow(): void {
    this.#length--
  }

  clear(): void {
    this.#length = 0
    this.#hasValue.fill(false)
  }
}
