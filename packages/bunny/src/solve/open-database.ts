import { SourceError } from '@warren/database'
import { Backoff, ExitCode, ProgramError, type Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { CdmSource } from '../sources/cdm-source.ts'
import { ENGINES, type Driver } from '../sources/engines.ts'

export interface OpenDatabaseOptions {
  readonly open: () => Promise<CdmSource>
  readonly driver: Driver
  /** How long to wait for a database that is still starting. */
  readonly waitMs: number
  /** Aborts the wait. */
  readonly signal?: AbortSignal
  readonly clock: Clock
  readonly log: Logger
}

/** Opens the database, and retries for `waitMs`. Throws `ProgramError` (exit code 69). */
export async function openDatabase(options: OpenDatabaseOptions): Promise<CdmSource> {
  const { open, driver, waitMs, signal, clock, log } = options
  const backoff = new Backoff({ initialMs: 500, maxMs: 5000 })
  const until = clock.now() + waitMs
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open()
    } catch (error: unknown) {
      if (!(error instanceof SourceError)) throw error
      const retryInMs = backoff.next()
      if (!error.retryable || clock.now() + retryInMs > until) {
        throw databaseUnavailable(error, driver)
      }
      log.warn(
        { attempt, code: error.code, detail: error.message, retryInMs },
        BunnyEvent.databaseRetry,
      )
      await clock.sleep(retryInMs, signal)
      signal?.throwIfAborted()
    }
  }
}

function databaseUnavailable(error: SourceError, driver: Driver): ProgramError {
  return new ProgramError(`the database is not available: ${error.message}`, {
    exitCode: ExitCode.unavailable,
    hint: ENGINES[driver].hint,
    cause: error,
  })
}
