import { steadyTime, type Logger } from '@warren/runtime'
import type { UserStore } from '../store/user-store.ts'
import { DuplicateWorkerMonitor } from './duplicate-worker-monitor.ts'
import { nodeNames } from './node-name.ts'
import { NodeSummaries } from './node-summaries.ts'

export interface NodeLinksOptions {
  readonly users: Pick<UserStore, 'listNodes' | 'recordLastSeen'>
  readonly log: Logger
  /** Called with a name that no node has any more, because its node was removed, deactivated or renamed. */
  readonly onRemoved?: (name: string) => void
  readonly now?: () => number
}

interface NodeLink {
  readonly name: string
  readonly workers: DuplicateWorkerMonitor
}

/** The sender of a request: its X-Worker-Id ('' if absent) and its user name. */
export interface Sender {
  readonly worker: string
  readonly user: string
}

/**
 * Counts the requests of each node for the log, and stores when each node was last seen. It writes to the store in `save`
 * only, never while a poll waits.
 */
export class NodeLinks implements AsyncDisposable {
  readonly #options: NodeLinksOptions
  readonly #now: () => number
  readonly #links = new Map<string, NodeLink>()
  readonly #summaries: NodeSummaries
  /** When nodes were last seen, by collection ID (`performance.now()`). */
  readonly #unsaved = new Map<string, number>()

  constructor(options: NodeLinksOptions) {
    this.#options = options
    this.#now = options.now ?? steadyTime
    this.#summaries = new NodeSummaries(this.#now())
  }

  /** Name of a node in logs and metrics: its label, or its user name, with the end of its ID if the user has several. */
  nameOf(nodeId: string): string | undefined {
    return this.#links.get(nodeId)?.name
  }

  /** Counts a request of a verified node. A new node is counted from the next `sync` on. */
  record(nodeId: string, outcome: string, durationMs: number, sender: Sender): void {
    this.#unsaved.set(nodeId, performance.now())
    const link = this.#links.get(nodeId)
    if (link === undefined) return
    this.#summaries.record(nodeId, outcome, durationMs)
    link.workers.observe(sender.worker, sender.user, this.#now())
  }

  /** Reads the list of nodes, and drops those that were removed. Rejects if the store does. */
  async sync(): Promise<void> {
    const nodes = await this.#options.users.listNodes()
    const all = nodeNames(nodes)
    const names = new Map(
      nodes.filter((node) => node.active).map(({ id }) => [id, all.get(id) ?? id]),
    )
    const used = new Set(names.values())
    for (const [id, { name }] of this.#links) {
      if (names.get(id) === name) continue
      this.#links.delete(id)
      this.#summaries.remove(id)
      if (!used.has(name)) this.#options.onRemoved?.(name)
    }
    for (const [nodeId, name] of names) {
      if (this.#links.has(nodeId)) continue
      const workers = new DuplicateWorkerMonitor(this.#options.log, nodeId)
      this.#links.set(nodeId, { name, workers })
      this.#summaries.add(nodeId, name, this.#now())
    }
  }

  /** Logs the period since the last call. */
  logSummaries(): void {
    for (const { msg, fields } of this.#summaries.flush(this.#now())) {
      this.#options.log.info(fields, msg)
    }
  }

  /** Stores when nodes were last seen. If the store rejects, the times are kept for the next call. */
  async save(): Promise<void> {
    if (this.#unsaved.size === 0) return
    const seen = new Map(this.#unsaved)
    const now = performance.now()
    const seenAgoMs = new Map([...seen].map(([nodeId, at]) => [nodeId, now - at]))
    await this.#options.users.recordLastSeen(seenAgoMs)
    for (const [nodeId, at] of seen) {
      if (this.#unsaved.get(nodeId) === at) this.#unsaved.delete(nodeId)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.logSummaries()
    // These times are only informative. A database outage must not prevent the relay from stopping.
    await this.save().catch(() => undefined)
  }
}
