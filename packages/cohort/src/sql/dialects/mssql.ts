import type { Dialect } from '../dialect.ts'

/** Compared with golden SQL only; never run against SQL Server. */
export const mssql: Dialect = {
  placeholder: (position) => `@p${position}`,
  identifier: (name) => `[${name.replaceAll(']', ']]')}]`,
  datePart: (part, date) => `datepart(${part}, ${date})`,
  decimalType: 'float',
  doubleType: 'float',
}
