import type { Logger } from 'pino'

import { steadyTime } from '../process/steady-time.ts'
import { LinkCounts } from './link-counts.ts'

export interface LinkSummaryOptions {
  log: Pick<Logger, 'info'>
  /** The name of the link, such as `relay` or `upstream a`. */
  link: string
  /** The time from one line to the next. Default 60,000. */
  everyMs?: number
  now?: () => number
}

/**
 * Logs one `link summary` line per period: the number of polls by outcome, and their durations. A period without polls
 * is logged too, with `polls: {}`, because a missing line would look like a program that does not run.
 */
export class LinkSummary implements Disposable {
  readonly #log: Pick<Logger, 'info'>
  readonly #link: string
  readonly #now: () => number
  readonly #timer: NodeJS.Timeout
  readonly #counts: LinkCounts

  constructor(options: LinkSummaryOptions) {
    this.#log = options.log
    this.#link = options.link
    this.#now = options.now ?? steadyTime
    this.#counts = new LinkCounts(this.#now())
    this.#timer = setInterval(() => this.flush(), options.everyMs ?? 60_000)
    this.#timer.unref()
  }

  /** Counts one poll by `outcome`, such as `204`, `200` or `error`. */
  record(outcome: string, durationMs: number): void {
    this.#counts.record(outcome, durationMs)
  }

  /** Logs the current period and starts a new one. */
  flush(): void {
    this.#log.info({ link: this.#link, ...this.#counts.take(this.#now()) }, 'link summary')
  }

  /** Logs the current period unless it has no polls, and stops. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    if (!this.#counts.isEmpty) this.flush()
  }
}
