import type { LeasedSubtask, LeaseOptions } from './task-store.ts'

/** Leases the oldest subtask of each node. Nodes without one are left out of the result. */
export type LeaseBatch = (
  nodeIds: readonly string[],
  options: LeaseOptions,
) => Promise<readonly LeasedSubtask[]>

interface Waiting {
  readonly nodeId: string
  readonly options: LeaseOptions
  /** Calls with the same options can share a statement. */
  readonly key: string
  readonly lease: PromiseWithResolvers<LeasedSubtask | null>
}

/** Bounds the time that one statement takes, and the number of leases that return later if its response is lost. */
const MAX_NODES = 500

/**
 * Combines concurrent calls into one statement: a task for a thousand nodes wakes a thousand held polls at once. A call is
 * not delayed while no other statement runs.
 */
export class LeaseBatcher {
  readonly #leaseBatch: LeaseBatch
  readonly #maxConcurrent: number
  #waiting: Waiting[] = []
  #running = 0
  #scheduled = false

  constructor(leaseBatch: LeaseBatch, options: { maxConcurrent: number }) {
    this.#leaseBatch = leaseBatch
    this.#maxConcurrent = options.maxConcurrent
  }

  async lease(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null> {
    const lease = Promise.withResolvers<LeasedSubtask | null>()
    this.#waiting.push({ nodeId, options, key: JSON.stringify(options), lease })
    this.#schedule()
    return lease.promise
  }

  // Not immediately, so that calls made in one turn of the event loop share a statement.
  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      while (this.#running < this.#maxConcurrent && this.#waiting.length > 0) {
        void this.#run(this.#takeBatch())
      }
    })
  }

  /** The oldest call and those that can share its statement, one per node. */
  #takeBatch(): ReadonlyMap<string, Waiting> {
    const batch = new Map<string, Waiting>()
    const rest: Waiting[] = []
    const key = this.#waiting[0]?.key
    for (const call of this.#waiting) {
      const fits = call.key === key && batch.size < MAX_NODES && !batch.has(call.nodeId)
      if (fits) batch.set(call.nodeId, call)
      else rest.push(call)
    }
    this.#waiting = rest
    return batch
  }

  async #run(batch: ReadonlyMap<string, Waiting>): Promise<void> {
    const [first] = batch.values()
    if (first === undefined) return
    this.#running++
    try {
      const leases = await this.#leaseBatch([...batch.keys()], first.options)
      const byNode = new Map(leases.map((lease) => [lease.nodeId, lease]))
      for (const [nodeId, call] of batch) call.lease.resolve(byNode.get(nodeId) ?? null)
    } catch (error: unknown) {
      for (const call of batch.values()) call.lease.reject(error)
    } finally {
      this.#running--
      this.#schedule()
    }
  }
}
