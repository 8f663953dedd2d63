import type { Dialect } from './dialect.ts'

const postgres: Dialect = {
  placeholder: (position) => `$${position}`,
  identifier: (name) => `"${name.replaceAll('"', '""')}"`,
  datePart: (part, date) => `extract(${part} from ${date})`,
  // The type of the CDM. With a double, PostgreSQL would convert the value of every row through text.
  decimalType: 'numeric',
  doubleType: 'double precision',
}

const duckdb: Dialect = {
  ...postgres,
  // DuckDB's bare numeric is decimal(18, 3), which would round the bounds of a range.
  decimalType: 'double',
  doubleType: 'double',
}

/** Compared with golden SQL only; never run against SQL Server. */
const mssql: Dialect = {
  placeholder: (position) => `@p${position}`,
  identifier: (name) => `[${name.replaceAll(']', ']]')}]`,
  datePart: (part, date) => `datepart(${part}, ${date})`,
  decimalType: 'float',
  doubleType: 'float',
}

/** The databases that SQL is written for. Every list of dialects in the code follows from this one. */
export const DIALECTS = { postgres, duckdb, mssql } satisfies Record<string, Dialect>

export type SqlDialect = keyof typeof DIALECTS

/** The names of the dialects. */
export const SQL_DIALECTS: readonly SqlDialect[] = Object.keys(DIALECTS).filter(isDialect)

function isDialect(name: string): name is SqlDialect {
  return Object.hasOwn(DIALECTS, name)
}
