import type { Logger } from 'pino'

export interface LogBudgetOptions {
  readonly log: Logger
  readonly periodMs?: number
  readonly now?: () => number
}

/** Whose line it is, and what it is about. */
export interface LogSubject {
  /** An address or a user. */
  readonly party: string
  /** Of lines with the same `party` and `about`, only the first few of a period are logged. */
  readonly about: string
  /** How such lines are counted in the summary: one of few words. */
  readonly kind: string
}

const PERIOD_MS = 60_000
const MAX_LINES_ABOUT_ONE = 15
const MAX_LINES_OF_PARTY = 60
const MAX_LINES = 600
const MAX_NAMED_PARTIES = 10

/**
 * Bounds the lines that clients can cause at will: wrong logins, unknown paths, malformed bodies. Those beyond the bound are
 * counted, and one line per minute has the counts. The metrics count every request in any case.
 */
export class LogBudget implements Disposable {
  readonly #log: Logger
  readonly #now: () => number
  readonly #timer: NodeJS.Timeout
  /** Lines logged in this period, by party, and by party and subject. */
  readonly #lines = new Map<string, number>()
  readonly #omitted = new Map<string, number>()
  readonly #parties = new Set<string>()
  #logged = 0
  #since: number

  constructor({ log, periodMs = PERIOD_MS, now = () => performance.now() }: LogBudgetOptions) {
    this.#log = log
    this.#now = now
    this.#since = now()
    this.#timer = setInterval(() => this.flush(), periodMs)
    this.#timer.unref()
  }

  /** Whether to log the line. Otherwise it is counted. */
  allows({ party, about, kind }: LogSubject): boolean {
    const subject = `${party}\n${about}`
    const ofParty = this.#lines.get(party) ?? 0
    const aboutOne = this.#lines.get(subject) ?? 0
    if (
      aboutOne < MAX_LINES_ABOUT_ONE &&
      ofParty < MAX_LINES_OF_PARTY &&
      this.#logged < MAX_LINES
    ) {
      this.#lines.set(party, ofParty + 1).set(subject, aboutOne + 1)
      this.#logged += 1
      return true
    }
    this.#omitted.set(kind, (this.#omitted.get(kind) ?? 0) + 1)
    if (this.#parties.size < MAX_NAMED_PARTIES) this.#parties.add(party)
    return false
  }

  /** Logs what was omitted since the last call, and starts a new period. */
  flush(): void {
    const now = this.#now()
    const omitted = [...this.#omitted.values()].reduce((sum, lines) => sum + lines, 0)
    if (omitted > 0) {
      this.#log.warn(
        {
          omitted,
          byKind: Object.fromEntries(this.#omitted),
          from: [...this.#parties],
          periodMs: Math.round(now - this.#since),
        },
        'log lines omitted',
      )
    }
    this.#since = now
    this.#logged = 0
    for (const map of [this.#lines, this.#omitted, this.#parties]) map.clear()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.flush()
  }
}
