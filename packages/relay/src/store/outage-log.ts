import type { Logger } from '@warren/runtime'

import type { StoreFailure } from './store-error.ts'

// While some connections work and others fail, successes and failures alternate. They are one outage.
const QUIET_MS = 5_000

interface Outage {
  readonly since: number
  readonly failedAt: number
  /** Of the last failure. */
  readonly onlyWrites: boolean
  /** Of any failure. */
  readonly writesFailed: boolean
}

/**
 * Logs one line when the database becomes unavailable, and one when it is available again: after a success that follows
 * five seconds without a failure. If only writing failed, a successful read proves nothing, and the reason has a line of its
 * own.
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
    return this.#outage?.onlyWrites === true
  }

  fail({ code, text, onlyWrites }: StoreFailure): void {
    const now = this.#now()
    const outage = this.#outage
    // A failover first breaks connections. That the other server is read-only is what an operator must know.
    if (outage === null || (onlyWrites && !outage.writesFailed)) {
      this.#log.error({ code, detail: text }, 'database unavailable')
    }
    this.#outage = {
      since: outage?.since ?? now,
      failedAt: now,
      onlyWrites,
      writesFailed: onlyWrites || outage?.writesFailed === true,
    }
  }

  succeed(proof: 'read' | 'write'): void {
    const outage = this.#outage
    if (outage === null || (outage.onlyWrites && proof === 'read')) return
    if (this.#now() - outage.failedAt < QUIET_MS) return
    this.#outage = null
    const durationMs = Math.round(this.#now() - outage.since)
    this.#log.info({ durationMs }, 'database recovered')
  }
}
