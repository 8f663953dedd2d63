import type { CdmTable } from '@warren/cdm'

/**
 * A value to write, by column type: IDs and integers as `number` (`bigint` beyond 2^53), dates as days and timestamps as
 * microseconds since 1970, text as `string`.
 */
export type CdmValue = string | number | bigint | null

/** The vector length of DuckDB, which would split a longer batch. */
export const BATCH_ROWS = 2048

/** Up to `BATCH_ROWS` rows of one table, by column. It is filled, written, cleared and reused. */
export class RowBatch {
  readonly table: CdmTable
  /** In the order of the table. `null` for a column that is never filled. */
  readonly columns: readonly (CdmValue[] | null)[]
  readonly #hasValue: boolean[]
  #length = 0

  /** Only the columns named in `filled` get values. */
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

  /** Whether any row has a value in the column: most columns of most exports are empty. */
  hasValue(index: number): boolean {
    return this.#hasValue[index] ?? false
  }

  /** Starts a row. Each column must be set, because old values are still in the batch. */
  nextRow(): number {
    return this.#length++
  }

  set(row: number, index: number, value: CdmValue): void {
    const column = this.columns[index]
    if (!column) return
    column[row] = value
    if (value !== null) this.#hasValue[index] = true
  }

  /** Removes the last row. */
  dropRow(): void {
    this.#length--
  }

  clear(): void {
    this.#length = 0
    this.#hasValue.fill(false)
  }
}
