import type { Backoff, LinkSummary, Logger } from '@warren/runtime'
import { TaskApiError } from '@warren/task-api'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import { adviceFor } from './poll-advice.ts'

/** What became of a task that was handed over. */
export type Acceptance =
  /** It is being worked on: there may be more behind it, ask again at once. */
  | 'new'
  /** We had it already: the server repeats itself, so do not ask again in a hurry. */
  | 'repeated'
  /** It cannot even be answered, for want of a uuid. */
  | 'unreadable'

export interface PollerOptions {
  /** One `GET nextjob`; `null` is 204. `waitSeconds` is asked of the server with `Prefer: wait`. */
  readonly poll: (options: {
    waitSeconds?: number
    signal: AbortSignal
  }) => Promise<{ body: unknown; requestId: string } | null>
  readonly accept: (body: unknown, requestId: string) => Promise<Acceptance>
  /** Resolves when one more task of any kind can be taken, or `signal` aborts. */
  readonly waitForCapacity: (signal: AbortSignal) => Promise<void>
  readonly intervalMs: number
  /** 0: never ask the server to hold a poll. */
  readonly waitSeconds: number
  readonly backoff: Backoff
  readonly clock: Clock
  readonly log: Logger
  readonly summary: LinkSummary
  /** For the log, the collection id replaced. */
  readonly url: string
}

/** The longest a server may make us wait by `Retry-After`: after half an hour of silence an upstream suspends a collection. */
const MAX_RETRY_AFTER_MS = 10 * 60_000

/** How long an ordinary poll may still take after a stop: its answer may be a task that the server has already let go. */
const LAST_POLL_GRACE_MS = 2000

/**
 * Asks for tasks, one poll at a time: without a pause while there are some, and gently when there is none or the link
 * is down. Polling never waits for a task to be solved, only for room to take one more.
 */
export class Poller {
  readonly #options: PollerOptions
  /** Whether the server held the last empty poll, as we asked; unknown before the first. */
  #held: boolean | undefined

  constructor(options: PollerOptions) {
    this.#options = options
  }

  /** Polls until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, waitForCapacity } = this.#options
    while (!signal.aborted) {
      await waitForCapacity(signal)
      if (signal.aborted) return
      const pauseMs = await this.#pollOnce(signal)
      if (pauseMs > 0) await clock.sleep(pauseMs, signal)
    }
  }

  /** Returns how long to wait before the next poll, in milliseconds. */
  async #pollOnce(signal: AbortSignal): Promise<number> {
    const { poll, accept, waitSeconds, intervalMs, backoff, clock, log, summary } = this.#options
    const startedAt = clock.now()
    // A clock set back by an hour in the meantime must not become a pause of an hour.
    const took = () => Math.max(0, clock.now() - startedAt)
    using delayed = delayAbort(
      signal,
      waitSeconds > 0 && this.#held !== false ? 0 : LAST_POLL_GRACE_MS,
    )
    let next: { body: unknown; requestId: string } | null
    try {
      next = await poll({ ...(waitSeconds > 0 ? { waitSeconds } : {}), signal: delayed.signal })
    } catch (error: unknown) {
      if (signal.aborted) return 0
      summary.record('error', took())
      return this.#failed(error, took())
    }
    if (next === null) {
      backoff.reset()
      summary.record('204', took())
      log.debug(BunnyEvent.noTask)
      return this.#pauseAfterEmpty(took(), intervalMs)
    }
    summary.record('200', took())
    const acceptance = await accept(next.body, next.requestId)
    if (acceptance === 'unreadable') return backoff.next()
    backoff.reset()
    return acceptance === 'repeated' ? intervalMs : 0
  }

  /**
   * A server that holds polls is asked again at once; one that answers early (today's relay does not know `Prefer`)
   * is asked at the interval. In between, a server that holds for less than we ask is never asked more often than
   * the interval either.
   */
  #pauseAfterEmpty(tookMs: number, intervalMs: number): number {
    const { waitSeconds, log } = this.#options
    if (waitSeconds === 0) return intervalMs
    const held = tookMs >= (waitSeconds * 1000) / 2
    if (!held && this.#held === undefined) {
      log.info({ askedSeconds: waitSeconds, intervalMs }, BunnyEvent.pollsNotHeld)
    }
    this.#held = held
    return held ? 0 : Math.max(0, intervalMs - tookMs)
  }

  #failed(error: unknown, durationMs: number): number {
    const { backoff, log, url } = this.#options
    if (!(error instanceof TaskApiError)) throw error
    const retryInMs = Math.max(
      backoff.next(),
      Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS),
    )
    const advice = adviceFor(error)
    log.error(
      {
        requestId: error.requestId,
        kind: error.kind,
        code: error.code,
        ...(error.status === undefined ? {} : { status: error.status }),
        detail: error.message,
        ...(advice === undefined ? {} : { advice }),
        url,
        durationMs,
        retryInMs,
      },
      BunnyEvent.pollFailed,
    )
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
