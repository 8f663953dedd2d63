import type { Dialect, SqlValue } from './dialect.ts'

/** SQL Server takes 2,100 parameters a statement; the parser stays below this by its own bounds. */
const MAX_VALUES = 2_000

/**
 * Collects what surrounds the text of one statement: its bound values and its table names.
 *
 * Equal values share a placeholder: one concept is looked for in six tables and bound once.
 */
export class StatementParts {
  readonly dialect: Dialect
  readonly #prefix: string
  readonly #values: SqlValue[] = []
  readonly #bound = new Map<string, string>()

  constructor(dialect: Dialect, schema: string | undefined) {
    this.dialect = dialect
    this.#prefix = schema ? `${dialect.identifier(requireName(schema))}.` : ''
  }

  get values(): readonly SqlValue[] {
    return this.#values
  }

  table(name: string): string {
    return this.#prefix + name
  }

  /** An integer of at most 53 bits. */
  whole(value: number): string {
    return this.#bind(value, 'bigint')
  }

  /** Bound as text, which keeps 0.1 exact in a decimal type and no driver takes for an integer. */
  decimal(value: number): string {
    return this.#bind(String(value), this.dialect.decimalType)
  }

  /** Bound as text, as `decimal`. */
  double(value: number): string {
    return this.#bind(String(value), this.dialect.doubleType)
  }

  /** `YYYY-MM-DD` */
  date(isoDate: string): string {
    return this.#bind(isoDate, 'date')
  }

  #bind(value: string | number, type: string): string {
    const key = `${type} ${value}`
    const known = this.#bound.get(key)
    if (known !== undefined) return known
    if (this.#values.length === MAX_VALUES) {
      throw new RangeError(`cohort needs more than ${MAX_VALUES} values in one statement`)
    }
    const position = this.#values.push(value)
    // The cast fixes the type where the driver or the server would otherwise guess it.
    const text = `cast(${this.dialect.placeholder(position)} as ${type})`
    this.#bound.set(key, text)
    return text
  }
}

function requireName(schema: string): string {
  // A NUL ends the name on the way to some servers: what was quoted is then not what is read.
  if (schema.includes('\0')) throw new RangeError('schema name holds a NUL character')
  return schema
}
