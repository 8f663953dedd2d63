import type { Logger } from '@warren/runtime'

/** Worker IDs kept per node. */
const MAX_WORKERS = 4
/**
 * This many returns within MAX_PERIOD_MS prove that there are two processes. A worker that is being replaced may return
 * once after the first poll of its successor.
 */
const MIN_RETURNS = 3
const MAX_PERIOD_MS = 120_000
/** Time between two warnings about the same node. */
const WARN_INTERVAL_MS = 60_000

/** Detects several processes that poll as one node: each returns although another has polled since. */
export class DuplicateWorkerMonitor {
  readonly #log: Pick<Logger, 'warn'>
  readonly #node: string
  /** Newest last. */
  #workers: string[] = []
  #returns: number[] = []
  #warnedAt = Number.NEGATIVE_INFINITY

  constructor(log: Pick<Logger, 'warn'>, node: string) {
    this.#log = log
    this.#node = node
  }

  /**
   * Records a request of the node.
   * @param worker X-Worker-Id of the request; '' if absent
   * @param user user name of the request
   */
  observe(worker: string, user: string, now: number): void {
    if (worker === '' || worker === this.#workers.at(-1)) return
    const hasReturned = this.#workers.includes(worker)
    this.#workers = [...this.#workers.filter((one) => one !== worker), worker].slice(-MAX_WORKERS)
    if (!hasReturned) return
    this.#returns = [...this.#returns, now].slice(-MIN_RETURNS)
    const periodMs = now - (this.#returns[0] ?? now)
    if (this.#returns.length < MIN_RETURNS || periodMs > MAX_PERIOD_MS) return
    if (now - this.#warnedAt < WARN_INTERVAL_MS) return
    this.#warnedAt = now
    this.#log.warn({ user, node: this.#node, periodMs }, 'duplicate workers on node')
  }
}
