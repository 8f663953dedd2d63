// The sweep runs every 2 seconds. A longer pause means that the process was suspended.
const MAX_PAUSE_MS = 30_000

/**
 * How long this relay has been able to receive polls and to record them, without a pause. Only after that time, a node that has
 * not polled is known to be silent: after a restart, no node has polled yet.
 */
export class ListeningTime {
  readonly #now: () => number
  #since: number
  #observedAt: number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#since = now()
    this.#observedAt = this.#since
  }

  /** Returns the time in ms. Call it every few seconds. */
  observe(): number {
    const now = this.#now()
    if (now - this.#observedAt > MAX_PAUSE_MS) this.#since = now
    this.#observedAt = now
    return now - this.#since
  }

  /** The database was unavailable. */
  restart(): void {
    this.#since = this.#now()
  }
}
