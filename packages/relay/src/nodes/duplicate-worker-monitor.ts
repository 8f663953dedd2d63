import type { Logger } from '@warren/runtime'

/** Worker IDs kept per node. */
const MAX_WORKERS = 4
/** A worker that is being replaced may return once after its successor's first poll; duplicates keep alternating. */
const MIN_RETURNS = 3
const MAX_PERIOD_MS = 120_000
/** One warning a minute while it continues. */
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
    const isBack = this.#workers.includes(worker)
    this.#workers = [...this.#workers.filter((one) => one !== worker), worker].slice(-MAX_WORKERS)
    if (!isBack) return
    this.#returns = [...this.#returns, now].slice(-MIN_RETURNS)
    const periodMs = now - (this.#returns[0] ?? now)
    if (this.#returns.length < MIN_RETURNS || periodMs > MAX_PERIOD_MS) return
    if (now - this.#warnedAt < WARN_INTERVAL_MS) return
    this.#warnedAt = now
    this.#log.warn({ user: user, node: this.#node, periodMs }, 'duplicate workers on node')
  }
}
