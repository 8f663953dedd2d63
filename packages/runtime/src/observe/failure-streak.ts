/** How one failure is to be logged. */
export interface LoggedFailure {
  /** `full`: it begins something. `summary`: it goes on, and nothing was logged for a while. `none`: debug at most. */
  readonly log: 'full' | 'summary' | 'none'
  /** Failures in a row, including this one. */
  readonly failures: number
  /** Time of the first of them, ms since 1970. */
  readonly since: number
}

/** Failures in a row that a success has ended. */
export interface EndedStreak {
  readonly failures: number
  readonly since: number
  /** Whether its beginning was logged. */
  readonly logged: boolean
}

/** The shortest time between two summaries, and the time in which each cause has `FULL_LINES`. */
const PERIOD_MS = 10 * 60_000
/** If failures and successes alternate, a cause is logged in full this often per period. */
const FULL_LINES = 3
const MAX_CAUSES = 50

/**
 * Decides which failures of a repeated action are logged: the first one of each cause, then a summary every ten minutes. A
 * year-long outage costs 150 lines a day, and alternating failures and successes not many more.
 */
export class FailureStreak {
  readonly #now: () => number
  #current: { since: number; failures: number; causes: Set<string>; logged: boolean } | undefined
  /** When each cause was logged in full. */
  readonly #fullLines = new Map<string, number[]>()
  #lastLineAt = Number.NEGATIVE_INFINITY

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Records a failure. `cause` is a stable code. */
  fail(cause: string): LoggedFailure {
    const now = this.#now()
    const streak = (this.#current ??= { since: now, failures: 0, causes: new Set(), logged: false })
    streak.failures += 1
    const { failures, since } = streak
    const isNew = !streak.causes.has(cause) && streak.causes.size < MAX_CAUSES
    if (isNew && this.#mayLogFully(cause, now)) {
      streak.causes.add(cause)
      streak.logged = true
      this.#lastLineAt = now
      return { log: 'full', failures, since }
    }
    streak.causes.add(cause)
    // A clock that was set back must not end the summaries.
    if (Math.abs(now - this.#lastLineAt) < PERIOD_MS) return { log: 'none', failures, since }
    this.#lastLineAt = now
    streak.logged = true
    return { log: 'summary', failures, since }
  }

  /** Records a success. Returns the failures that it ends, if any. */
  succeed(): EndedStreak | undefined {
    const ended = this.#current
    this.#current = undefined
    return ended
  }

  #mayLogFully(cause: string, now: number): boolean {
    const recent = (this.#fullLines.get(cause) ?? []).filter((at) => Math.abs(now - at) < PERIOD_MS)
    if (recent.length >= FULL_LINES) return false
    this.#fullLines.delete(cause)
    this.#fullLines.set(cause, [...recent, now])
    const [oldest] = this.#fullLines.keys()
    if (this.#fullLines.size > MAX_CAUSES && oldest !== undefined) this.#fullLines.delete(oldest)
    return true
  }
}
