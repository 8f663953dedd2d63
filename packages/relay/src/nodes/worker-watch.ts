import type { Logger } from '@warren/runtime'

/** Workers of a node that are remembered; with more of them the oldest is a stranger again. */
const KEPT_WORKERS = 4
/** A worker that leaves may be answered once more after its successor came; two that stay take turns. */
const FEWEST_RETURNS = 3
const WINDOW_MS = 120_000
/** While it lasts it is said once a minute. */
const EVERY_MS = 60_000

/** Tells when several processes poll as one node: each comes back although another has come after it. */
export class WorkerWatch {
  readonly #log: Pick<Logger, 'warn'>
  readonly #node: string
  /** Newest last. */
  #workers: string[] = []
  #returns: number[] = []
  #saidAt = Number.NEGATIVE_INFINITY

  constructor(log: Pick<Logger, 'warn'>, node: string) {
    this.#log = log
    this.#node = node
  }

  /**
   * A request of the node.
   * @param worker what its process calls itself; '' if it does not say
   * @param client the user it logged in as
   */
  see(worker: string, client: string, now: number): void {
    if (worker === '' || worker === this.#workers.at(-1)) return
    const isBack = this.#workers.includes(worker)
    this.#workers = [...this.#workers.filter((one) => one !== worker), worker].slice(-KEPT_WORKERS)
    if (!isBack) return
    this.#returns = [...this.#returns, now].slice(-FEWEST_RETURNS)
    const periodMs = now - (this.#returns[0] ?? now)
    if (this.#returns.length < FEWEST_RETURNS || periodMs > WINDOW_MS) return
    if (now - this.#saidAt < EVERY_MS) return
    this.#saidAt = now
    this.#log.warn({ user: client, node: this.#node, periodMs }, 'duplicate workers on node')
  }
}
