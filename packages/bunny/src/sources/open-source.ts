import type { CdmSource } from './cdm-source.ts'
import { DuckDbSource, type DuckDbSourceOptions } from './duckdb-source.ts'
import { PostgresSource, type PostgresSourceOptions } from './postgres-source.ts'

/** Which database to open, by the names that `DATASOURCE_DB_DRIVERNAME` has. */
export type SourceConfig =
  | ({ readonly driver: 'postgresql' } & PostgresSourceOptions)
  | ({ readonly driver: 'duckdb' } & DuckDbSourceOptions)

/** Opens the site's database and proves that it can be reached; throws `SourceError`, or `ProgramError` for nonsense. */
export function openSource(config: SourceConfig): Promise<CdmSource> {
  return config.driver === 'duckdb' ? DuckDbSource.open(config) : PostgresSource.open(config)
}
