/** The sources with their drivers. They are not part of the main entry, so that a bunny loads only the driver that it uses. */
export {
  DuckDbSource,
  type DuckDbLimits,
  type DuckDbSourceOptions,
} from './sources/duckdb-source.ts'
export { PostgresSource, type PostgresSourceOptions } from './sources/postgres-source.ts'
