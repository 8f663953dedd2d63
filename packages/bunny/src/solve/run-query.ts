import { SourceError } from '@warren/database'
import { Backoff, type Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { CdmSource, Row, SqlStatement } from '../sources/cdm-source.ts'
import { Unanswerable, unanswerableFromSource } from './unanswerable.ts'

/** The time that one task may take after its arrival. */
export interface Deadline {
  readonly signal: AbortSignal
  readonly withinMs: number
}

export function startDeadline(withinMs: number): Deadline {
  return { withinMs, signal: AbortSignal.timeout(withinMs) }
}

export interface RunQueryOptions {
  readonly source: CdmSource
  readonly deadline: Deadline
  /** Aborts when the program stops. Its reason is thrown unchanged. */
  readonly stop: AbortSignal
  readonly clock: Clock
  readonly log: Logger
  readonly random?: () => number
}

/** A database that fails over or restarts is back within seconds. After a longer outage, the task fails. */
const MAX_ATTEMPTS = 4
const INITIAL_WAIT_MS = 250
const MAX_WAIT_MS = 2000

/**
 * Runs one statement for one task. It is cancelled at the deadline, in the database too, and retried after temporary
 * failures. Any other failure throws `Unanswerable`, because the same statement would fail again.
 */
export async function runQuery(
  options: RunQueryOptions,
  statement: SqlStatement,
): Promise<readonly Row[]> {
  const { source, deadline, stop, clock, log, random } = options
  using either = linkSignals(deadline.signal, stop)
  const { signal } = either
  const backoff = new Backoff({
    initialMs: INITIAL_WAIT_MS,
    maxMs: MAX_WAIT_MS,
    ...(random === undefined ? {} : { random }),
  })
  for (let attempt = 1; ; attempt += 1) {
    throwIfStopped(deadline, stop)
    try {
      return await source.query(statement, { signal })
    } catch (error: unknown) {
      throwIfStopped(deadline, stop, error)
      if (!(error instanceof SourceError)) throw error
      if (error.kind !== 'unavailable' || attempt === MAX_ATTEMPTS)
        throw unanswerableFromSource(error)
      const retryInMs = backoff.next()
      log.warn(
        { attempt, code: error.code, detail: error.message, retryInMs },
        BunnyEvent.databaseRetry,
      )
      await clock.sleep(retryInMs, signal)
    }
  }
}

/** Not `AbortSignal.any`: it leaks memory for each query, because `stop` lives as long as the program. */
function linkSignals(...signals: readonly AbortSignal[]): Disposable & { signal: AbortSignal } {
  const either = new AbortController()
  const abort = () => either.abort()
  for (const signal of signals) {
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
  }
  return {
    signal: either.signal,
    [Symbol.dispose]() {
      for (const signal of signals) signal.removeEventListener('abort', abort)
    },
  }
}

function throwIfStopped(deadline: Deadline, stop: AbortSignal, cause?: unknown): void {
  stop.throwIfAborted()
  if (!deadline.signal.aborted) return
  const seconds = Math.round(deadline.withinMs / 1000)
  throw new Unanswerable('timeout', `Not answered within ${String(seconds)} s.`, { cause })
}

/** A count as the engines return it, exactly: a `number`, or a `bigint` or text for a wide type. */
export function parseCount(value: Row[string] | undefined): number {
  const number = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw new Unanswerable('internal', 'The database returned a value that is not a count.')
}
