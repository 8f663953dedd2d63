import {
  Backoff,
  formatDuration,
  ExitCode,
  fileErrorReason,
  type Logger,
  ProgramError,
  sleep,
} from '@warren/runtime'
import type { RelayConfig } from './config/relay-config.ts'
import type { OnStatement } from './store/on-statement.ts'
import { openPostgresStore } from './store/postgres-store.ts'
import type { MigrationOutcome, RelayStore } from './store/relay-store.ts'
import { openSqliteStore } from './store/sqlite-store.ts'
import { StoreError } from './store/store-error.ts'

export interface OpenStoreOptions {
  readonly log: Logger
  /** Whether to wait, for `startupTimeoutMs`, until the database is available. Commands fail at once instead. */
  readonly waitForDatabase: boolean
  readonly signal?: AbortSignal
  /** Called after the schema was updated. */
  readonly onMigrated?: (outcome: MigrationOutcome) => void
  readonly onStatement?: OnStatement
}

/**
 * Opens the configured store with a supported schema. Throws a ProgramError with exit code 69 if the database is still
 * unavailable after the configured wait, or if it rejects the relay.
 */
export async function openStore(
  config: Pick<RelayConfig, 'storeTarget' | 'databaseConnections' | 'migrate' | 'startupTimeoutMs'>,
  options: OpenStoreOptions,
): Promise<RelayStore> {
  const { log, waitForDatabase, signal, onMigrated, onStatement = () => {} } = options
  const store = await connect(config, { log, onStatement })
  const timeoutMs = waitForDatabase ? config.startupTimeoutMs : 0
  const deadline = performance.now() + timeoutMs
  const backoff = new Backoff({ initialMs: 500, maxMs: 5_000 })
  try {
    for (;;) {
      try {
        await prepare(store, config.migrate, onMigrated)
        return store
      } catch (error: unknown) {
        if (!(error instanceof StoreError)) throw error
        const retryInMs = backoff.next()
        const over = performance.now() + retryInMs > deadline || signal?.aborted === true
        if (!error.unavailable || error.waitingIsUseless) throw unusable(error)
        if (over) throw unreachable(error, timeoutMs)
        log.warn(
          { store: store.technology, detail: error.message, retryInMs },
          'waiting for the database',
        )
        await sleep(retryInMs, signal)
      }
    }
  } catch (error: unknown) {
    await store[Symbol.asyncDispose]()
    throw error
  }
}

async function prepare(
  store: RelayStore,
  migrate: boolean,
  onMigrated: OpenStoreOptions['onMigrated'],
): Promise<void> {
  if (!migrate) return store.check()
  const outcome = await store.migrate()
  onMigrated?.(outcome)
}

async function connect(
  {
    storeTarget: target,
    databaseConnections,
  }: Pick<RelayConfig, 'storeTarget' | 'databaseConnections'>,
  options: { readonly log: Logger; readonly onStatement: OnStatement },
): Promise<RelayStore> {
  if (target.technology === 'postgresql') {
    const { address } = target
    return openPostgresStore({ address, poolSize: databaseConnections, ...options })
  }
  try {
    return openSqliteStore({ path: target.file, ...options })
  } catch (error: unknown) {
    throw new ProgramError(
      `cannot open the database ${target.file}: ${fileErrorReason(error, 'write')}`,
      {
        exitCode: ExitCode.unavailable,
        hint: 'Check that the folder of the file exists and that this user can write to it.',
        cause: error,
      },
    )
  }
}

function unusable(error: StoreError): ProgramError {
  return new ProgramError(`cannot use the database: ${error.message}`, {
    exitCode: ExitCode.unavailable,
    hint:
      error.hint ??
      'Check the privileges of its user, or create the tables of a new database with: warren relay database update',
    cause: error,
  })
}

function unreachable(error: StoreError, timeoutMs: number): ProgramError {
  const waited = timeoutMs === 0 ? '' : ` for ${formatDuration(timeoutMs)}`
  return new ProgramError(`cannot reach the database${waited}: ${error.message}`, {
    exitCode: ExitCode.unavailable,
    hint: 'Check RELAY_STORE, the network path to the database, and the log of the database.',
    cause: error,
  })
}
