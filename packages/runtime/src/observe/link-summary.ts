import type { Logger } from 'pino'

import { DurationHistogram } from './duration-histogram.ts'

export interface LinkSummaryOptions {
  log: Pick<Logger, 'info'>
  /** The name of the link, such as `relay`, `node site-a` or `upstream a`. */
  link: string
  /** The time from one line to the next. Default 60,000. */
  everyMs?: number
  now?: () => number
}

// There are few statuses and error codes, but the other side chooses them.
const MAX_OUTCOMES = 20

/**
 * Logs one `link summary` line per period: the number of polls by outcome, and their durations. A period without polls
 * is logged too, with `polls: {}`, because a missing line would look like a program that does not run.
 */
export class LinkSummary implements Disposable {
  readonly #log: Pick<Logger, 'info'>
  readonly #link: string
  readonly #now: () => number
  readonly #timer: NodeJS.Timeout
  readonly #durations = new DurationHistogram()
  #polls = new Map<string, number>()
  #windowStart: number

  constructor(options: LinkSummaryOptions) {
    this.#log = options.log
    this.#link = options.link
    this.#now = options.now ?? Date.now
    this.#windowStart = this.#now()
    this.#timer = setInterval(() => this.flush(), options.everyMs ?? 60_000)
    this.#timer.unref()
  }

  /** Counts one poll by `outcome`, such as `204`, `200` or `error`. */
  record(outcome: string, durationMs: number): void {
    const known = this.#polls.has(outcome) || this.#polls.size < MAX_OUTCOMES
    const key = known ? outcome : 'other'
    this.#polls.set(key, (this.#polls.get(key) ?? 0) + 1)
    this.#durations.record(durationMs)
  }

  /** Logs the current period and starts a new one. */
  flush(): void {
    const now = this.#now()
    const counts = [...this.#polls].toSorted(([a], [b]) => (a < b ? -1 : 1))
    this.#log.info(
      {
        link: this.#link,
        polls: Object.fromEntries(counts),
        ...(this.#durations.count > 0 && {
          p50Ms: this.#durations.percentile(0.5),
          p95Ms: this.#durations.percentile(0.95),
          maxMs: this.#durations.max,
        }),
        periodMs: now - this.#windowStart,
      },
      'link summary',
    )
    this.#polls = new Map()
    this.#durations.reset()
    this.#windowStart = now
  }

  /** Logs the current period unless it has no polls, and stops. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    if (this.#polls.size > 0) this.flush()
  }
}
