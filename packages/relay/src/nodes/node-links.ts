import { LinkSummary, type Logger } from '@warren/runtime'
import type { NodeRecord, UserStore } from '../store/relay-store.ts'
import { DuplicateWorkerMonitor } from './duplicate-worker-monitor.ts'

export interface NodeLinksOptions {
  readonly users: Pick<UserStore, 'listNodes' | 'touchNodes'>
  readonly log: Logger
  readonly summaryMs?: number
  readonly now?: () => number
}

interface NodeLink {
  readonly name: string
  readonly summary: LinkSummary
  readonly workers: DuplicateWorkerMonitor
}

/** Who sent a request: the process, as far as it says so, and the user it logged in as. */
export interface Sender {
  readonly worker: string
  readonly user: string
}

/**
 * What is known of the connection to each node: a `link summary` a minute, also for a node that is silent, and
 * when it was last seen, written to the store now and then and never on the path of a poll.
 */
export class NodeLinks implements AsyncDisposable {
  readonly #options: NodeLinksOptions
  readonly #now: () => number
  readonly #links = new Map<string, NodeLink>()
  readonly #unsaved = new Map<string, number>()

  constructor(options: NodeLinksOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Name of a node in logs and metrics: its user's, with the beginning of its id where a user has several. */
  nameOf(nodeId: string): string | undefined {
    return this.#links.get(nodeId)?.name
  }

  /** Counts a request of a verified node. A node added a moment ago is counted from the next `sync` on. */
  record(nodeId: string, outcome: string, durationMs: number, sender: Sender): void {
    this.#unsaved.set(nodeId, this.#now())
    const link = this.#links.get(nodeId)
    if (link === undefined) return
    link.summary.record(outcome, durationMs)
    link.workers.observe(sender.worker, sender.user, this.#now())
  }

  /** Reads which nodes there are, and forgets those that are gone. Rejects when the store does. */
  async sync(): Promise<void> {
    const nodes = await this.#options.users.listNodes()
    const perUser = Map.groupBy(nodes, (node) => node.userId)
    const wanted = new Map(
      nodes
        .filter((node) => node.active)
        .map((node) => [node.id, nameFor(node, perUser.get(node.userId)?.length ?? 1)]),
    )
    for (const [nodeId, link] of this.#links) {
      if (wanted.get(nodeId) === link.name) continue
      link.summary[Symbol.dispose]()
      this.#links.delete(nodeId)
    }
    for (const [nodeId, name] of wanted) {
      if (!this.#links.has(nodeId)) this.#links.set(nodeId, this.#open(nodeId, name))
    }
  }

  /** Writes when nodes were last seen. Rejects when the store does; nothing is lost then. */
  async save(): Promise<void> {
    if (this.#unsaved.size === 0) return
    const seen = new Map(this.#unsaved)
    await this.#options.users.touchNodes(seen)
    for (const [nodeId, at] of seen) {
      if (this.#unsaved.get(nodeId) === at) this.#unsaved.delete(nodeId)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const link of this.#links.values()) link.summary[Symbol.dispose]()
    this.#links.clear()
    // Last seen is a help to people; a store that is down must not keep the hub from stopping.
    await this.save().catch(() => undefined)
  }

  #open(nodeId: string, name: string): NodeLink {
    const { log, summaryMs } = this.#options
    const every = summaryMs === undefined ? {} : { everyMs: summaryMs }
    const summary = new LinkSummary({ log, link: `node ${name}`, ...every })
    return { name, summary, workers: new DuplicateWorkerMonitor(log, nodeId) }
  }
}

function nameFor(node: NodeRecord, nodesOfUser: number): string {
  if (node.label !== null) return node.label
  return nodesOfUser === 1 ? node.userName : `${node.userName}/${node.id.slice(-8)}`
}
