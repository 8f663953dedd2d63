import type { LeasedSubtask, LeaseOptions } from '../store/task-store.ts'
import type { RelayStore } from '../store/relay-store.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import type { NodeQueue, QueueStatus } from './node-queue.ts'
import { WorkHints } from './work-hints.ts'

/** Queue without a broker: subtasks are leased in the store, whose events end held polls. */
export class DatabaseNodeQueue implements NodeQueue {
  readonly technology = 'database'
  readonly #store: RelayStore
  readonly #hints: WorkHints
  readonly #subscription: Disposable

  constructor(options: { store: RelayStore }) {
    this.#store = options.store
    this.#hints = new WorkHints({
      live: () => this.#store.events.live,
      findNodesWithWork: () => this.#store.tasks.findNodesWithWork(),
    })
    this.#subscription = this.#store.events.subscribe((event) => {
      if (event.kind === 'work') this.#hints.note(event.nodeIds)
      if (event.kind === 'resync') this.#hints.noteGap()
    })
  }

  // The event of the committed subtasks has announced them.
  async publish(): Promise<void> {}

  mayHaveWork(nodeId: string, kind?: TaskKind): boolean {
    return this.#hints.mayHaveWork(nodeId, kind)
  }

  async lease(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null> {
    return this.#hints.lookUp(nodeId, options.kind, () =>
      this.#store.tasks.leaseOldest(nodeId, options),
    )
  }

  async waitForWork(
    nodeId: string,
    ms: number,
    options?: { kind?: TaskKind | undefined; signal?: AbortSignal | undefined },
  ): Promise<boolean> {
    return this.#hints.wait(nodeId, ms, options)
  }

  // A lease skips rows that another connection has locked. If that connection then dies, its subtask stays queued
  // without an event.
  async sweep(): Promise<void> {
    await this.#hints.survey()
  }

  async check(): Promise<void> {}

  status(): QueueStatus {
    return {
      technology: this.technology,
      available: true,
      detail: null,
      waiting: this.#hints.waiting,
      traffic: null,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]()
  }
}
