import { Backoff, ExitCode, ProgramError, type Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { CdmCheck, CdmSource, CheckOptions } from '../sources/cdm-source.ts'
import { SourceError } from '../sources/source-error.ts'

export interface OpenDatabaseOptions {
  readonly open: () => Promise<CdmSource>
  /** How long a database that is still starting is waited for. */
  readonly waitMs: number
  /** Stops the waiting. */
  readonly signal?: AbortSignal
  readonly clock: Clock
  readonly log: Logger
}

/** Opens the database; one that is not there yet gets `waitMs`. Throws `ProgramError` (exit code 69). */
export async function openDatabase(options: OpenDatabaseOptions): Promise<CdmSource> {
  const { open, waitMs, signal, clock, log } = options
  const backoff = new Backoff({ initialMs: 500, maxMs: 5000 })
  const until = clock.now() + waitMs
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open()
    } catch (error: unknown) {
      if (!(error instanceof SourceError)) throw error
      const retryInMs = backoff.next()
      if (!error.retryable || clock.now() + retryInMs > until) throw databaseUnavailable(error)
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
 * Looks whether the database can answer questions, and logs everything that is in the way or makes it slow. Throws
 * `ProgramError` when it cannot: 69 for a database that does not answer, 78 for one that lacks what is needed.
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
    if (error instanceof SourceError) throw databaseUnavailable(error)
    throw error
  }
  for (const problem of check.problems) {
    const { severity, message: detail, ...fields } = problem
    log[severity === 'error' ? 'error' : 'warn']({ ...fields, detail }, BunnyEvent.cdmProblem)
  }
  const errors = check.problems.filter((problem) => problem.severity === 'error')
  if (errors.length > 0) {
    throw new ProgramError(
      `the database cannot answer questions: ${errors.map(({ message }) => message).join('; ')}`,
      { exitCode: ExitCode.config, hint: errors[0]?.hint },
    )
  }
  return check
}

/** Nothing came back from the database, whatever the reason: what to check is in the source's own words. */
function databaseUnavailable(error: SourceError): ProgramError {
  return new ProgramError(`the database is not available: ${error.message}`, {
    exitCode: ExitCode.unavailable,
    hint: 'check the DATASOURCE_DB_… settings, the account, and that the server can be reached from here',
    cause: error,
  })
}
