import type { BunnyConfig, RunConfig } from './config.ts'
import { dayZone } from './omop-config.ts'
import {
  configureSource,
  ENGINES,
  isDriver,
  type Driver,
  type SourceConfig,
} from './sources/engines.ts'

/** The database in a configuration. `concurrency`: how many statements may run at the same time. */
export function sourceConfig(config: BunnyConfig | RunConfig, concurrency: number): SourceConfig {
  return configureSource(configuredDriver(config), config, {
    schema: config.dbSchema ?? '',
    statementTimeoutMs: Math.max(config.availabilityTimeoutMs, config.distributionTimeoutMs),
    concurrency,
    timeZone: dayZone(config),
  })
}

/** A name of the database without user and password, for the log and for the key of the cache. */
export function databaseLabel(config: BunnyConfig | RunConfig): string {
  return ENGINES[configuredDriver(config)].label(config)
}

function configuredDriver({ driver }: BunnyConfig | RunConfig): Driver {
  // Other drivers are a problem of the configuration, which is not loaded with one.
  if (!isDriver(driver)) throw new Error(`${driver} is not a supported driver`)
  return driver
}
