import type { Dialect } from '../dialect.ts'
import { postgres } from './postgres.ts'

export const duckdb: Dialect = {
  ...postgres,
  // DuckDB's bare numeric is decimal(18, 3), which would round the bounds of a range.
  decimalType: 'double',
  doubleType: 'double',
}
