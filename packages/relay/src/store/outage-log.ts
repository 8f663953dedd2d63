import type { Logger } from '@warren/runtime'

import type { StoreFailure } from './store-error.ts'

// While some connections work and others fail, successes and failures alternate. They are one outage.
const QUIET_MS = 5_000

/**
 * Logs one line when the database becomes unavailable, and one when it is available again: after a success that follows
 * five seconds without a failure. If only writing failed, a successful read proves nothing.
 */
export class OutageLog {
  readonly #log: Logger
  readonly #now: () => number
  #outage: { readonly since: number; failedAt: number; onlyWrites: boolean } | null = null

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
    if (this.#outage === null) {
      this.#outage = { since: now, failedAt: now, onlyWrites }
      this.#log.error({ code, detail: text }, 'database unavailable')
    } else {
      this.#outage.failedAt = now
      this.#outage.onlyWrites = onlyWrites
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
