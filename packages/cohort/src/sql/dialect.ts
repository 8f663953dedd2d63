/** A value that can be bound to a placeholder. Dates are bound as ISO text and cast in the statement. */
export type SqlValue = string | number | bigint | null

export interface SqlStatement {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/** Everything that differs between databases. All other SQL is the same for each of them. */
export interface Dialect {
  /** `position` counts from 1. A statement can use a position more than once. */
  placeholder(position: number): string
  /** Quotes a name so that the database reads it as one name, whatever characters it contains. */
  identifier(name: string): string
  datePart(part: 'year' | 'month' | 'day', date: string): string
  /** The type in which `value_as_number` is compared. */
  readonly decimalType: string
  /** The 64-bit floating point type. */
  readonly doubleType: string
}
