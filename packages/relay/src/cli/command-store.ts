import { type CliIo, createLogger, relayText } from '@warren/runtime'
import { loadRelayConfig, type RelayConfig } from '../config/relay-config.ts'
import { relayLogText } from '../observe/log-text.ts'
import { openStore } from '../open-store.ts'
import type { MigrationOutcome, RelayStore } from '../store/relay-store.ts'

/** Opens the configured store, runs a command on it and closes it. `migrate` overrides the configuration. */
export async function withStore<T>(
  io: CliIo,
  work: (store: RelayStore, config: RelayConfig) => Promise<T>,
  options: { migrate?: boolean; onMigrated?: (outcome: MigrationOutcome) => void } = {},
): Promise<T> {
  const { migrate, ...rest } = options
  const config = loadRelayConfig(io.env)
  const log = createLogger({
    component: 'relay',
    // Commands print their own results; the log only contains problems of the store.
    level: config.logLevel === 'debug' || config.logLevel === 'trace' ? config.logLevel : 'warn',
    format: config.logFormat,
    destination: io.stderr,
    env: io.env,
    secrets: config.secrets,
    text: relayText(relayLogText),
  })
  await using store = await openStore(
    { ...config, migrate: migrate ?? config.migrate },
    { log, waitForDatabase: false, ...rest },
  )
  return await work(store, config)
}
