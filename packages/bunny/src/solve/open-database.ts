import { SourceError } from '@warren/database'
import { Backoff, ExitCode, ProgramError, type Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { CdmCheck, CdmSource, CheckOptions } from '../sources/cdm-source.ts'
import { driverOf, ENGINES, type Driver } from '../sources/engines.ts'

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

/**
 * Checks whether the database can answer tasks, and logs each problem with its tables and indexes. Throws `ProgramError`
 * if it cannot: 69 if it is not available, 78 if required tables or columns are missing.
 */
export async function checkDatabase(
  source: CdmSource,
  options: CheckOptions,
  log: Logger,
): Promise<CdmCheck> {
  let check: CdmCheck
  try {
    check = await source.check(options)
  } catch (error: unknown) {
    options.signal?.throwIfAborted()
    if (error instanceof SourceError) {
      throw databaseUnavailable(error, driverOf(source.dialect))
    }
    throw error
  }
  for (const problem of check.problems) {
    const { severity, message: detail, ...fields } = problem
    log[severity === 'error' ? 'error' : 'warn']({ ...fields, detail }, BunnyEvent.cdmProblem)
  }
  const errors = check.problems.filter((problem) => problem.severity === 'error')
  if (errors.length > 0) {
    throw new ProgramError(
      `the database cannot answer tasks: ${errors.map(({ message }) => message).join('; ')}`,
      { exitCode: ExitCode.config, hint: errors[0]?.hint },
    )
  }
  return check
}

function databaseUnavailable(error: SourceError, driver: Driver): ProgramError {
  return new ProgramError(`the database is not available: ${error.message}`, {
    exitCode: ExitCode.unavailable,
    hint: ENGINES[driver].hint,
    cause: error,
  })
}
