import { FailureStreak, type Backoff, type LinkSummary, type Logger } from '@warren/runtime'
import { TaskApiError } from '@warren/task-api'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { TaskKind } from '../outbox/task-store.ts'
import { adviceFor } from './poll-advice.ts'

/** What `accept` did with the body of a poll. */
export interface Acceptance {
  /**
   * - `new`: there may be more tasks, so the next poll follows without a pause.
   * - `repeated`: a known task. The relay repeats itself, so the next poll waits for the interval.
   * - `unreadable`: not answerable, because it has no uuid or is for another collection.
   */
  readonly outcome: 'new' | 'repeated' | 'unreadable'
  /** `undefined` if it could not be read. */
  readonly kind?: TaskKind
}

export interface PollerOptions {
  /** One `GET nextjob`; `null` for 204. `waitSeconds` is sent as `Prefer: wait`. `only`: tasks of that kind only. */
  readonly poll: (options: {
    waitSeconds?: number
    only?: TaskKind
    signal: AbortSignal
  }) => Promise<{ body: unknown; requestId: string } | null>
  readonly accept: (body: unknown, requestId: string) => Acceptance
  /** The kinds that are polled for if there is capacity for each. */
  readonly kinds: readonly TaskKind[]
  /**
   * Resolves when one more task can be accepted, with the kinds to poll for, or when `signal` aborts. `canSelect`: whether
   * the relay can hand out tasks of one kind only.
   */
  readonly waitForCapacity: (
    signal: AbortSignal,
    canSelect: boolean,
  ) => Promise<readonly TaskKind[]>
  readonly intervalMs: number
  /** 0: polls are not held. */
  readonly waitSeconds: number
  readonly backoff: Backoff
  readonly clock: Clock
  readonly log: Logger
  readonly summary: LinkSummary
  /** For the log, without the collection ID. */
  readonly url: string
}

/** Upper limit of `Retry-After`: an upstream suspends a collection that has not polled for half an hour. */
const MAX_RETRY_AFTER_MS = 10 * 60_000

/** How long a poll that is not held may take after a stop: its response may be a task that the relay has already handed out. */
const LAST_POLL_GRACE_MS = 2000

/** After an update, a relay may support polls for one kind. */
const RETRY_SELECTION_MS = 10 * 60_000

/** The .NET relay responds with 500 to a collection ID with a suffix, and others with 400 or 404. */
const isUnsupported = (error: unknown): boolean =>
  error instanceof TaskApiError && [400, 404, 500, 501].includes(error.status ?? 0)

/**
 * Polls for tasks, one poll at a time: without a pause while there are tasks, at the interval while there are none, and
 * with backoff while polls fail. It waits for the capacity to accept one more task, and not for a task to be solved.
 */
export class Poller {
  readonly #options: PollerOptions
  /** Whether the relay held the last empty poll as requested; `undefined` before the first. */
  #held: boolean | undefined
  readonly #failures: FailureStreak
  #loginAccepted = false
  /** Until then, polls for one kind are not tried, because the relay does not support them. */
  #cannotSelectUntil = -Infinity

  constructor(options: PollerOptions) {
    this.#options = options
    this.#failures = new FailureStreak(() => options.clock.now())
  }

