import type { Dialect, SqlValue } from './dialect.ts'

/** SQL Server accepts 2,100 parameters per statement. The parser's own limits are lower. */
const MAX_VALUES = 2_000

/**
 * The bound values and the qualified table names of one statement.
 *
 * Equal values share a placeholder: a concept that is searched in six tables is bound once.
 */
export class StatementParts {
  readonly dialect: Dialect
  readonly #prefix: string
  readonly #values: SqlValue[] = []
  readonly #bound = new Map<string, string>()
  readonly #tables = new Set<string>()

  constructor(dialect: Dialect, schema: string | undefined) {
    this.dialect = dialect
    this.#prefix = schema ? `${dialect.identifier(requireName(schema))}.` : ''
  }

  get values(): readonly SqlValue[] {
    return this.#values
  }

  /** The tables that the statement reads, without their schema. */
  get tables(): readonly string[] {
    return [...this.#tables]
  }

  table(name: string): string {
    this.#tables.add(name)
    return this.#prefix + name
  }

  /** An integer of at most 53 bits. */
  whole(value: number): string {
    return this.#bind(value, 'bigint')
  }

  /** Bound as text, so that 0.1 stays exact in a decimal type and no driver sends an integer. */
  decimal(value: number): string {
    return this.#bind(String(value), this.dialect.decimalType)
  }

  /** Bound as text, like `decimal`. */
  double(value: number): string {
    return this.#bind(String(value), this.dialect.doubleType)
  }

  /** At most 255 characters. */
  text(value: string): string {
    return this.#bind(value, 'varchar(255)')
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
    // Without the cast, the driver or the server would guess the type.
    const text = `cast(${this.dialect.placeholder(position)} as ${type})`
    this.#bound.set(key, text)
    return text
  }
}

function requireName(schema: string): string {
  // Some servers read a name up to the first NUL only, and would then lose the closing quote.
  if (schema.includes('\0')) throw new RangeError('schema name contains a NUL character')
  return schema
}
