import { SourceError } from '@warren/database'
import { Backoff, type Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type {
  CdmSource,
  QueryOptions,
  Row,
  RowReader,
  SqlStatement,
} from '../sources/cdm-source.ts'
import { Unanswerable, unanswerableFromSource } from './unanswerable.ts'

/** The time that one task may take after its arrival. */
export interface Deadline {
  readonly signal: AbortSignal
  readonly withinMs: number
  /** In the time of `performance.now()`. */
  readonly endsAt: number
}

export function startDeadline(withinMs: number): Deadline {
  const endsAt = performance.now() + withinMs
  return { withinMs, endsAt, signal: AbortSignal.timeout(withinMs) }
}

export interface RunQueryOptions {
  readonly source: CdmSource
  readonly deadline: Deadline
  /** Aborts when the program stops. Its reason is thrown unchanged. */
  readonly stop: AbortSignal
  readonly clock: Clock
  readonly log: Logger
  readonly random?: () => number
  /** How long to wait for a database that is not available. Default: 2 s. */
  readonly databaseWaitMs?: number
}

const DEFAULT_DATABASE_WAIT_MS = 2000
const INITIAL_WAIT_MS = 250
const MAX_WAIT_MS = 5000

/** Runs one statement for one task, and returns its rows. Fails like `readRows`. */
export async function runQuery(
  options: RunQueryOptions,
  statement: SqlStatement,
): Promise<readonly Row[]> {
  let rows: readonly Row[] = []
  await run(options, async (limits) => {
    rows = await options.source.query(statement, limits)
  })
  return rows
}

/**
 * Runs one statement for one task, and passes on its rows as they arrive, all from one snapshot of the database. It is
 * cancelled at the deadline, in the database too. While the database is not available, it is retried for `databaseWaitMs`:
 * then `start` is called again. Any other failure throws `Unanswerable`, because the same statement would fail again.
 */
export async function readRows(
  options: RunQueryOptions,
  statement: SqlStatement,
  start: () => RowReader,
): Promise<void> {
  await run(options, (limits) => options.source.each(statement, start, limits))
}

async function run(
  options: RunQueryOptions,
  attemptOnce: (limits: QueryOptions) => Promise<void>,
): Promise<void> {
  const { source, deadline, stop, clock, log, random } = options
  using either = linkSignals(deadline.signal, stop)
  const { signal } = either
  const backoff = new Backoff({
    initialMs: INITIAL_WAIT_MS,
    maxMs: MAX_WAIT_MS,
    ...(random === undefined ? {} : { random }),
  })
  const { databaseWaitMs = DEFAULT_DATABASE_WAIT_MS } = options
  let waitUntil: number | undefined
  for (let attempt = 1; ; attempt += 1) {
    throwIfStopped(deadline, stop)
    try {
      await attemptOnce({ signal, timeoutMs: timeLeft(deadline) })
      return
    } catch (error: unknown) {
      throwIfStopped(deadline, stop, error)
      if (!(error instanceof SourceError)) throw error
      if (error.kind !== 'unavailable') throw unanswerableFromSource(error)
      // In a long outage, tasks that arrive later are answered at once.
      waitUntil ??= (source.unavailableSince ?? clock.now()) + databaseWaitMs
      const retryInMs = backoff.next()
      if (clock.now() + retryInMs > waitUntil) throw unanswerableFromSource(error)
      // The source logs the outage once.
      log.debug(
        { attempt, code: error.code, detail: error.message, retryInMs },
        BunnyEvent.databaseRetry,
      )
      await clock.sleep(retryInMs, signal)
      // The reason is the database, and not that the task takes long.
      if (deadline.signal.aborted && !stop.aborted) throw unanswerableFromSource(error)
    }
  }
}

/** The database stops a statement that was not cancelled in time, for example because this process is gone. */
const CANCEL_GRACE_MS = 1000

const timeLeft = (deadline: Deadline): number =>
  Math.max(0, deadline.endsAt - performance.now()) + CANCEL_GRACE_MS

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
