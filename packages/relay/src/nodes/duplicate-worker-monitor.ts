import type { Logger } from '@warren/runtime'

/** Workers of a node that are remembered; with more of them the oldest is a stranger again. */
const MAX_WORKERS = 4
/** A worker that leaves may be answered once more after its successor came; two that stay take turns. */
const MIN_RETURNS = 3
const MAX_PERIOD_MS = 120_000
/** While it lasts it is said once a minute. */
const WARN_INTERVAL_MS = 60_000

/** Tells when several processes poll as one node: each comes back although another has come after it. */
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
   * A request of the node.
   * @param worker what its process calls itself; '' if it does not say
   * @param user the user it logged in as
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
