import type { CdmSource } from './cdm-source.ts'
import { DuckDbSource, type DuckDbSourceOptions } from './duckdb-source.ts'
import { PostgresSource, type PostgresSourceOptions } from './postgres-source.ts'

/** The database to open. `driver` has the values of `DATASOURCE_DB_DRIVERNAME`. */
export type SourceConfig =
  | ({ readonly driver: 'postgresql' } & PostgresSourceOptions)
  | ({ readonly driver: 'duckdb' } & DuckDbSourceOptions)

/** Opens the database and connects once. Throws `SourceError`, or `ProgramError` if the configuration is wrong. */
export function openSource(config: SourceConfig): Promise<CdmSource> {
  return config.driver === 'duckdb' ? DuckDbSource.open(config) : PostgresSource.open(config)
}
