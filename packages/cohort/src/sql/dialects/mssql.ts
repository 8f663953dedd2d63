import type { Dialect } from '../dialect.ts'

/** Text-tested only: no machine of this project runs SQL Server. */
export const mssql: Dialect = {
  placeholder: (position) => `@p${position}`,
  identifier: (name) => `[${name.replaceAll(']', ']]')}]`,
  datePart: (part, date) => `datepart(${part}, ${date})`,
  decimalType: 'float',
  doubleType: 'float',
}
