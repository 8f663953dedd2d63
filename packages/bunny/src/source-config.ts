import type { BunnyConfig, RunConfig } from './config.ts'
import type { SourceConfig } from './sources/open-source.ts'

/** DuckDB runs on the threads Node also needs for files and names: of four, one has to stay free. */
const DUCKDB_AT_ONCE = 3

/** The database that a configuration names. `atOnce`: statements that may run at the same time. */
export function sourceConfig(config: BunnyConfig | RunConfig, atOnce: number): SourceConfig {
  const { dbHost, dbPort, dbDatabase, dbPassword, dbConnectionQuery } = config
  const limits = {
    schema: config.dbSchema ?? '',
    // Each task has its own deadline and cancels its statement then; this is the net below that.
    statementTimeoutMs: Math.max(config.availabilityTimeoutMs, config.distributionTimeoutMs),
  }
  if (config.driver === 'duckdb') {
    return {
      driver: 'duckdb',
      ...limits,
      path: config.duckdbPath,
      memoryLimit: config.duckdbMemoryLimit,
      tempDirectory: config.duckdbTempDirectory,
      poolSize: Math.min(atOnce, DUCKDB_AT_ONCE),
    }
  }
  return {
    driver: 'postgresql',
    ...limits,
    host: dbHost ?? '',
    port: dbPort ?? 5432,
    database: dbDatabase ?? '',
    username: config.dbUsername,
    ...(dbPassword === undefined ? {} : { password: dbPassword }),
    ...(dbConnectionQuery === undefined ? {} : { parameters: dbConnectionQuery }),
    poolSize: atOnce,
  }
}

/** Which database that is, for the log and for telling caches apart; without user or password. */
export function databaseLabel(config: BunnyConfig | RunConfig): string {
  const { driver, duckdbPath, dbHost, dbPort, dbDatabase, dbSchema } = config
  if (driver === 'duckdb') return `duckdb:${duckdbPath}`
  const schema = dbSchema === undefined ? '' : `#${dbSchema}`
  return `postgresql://${dbHost ?? ''}:${String(dbPort ?? 5432)}/${dbDatabase ?? ''}${schema}`
}
