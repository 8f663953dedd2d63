import type { LeasedSubtask, QueuedSubtask } from '../store/task-store.ts'
import type { UserStore } from '../store/user-store.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import type { RabbitConnection } from './rabbit-connection.ts'
import type { RabbitLink } from './rabbit-link.ts'

/** Messages that one lease deletes at most. A long outage leaves many. */
const MAX_OUTDATED_PER_LEASE = 200
/** Queues that one sweep empties at most, and deletes at most. */
const MAX_QUEUES_PER_SWEEP = 100

/**
 * Keeps the queues of the broker in step with the database: one message for each subtask that waits, and no queue of a
 * removed node. A failure of the broker is counted and repaired by a later sweep.
 */
export class RabbitMessages {
  readonly #link: RabbitLink
  readonly #users: Pick<UserStore, 'listNodes'>
  readonly #traffic = { published: 0, fetched: 0, failed: 0 }
  readonly #deletions = new Set<Promise<void>>()
  /** Nodes whose queue may contain messages of subtasks that no longer wait. */
  readonly #outdated = new Set<string>()
  readonly #removed = new Set<string>()
  #nodes: ReadonlySet<string> = new Set()
  #nodesMayHaveChanged = true

  constructor(options: { link: RabbitLink; users: Pick<UserStore, 'listNodes'> }) {
    this.#link = options.link
    this.#users = options.users
  }

  /** Totals since the start. */
  get traffic(): { readonly published: number; readonly fetched: number; readonly failed: number } {
    return this.#traffic
  }

  /** False if there is no connection. Rejects if the connection breaks. */
  async publish(subtasks: readonly QueuedSubtask[]): Promise<boolean> {
    const { connection } = this.#link
    if (connection === null) return false
    try {
      await connection.publish(subtasks)
    } catch (error: unknown) {
      this.#traffic.failed++
      throw error
    }
    this.#traffic.published += subtasks.length
    return true
  }

  /** The database has leased a subtask of the node, or has none. Deletes its message, without making the node wait. */
  noteLookUp(nodeId: string, lease: LeasedSubtask | null, kind: TaskKind | undefined): void {
    const { connection } = this.#link
    if (lease === null || connection === null) {
      this.#outdated.add(nodeId)
      return
    }
    const deletion = this.#deleteMessage(connection, lease, kind)
      .catch(() => {
        this.#traffic.failed++
        this.#outdated.add(nodeId)
      })
      .finally(() => this.#deletions.delete(deletion))
    this.#deletions.add(deletion)
  }

  // A node without a kind is leased its oldest subtask, so older messages are outdated. A node that asks for one kind
  // passes over messages of the other kind: any message may be deleted, as long as their number is right.
  async #deleteMessage(
    connection: RabbitConnection,
    { nodeId, subtaskId }: LeasedSubtask,
    kind: TaskKind | undefined,
  ): Promise<void> {
    for (let deleted = 0; deleted < MAX_OUTDATED_PER_LEASE; deleted++) {
      const message = await connection.next(nodeId)
      // Not published yet, or deleted by another relay.
      if (message === null) break
      this.#traffic.fetched++
      message.ack()
      const isForeign = message.subtaskId === null
      if (kind === undefined ? message.subtaskId === subtaskId : !isForeign) return
    }
    this.#outdated.add(nodeId)
  }

  /** Nodes may have been removed. */
  noteUsers(): void {
    this.#nodesMayHaveChanged = true
  }

  /** Empties the queues of nodes without work, and deletes those of removed nodes. Rejects only if the database fails. */
  async sweep(mayHaveWork: (nodeId: string) => boolean): Promise<void> {
    if (this.#nodesMayHaveChanged) await this.#findRemovedNodes()
    const idle = [...this.#outdated].filter((nodeId) => !mayHaveWork(nodeId))
    await this.#forEachQueue(idle, this.#outdated, (connection, id) => connection.purge(id))
    await this.#forEachQueue([...this.#removed], this.#removed, (connection, id) =>
      connection.deleteQueue(id),
    )
  }

  // The queues of nodes that were removed while no relay was running expire.
  async #findRemovedNodes(): Promise<void> {
    this.#nodesMayHaveChanged = false
    try {
      const nodes = new Set((await this.#users.listNodes()).map(({ id }) => id))
      for (const nodeId of this.#nodes) if (!nodes.has(nodeId)) this.#removed.add(nodeId)
      for (const nodeId of nodes) this.#removed.delete(nodeId)
      for (const nodeId of this.#removed) this.#outdated.delete(nodeId)
      this.#nodes = nodes
    } catch (error: unknown) {
      this.#nodesMayHaveChanged = true
      throw error
    }
  }

  async #forEachQueue(
    nodeIds: readonly string[],
    pending: Set<string>,
    work: (connection: RabbitConnection, nodeId: string) => Promise<void>,
  ): Promise<void> {
    const { connection } = this.#link
    if (connection === null) return
    const batch = nodeIds.slice(0, MAX_QUEUES_PER_SWEEP)
    for (const nodeId of batch) pending.delete(nodeId)
    await Promise.all(
      batch.map((nodeId) =>
        work(connection, nodeId).catch(() => {
          this.#traffic.failed++
          pending.add(nodeId)
        }),
      ),
    )
  }

  /** Resolves once no message is being deleted. */
  async idle(): Promise<void> {
    await Promise.all(this.#deletions)
  }
}
