import type { Logger } from '@warren/runtime'
import type { LimitReason } from '@warren/runtime/http'

const EVERY_MS = 60_000

/** Logs connections that a limit has closed: the first one, then a number per minute. */
export class ConnectionLimitLog {
  readonly #log: Logger
  readonly #counts = new Map<LimitReason, { closed: number; loggedAt: number }>()

  constructor(log: Logger) {
    this.#log = log
  }

  record(reason: LimitReason, address: string): void {
    const now = performance.now()
    const count = this.#counts.get(reason) ?? { closed: 0, loggedAt: Number.NEGATIVE_INFINITY }
    this.#counts.set(reason, count)
    count.closed += 1
    if (now - count.loggedAt < EVERY_MS) return
    this.#log.warn({ reason, address, closed: count.closed }, 'connections closed by a limit')
    count.closed = 0
    count.loggedAt = now
  }
}
