import type { Logger } from '@warren/runtime'

import type { LeasedSubtask, LeaseOptions, QueuedSubtask } from '../store/task-store.ts'
import type { RelayStore } from '../store/relay-store.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import type { NodeQueue, QueueStatus } from './node-queue.ts'
import { RabbitLink } from './rabbit-link.ts'
import { RabbitMessages } from './rabbit-messages.ts'
import { WorkHints } from './work-hints.ts'

export interface RabbitNodeQueueOptions {
  readonly store: RelayStore
  /** amqp://user:password@host:port/vhost, or amqps: */
  readonly url: string
  /** Prefix of all names on the broker. Default `warren`. */
  readonly prefix?: string
  readonly log: Logger
}

const PUBLISH_BATCH = 100
/** A sweep skips subtasks younger than this: the relay that committed them is publishing them. */
const PUBLISH_GRACE_MS = 2_000
const SWEEP_LIMIT = 1_000

/**
 * Queue on RabbitMQ: one durable quorum queue per node, with one message for each subtask that waits. The database
 * decides what is leased, and its events announce work: a broker that is down, empty or outdated delays and costs
 * nothing. A message is acknowledged after a lease is committed.
 */
export class RabbitNodeQueue implements NodeQueue {
  readonly technology = 'rabbitmq'
  readonly #store: RelayStore
  readonly #log: Logger
  readonly #hints: WorkHints
  readonly #link: RabbitLink
  readonly #messages: RabbitMessages
  readonly #subscription: Disposable

  constructor(options: RabbitNodeQueueOptions) {
    const { store, url, prefix = 'warren', log } = options
    this.#store = store
    this.#log = log
    this.#hints = new WorkHints({
      live: () => store.events.live,
      findNodesWithWork: () => store.tasks.findNodesWithWork(),
    })
    this.#link = new RabbitLink({ url, prefix, log })
    this.#messages = new RabbitMessages({ link: this.#link, users: store.users })
    this.#subscription = store.events.subscribe((event) => {
      if (event.kind === 'work') this.#hints.note(event.nodeIds)
      if (event.kind === 'resync') this.#hints.noteGap()
      if (event.kind === 'resync' || event.kind === 'users-changed') this.#messages.noteUsers()
    })
  }

  async publish(subtasks: readonly QueuedSubtask[]): Promise<void> {
    for (let start = 0; start < subtasks.length; start += PUBLISH_BATCH) {
      const batch = subtasks.slice(start, start + PUBLISH_BATCH)
      // A sweep publishes again what is not marked as published. Duplicate messages are harmless.
      try {
        if (!(await this.#messages.publish(batch))) return
        await this.#store.tasks.markPublished(batch.map(({ subtaskId }) => subtaskId))
      } catch (error: unknown) {
        const detail = error instanceof Error ? error.message : String(error)
        this.#log.debug({ detail, subtasks: batch.length }, 'publish postponed')
      }
    }
  }

  mayHaveWork(nodeId: string, kind?: TaskKind): boolean {
    return this.#hints.mayHaveWork(nodeId, kind)
  }

  async lease(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null> {
    return this.#hints.lookUp(nodeId, options.kind, async () => {
      const lease = await this.#store.tasks.leaseOldest(nodeId, options)
      this.#messages.noteLookUp(nodeId, lease, options.kind)
      return lease
    })
  }

  async waitForWork(
    nodeId: string,
    ms: number,
    options?: { kind?: TaskKind | undefined; signal?: AbortSignal | undefined },
  ): Promise<boolean> {
    return this.#hints.wait(nodeId, ms, options)
  }

  async sweep(): Promise<void> {
    if (this.#link.connection !== null) {
      const unpublished = await this.#store.tasks.findUnpublished(PUBLISH_GRACE_MS, SWEEP_LIMIT)
      await this.publish(unpublished)
    }
    await this.#hints.survey()
    await this.#messages.sweep((nodeId) => this.#hints.mayHaveWork(nodeId))
  }

  async check(): Promise<void> {
    await this.#link.check()
  }

  status(): QueueStatus {
    const { connection, connections, connectedSince, detail } = this.#link
    return {
      technology: this.technology,
      available: connection !== null,
      detail,
      waiting: this.#hints.waiting,
      traffic: { ...this.#messages.traffic, connections, connectedSince },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]()
    await this.#messages.idle()
    await this.#link[Symbol.asyncDispose]()
  }
}
