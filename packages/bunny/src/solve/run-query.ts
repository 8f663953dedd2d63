import { Backoff, type Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { CdmSource, Row, SqlStatement } from '../sources/cdm-source.ts'
import { SourceError } from '../sources/source-error.ts'
import { Unanswerable, unanswerableFromSource } from './unanswerable.ts'

/** The time one task may take, from when it arrived. */
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
  /** Aborts when the program stops; the reason then passes through unchanged. */
  readonly stop: AbortSignal
  readonly clock: Clock
  readonly log: Logger
  readonly random?: () => number
}

/** A database that fails over or restarts its connections is back within seconds. What takes longer is an answer: "not available". */
const MAX_ATTEMPTS = 4
const INITIAL_WAIT_MS = 250
const MAX_WAIT_MS = 2000

/**
 * Runs one statement for one task: gives up at the deadline (in the database too), and tries again after faults that
 * pass by themselves. Anything else is `Unanswerable` at once: the same statement would fail the same way.
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

/** Linked by hand: `AbortSignal.any` leaves something of every query with `stop`, which lives as long as the program. */
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

/** A count as the engines hand it over: `number`, or `bigint` where it was wide. Never rounded here. */
export function parseCount(value: Row[string] | undefined): number {
  const number = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw new Unanswerable('internal', 'The database answered with something that is no count.')
}
