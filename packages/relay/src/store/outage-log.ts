import type { Logger } from '@warren/runtime'

import type { StoreFailure } from './store-error.ts'

// While some connections work and others fail, successes and failures alternate. They are one outage.
const QUIET_MS = 5_000

interface Outage {
  readonly since: number
  readonly failedAt: number
  /** Of the last failure. */
  readonly affects: StoreFailure['affects']
  /** A line with a hint was logged. */
  readonly hinted: boolean
}

/** What a success shows: a statement on any table could read or write, or every table can be used. */
export type Proof = 'read' | 'write' | 'tables'

/** The successes that prove nothing after a failure. */
const TOO_WEAK: Readonly<Record<StoreFailure['affects'], readonly Proof[]>> = {
  everything: [],
  writes: ['read', 'tables'],
  tables: ['read', 'write'],
}

/**
 * Logs one line when the database becomes unavailable, and one when it is available again: after a success that follows
 * five seconds without a failure. A reason that an operator must know has a line of its own.
 */
export class OutageLog {
  readonly #log: Logger
  readonly #now: () => number
  #outage: Outage | null = null

  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  /** The database could be read but not written when it failed last. */
  get isReadOnly(): boolean {
    return this.#outage?.affects === 'writes'
  }

  /** The relay could not use one of its tables when a statement failed last. */
  get isOfTables(): boolean {
    return this.#outage?.affects === 'tables'
  }

  fail({ code, text, affects, hint }: StoreFailure): void {
    const now = this.#now()
    const outage = this.#outage
    // A failover first breaks connections. That the other server is read-only is what an operator must know.
    if (outage === null || (hint !== undefined && !outage.hinted)) {
      const fields = { code, detail: text, ...(hint === undefined ? {} : { hint }) }
      this.#log.error(fields, 'database unavailable')
    }
    this.#outage = {
      since: outage?.since ?? now,
      failedAt: now,
      affects,
      hinted: hint !== undefined || outage?.hinted === true,
    }
  }

  succeed(proof: Proof): void {
    const outage = this.#outage
    if (outage === null || TOO_WEAK[outage.affects].includes(proof)) return
    if (this.#now() - outage.failedAt < QUIET_MS) return
    this.#outage = null
    const durationMs = Math.round(this.#now() - outage.since)
    this.#log.info({ durationMs }, 'database recovered')
  }
}