  /** Polls until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, kinds, waitForCapacity } = this.#options
    while (!signal.aborted) {
      const open = await waitForCapacity(signal, clock.now() >= this.#cannotSelectUntil)
      if (signal.aborted) return
      const only = open.length < kinds.length ? open[0] : undefined
      const pauseMs = await this.#pollOnce(only, signal)
      if (pauseMs > 0) await clock.sleep(pauseMs, signal)
    }
  }

  /** Returns how long to wait before the next poll, in milliseconds. */
  async #pollOnce(only: TaskKind | undefined, signal: AbortSignal): Promise<number> {
    const { poll, accept, intervalMs, backoff, clock, log, summary } = this.#options
    const waitSeconds = this.#waitSecondsFor(only)
    const startedAt = clock.now()
    // If the clock was set back by an hour, the pause must not become an hour longer.
    const took = () => Math.max(0, clock.now() - startedAt)
    using delayed = delayAbort(
      signal,
      waitSeconds > 0 && this.#held !== false ? 0 : LAST_POLL_GRACE_MS,
    )
    let next: { body: unknown; requestId: string } | null
    try {
      next = await poll({
        ...(waitSeconds > 0 ? { waitSeconds } : {}),
        ...(only === undefined ? {} : { only }),
        signal: delayed.signal,
      })
    } catch (error: unknown) {
      if (signal.aborted) return 0
      summary.record('error', took())
      if (only !== undefined && isUnsupported(error)) return this.#cannotSelect(only)
      return this.#failed(error, took())
    }
    this.#succeeded()
    if (next === null) {
      backoff.reset()
      summary.record('204', took())
      log.debug(BunnyEvent.noTask)
      return waitSeconds === 0 ? intervalMs : this.#pauseAfterEmpty(took(), waitSeconds)
    }
    summary.record('200', took())
    const { outcome, kind } = accept(next.body, next.requestId)
    if (outcome === 'unreadable') return backoff.next()
    backoff.reset()
    if (only !== undefined && kind !== undefined && kind !== only) this.#cannotSelect(only)
    return outcome === 'repeated' ? intervalMs : 0
  }

  #waitSecondsFor(only: TaskKind | undefined): number {
    // While a poll for distributions is held, the next availability task would wait for it.
    if (only === 'distribution') return 0
    // Whether the login is accepted is known, and logged, when the first poll is answered.
    return this.#loginAccepted ? this.#options.waitSeconds : Math.min(1, this.#options.waitSeconds)
  }

  /** The relay rejects polls for one kind, or ignores the kind. Returns the pause. */
  #cannotSelect(kind: TaskKind): number {
    const { clock, log } = this.#options
    this.#cannotSelectUntil = clock.now() + RETRY_SELECTION_MS
    log.warn({ kind, retryInMs: RETRY_SELECTION_MS }, BunnyEvent.kindNotSelectable)
    return 0
  }

  /**
   * A relay that holds polls is polled again without a pause. One that responds early is polled at the interval: the
   * .NET relay ignores `Prefer`. One that holds polls for less than `waitSeconds` is not polled more often either.
   */
  #pauseAfterEmpty(tookMs: number, waitSeconds: number): number {
    const { intervalMs, log } = this.#options
    const held = tookMs >= (waitSeconds * 1000) / 2
    if (!held && this.#held === undefined) {
      log.info({ askedSeconds: waitSeconds, intervalMs }, BunnyEvent.pollsNotHeld)
    }
    this.#held = held
    return held ? 0 : Math.max(0, intervalMs - tookMs)
  }

  /** The end of an outage, and the first login, have one line each. */
  #succeeded(): void {
    const { clock, log } = this.#options
    const ended = this.#failures.succeed()
    if (ended?.logged === true) {
      const { failures, since } = ended
      const durationMs = Math.max(0, clock.now() - since)
      log.info(
        { failures, since: new Date(since).toISOString(), durationMs },
        BunnyEvent.pollsRecovered,
      )
    }
    if (this.#loginAccepted) return
    this.#loginAccepted = true
    log.info(BunnyEvent.loginAccepted)
  }

  #failed(error: unknown, durationMs: number): number {
    const { backoff, log, url } = this.#options
    if (!(error instanceof TaskApiError)) throw error
    const retryInMs = Math.max(
      backoff.next(),
      Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS),
    )
    const { requestId, kind, code, status, message: detail } = error
    const advice = adviceFor(error)
    const { log: line, failures, since } = this.#failures.fail(code)
    const reason = {
      kind,
      code,
      ...(status === undefined ? {} : { status }),
      detail,
      ...(advice === undefined ? {} : { advice }),
    }
    const fields = { requestId, ...reason, url, durationMs, retryInMs }
    if (line === 'full') log.error(fields, BunnyEvent.pollFailed)
    else log.debug(fields, BunnyEvent.pollFailed)
    if (line === 'summary') {
      const so = { failures, since: new Date(since).toISOString() }
      log.warn({ ...reason, ...so, url }, BunnyEvent.pollsStillFailing)
    }
    return retryInMs
  }
}

/** A signal that aborts `graceMs` after `signal` does. */
function delayAbort(signal: AbortSignal, graceMs: number): Disposable & { signal: AbortSignal } {
  if (graceMs === 0) return { signal, [Symbol.dispose]() {} }
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onAbort = () => {
    timer = setTimeout(() => controller.abort(signal.reason), graceMs)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
}
