/** What may be bound to a placeholder. Dates travel as ISO text and are cast in the statement. */
export type SqlValue = string | number | bigint | null

export interface SqlStatement {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/** Everything that differs from one database to the next; all other SQL here is common to them. */
export interface Dialect {
  /** `position` counts from 1. A position may stand in the text more than once. */
  placeholder(position: number): string
  /** Quotes a name so that it is a name and nothing else, whatever it holds. */
  identifier(name: string): string
  datePart(part: 'year' | 'month', date: string): string
  /** The type that `value_as_number` is compared in. */
  readonly decimalType: string
  /** The 64-bit floating point type. */
  readonly doubleType: string
}
