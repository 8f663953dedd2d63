import { type CliIo, createLogger, relayText } from '@warren/runtime'
import { loadRelayConfig } from '../config/relay-config.ts'
import { relayLogText } from '../observe/log-text.ts'
import { openStore } from '../open-store.ts'
import type { MigrationOutcome, RelayStore } from '../store/relay-store.ts'

/** Runs a command on the store of the configuration and closes it again. `migrate` overrides the configuration. */
export async function withStore<T>(
  io: CliIo,
  work: (store: RelayStore) => Promise<T>,
  options: { migrate?: boolean; onMigrated?: (outcome: MigrationOutcome) => void } = {},
): Promise<T> {
  const { migrate, ...rest } = options
  const config = loadRelayConfig(io.env)
  const log = createLogger({
    component: 'relay',
    // A command speaks for itself; the log is for what went wrong underneath.
    level: config.logLevel === 'debug' || config.logLevel === 'trace' ? config.logLevel : 'warn',
    format: config.logFormat,
    destination: io.stderr,
    secrets: config.secrets,
    text: relayText(relayLogText),
  })
  await using store = await openStore(
    { ...config, migrate: migrate ?? config.migrate },
    { log, waitForDatabase: false, ...rest },
  )
  return await work(store)
}
