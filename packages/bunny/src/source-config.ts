import { readLibpqParameters } from '@warren/database'

import type { BunnyConfig, RunConfig } from './config.ts'
import type { SourceConfig } from './sources/open-source.ts'

/** DuckDB runs on the four threads that Node.js also needs for files and DNS, so one must stay free. */
const MAX_DUCKDB_STATEMENTS = 3

/** The database in a configuration. `concurrency`: how many statements may run at the same time. */
export function sourceConfig(config: BunnyConfig | RunConfig, concurrency: number): SourceConfig {
  const { dbHost, dbPort, dbDatabase, dbPassword, dbConnectionQuery } = config
  const limits = {
    schema: config.dbSchema ?? '',
    // Each task cancels its statement at its own deadline. This is the fallback.
    statementTimeoutMs: Math.max(config.availabilityTimeoutMs, config.distributionTimeoutMs),
  }
  if (config.driver === 'duckdb') {
    return {
      driver: 'duckdb',
      ...limits,
      path: config.duckdbPath,
      memoryLimit: config.duckdbMemoryLimit,
      tempDirectory: config.duckdbTempDirectory,
      poolSize: Math.min(concurrency, MAX_DUCKDB_STATEMENTS),
    }
  }
  return {
    driver: 'postgresql',
    ...limits,
    ...readLibpqParameters({
      host: dbHost ?? '',
      port: String(dbPort ?? 5432),
      dbname: dbDatabase ?? '',
      user: config.dbUsername,
      password: dbPassword ?? '',
      ...dbConnectionQuery,
    }),
    poolSize: concurrency,
  }
}

/** A name of the database without user and password, for the log and for the key of the cache. */
export function databaseLabel(config: BunnyConfig | RunConfig): string {
  const { driver, duckdbPath, dbHost, dbPort, dbDatabase, dbSchema } = config
  if (driver === 'duckdb') return `duckdb:${duckdbPath}`
  const schema = dbSchema === undefined ? '' : `#${dbSchema}`
  return `postgresql://${dbHost ?? ''}:${String(dbPort ?? 5432)}/${dbDatabase ?? ''}${schema}`
}
