import { loadBunnyConfig, type BunnyConfig, type RunConfig } from './config.ts'
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

/**
 * `config` with the password as it is now: the file in `DATASOURCE_DB_PASSWORD_FILE` changes when a password is rotated. While
 * the configuration cannot be read, the earlier password stays.
 */
export function withCurrentPassword(config: BunnyConfig, env: NodeJS.ProcessEnv): BunnyConfig {
  try {
    return { ...config, dbPassword: loadBunnyConfig(env).dbPassword ?? config.dbPassword }
  } catch {
    return config
  }
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
