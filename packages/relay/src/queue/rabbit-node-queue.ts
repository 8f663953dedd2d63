import { Backoff, newUuid, sleep, untilAborted, type Logger } from '@warren/runtime'

import type { LeasedSubtask, LeaseOptions, QueuedSubtask } from '../store/task-store.ts'
import type { RelayStore } from '../store/relay-store.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import type { NodeQueue, QueueStatus } from './node-queue.ts'
import {
  RabbitConnection,
  type RabbitMessage,
  type RabbitConnectionOptions,
} from './rabbit-connection.ts'
import { WorkHints } from './work-hints.ts'

export interface RabbitNodeQueueOptions {
  readonly store: RelayStore
  /** amqp://user:password@host:port/vhost, or amqps: */
  readonly url: string
  /** Prefix of all names on the broker. Default `warren`. */
  readonly prefix?: string
  readonly log: Logger
  readonly now?: () => number
}

const PUBLISH_BATCH = 100
/** A sweep skips subtasks younger than this: the relay that committed them is publishing them. */
const PUBLISH_GRACE_MS = 2_000
const SWEEP_LIMIT = 1_000
/** Outdated messages that one poll discards at most. A long outage leaves many. */
const MAX_STALE_PER_POLL = 200
/** A connection that lasted this long resets the backoff. */
const STABLE_MS = 30_000

/**
 * Queue on RabbitMQ: one durable quorum queue per node. A message contains only the ID of a subtask; the store decides
 * whether it can still be leased. The message is acknowledged once the lease is committed, so that nothing is lost if
 * the relay crashes in between. Without a message or without a broker, the subtask is leased from the store: a broker
 * that is down, empty or outdated does not stop work.
 */
export class RabbitNodeQueue implements NodeQueue {
  readonly technology = 'rabbitmq'
  readonly #store: RelayStore
  readonly #log: Logger
  readonly #options: Omit<RabbitConnectionOptions, 'onHint'>
  readonly #hints: WorkHints
  readonly #subscription: Disposable
  readonly #stop = new AbortController()
  readonly #connecting: Promise<void>
  readonly #firstAttempt = Promise.withResolvers<void>()
  readonly #traffic = { connections: 0, published: 0, fetched: 0, failed: 0 }
  #connection: RabbitConnection | null = null
  #connectedAt = 0
  #detail: string | null = 'connecting'
  #reported = false

  constructor(options: RabbitNodeQueueOptions) {
    const { store, url, prefix = 'warren', log, now = Date.now } = options
    this.#store = store
    this.#log = log
    this.#options = { url, prefix, origin: newUuid(), now }
    this.#hints = new WorkHints(() => this.#store.events.live)
    this.#subscription = store.events.subscribe((event) => {
      // Nodes are notified of a new task once its message is published; an earlier poll would not find the message.
      const announced =
        event.kind === 'work' && event.reason === 'admitted' && this.#connection !== null
      if (event.kind === 'work' && !announced) this.#hints.note(event.nodeIds)
      if (event.kind === 'resync') this.#hints.noteAll()
    })
    this.#connecting = this.#keepConnected()
  }

  async publish(subtasks: readonly QueuedSubtask[]): Promise<void> {
    for (let start = 0; start < subtasks.length; start += PUBLISH_BATCH) {
      await this.#publishBatch(subtasks.slice(start, start + PUBLISH_BATCH))
    }
  }

  async #publishBatch(subtasks: readonly QueuedSubtask[]): Promise<void> {
    const nodeIds = [...new Set(subtasks.map(({ nodeId }) => nodeId))]
    const connection = this.#connection
    try {
      if (connection === null) return
      await connection.publish(subtasks)
      this.#traffic.published += subtasks.length
      await this.#store.tasks.markPublished(subtasks.map(({ subtaskId }) => subtaskId))
      await connection.hint(nodeIds)
    } catch (error: unknown) {
      // A sweep publishes again what is not marked as published. Duplicate messages are harmless.
      const detail = error instanceof Error ? error.message : String(error)
      this.#traffic.failed++
      this.#log.debug({ detail, subtasks: subtasks.length }, 'publish postponed')
    } finally {
      this.#hints.note(nodeIds)
    }
  }

  mayHaveWork(nodeId: string, kind?: TaskKind): boolean {
    return this.#hints.mayHaveWork(nodeId, kind)
  }

  async lease(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null> {
    const { kind } = options
    if (!this.#hints.mayHaveWork(nodeId, kind)) return null
    return this.#hints.lookUp(nodeId, kind, async () => {
      // Messages cannot be selected by kind, but subtasks in the store can.
      const announced = kind === undefined ? await this.#leaseAnnounced(nodeId, options) : null
      return announced ?? this.#store.tasks.leaseOldest(nodeId, options)
    })
  }

  async #leaseAnnounced(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null> {
    const connection = this.#connection
    if (connection === null) return null
    for (let dropped = 0; dropped < MAX_STALE_PER_POLL; dropped++) {
      const message = await this.#next(connection, nodeId)
      if (message === null) return null
      try {
        const { subtaskId } = message
        const lease =
          subtaskId === null ? null : await this.#store.tasks.leaseOne(subtaskId, nodeId, options)
        message.ack()
        if (lease !== null) return lease
      } catch (error: unknown) {
        message.putBack()
        throw error
      }
    }
    return null
  }

  async #next(connection: RabbitConnection, nodeId: string): Promise<RabbitMessage | null> {
    try {
      const message = await connection.next(nodeId)
      if (message !== null) this.#traffic.fetched++
      return message
    } catch {
      // The caller asks the store instead.
      this.#traffic.failed++
      return null
    }
  }

  async waitForWork(
    nodeId: string,
    ms: number,
    options?: { kind?: TaskKind | undefined; signal?: AbortSignal | undefined },
  ): Promise<boolean> {
    return this.#hints.wait(nodeId, ms, options)
  }

  async sweep(): Promise<void> {
    if (this.#connection !== null) {
      const unpublished = await this.#store.tasks.findUnpublished(PUBLISH_GRACE_MS, SWEEP_LIMIT)
      await this.publish(unpublished)
    }
    this.#hints.note(await this.#store.tasks.findNodesWithWork())
  }

  async check(): Promise<void> {
    // Still connecting after the start is not a failure.
    await this.#firstAttempt.promise
    if (this.#connection === null) throw new Error(this.#detail ?? 'not connected')
    await this.#connection.ping()
  }

  status(): QueueStatus {
    return {
      technology: this.technology,
      available: this.#connection !== null,
      detail: this.#detail,
      waiting: this.#hints.waiting,
      traffic: {
        ...this.#traffic,
        connectedSince: this.#connection === null ? null : this.#connectedAt,
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]()
    this.#stop.abort()
    await this.#connecting
    this.#firstAttempt.resolve()
  }

  async #keepConnected(): Promise<void> {
    const backoff = new Backoff({ initialMs: 200, maxMs: 5_000 })
    const stop = this.#stop.signal
    const { now } = this.#options
    while (!stop.aborted) {
      const openedAt = now()
      try {
        await using connection = await RabbitConnection.open({
          ...this.#options,
          onHint: (nodeIds) => this.#hints.note(nodeIds),
        })
        this.#up(connection)
        const reason = await brokenOrStopped(connection, stop)
        this.#connection = null
        if (reason !== null) this.#down(reason)
      } catch (error: unknown) {
        this.#down(error)
      }
      // A broker that accepts a connection and closes it again must not be tried five times a second.
      if (now() - openedAt > STABLE_MS) backoff.reset()
      await sleep(backoff.next(), stop)
    }
  }

  #up(connection: RabbitConnection): void {
    this.#connection = connection
    this.#firstAttempt.resolve()
    this.#detail = null
    this.#traffic.connections++
    this.#connectedAt = this.#options.now()
    if (this.#reported) this.#log.info({}, 'queue recovered')
    this.#reported = false
    // Hints may have been missed, and messages may be waiting.
    this.#hints.noteAll()
  }

  #down(error: unknown): void {
    this.#connection = null
    this.#firstAttempt.resolve()
    this.#detail = describe(error)
    if (!this.#reported) this.#log.error({ detail: this.#detail }, 'queue unavailable')
    this.#reported = true
    this.#hints.noteAll()
  }
}

async function brokenOrStopped(
  connection: RabbitConnection,
  stop: AbortSignal,
): Promise<Error | null> {
  const ended = new AbortController()
  const stopped = untilAborted(AbortSignal.any([stop, ended.signal])).then(() => null)
  return Promise.race([connection.broken, stopped]).finally(() => ended.abort())
}

// Network and broker errors contain host names and permissions, but no passwords.
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return code === '' || error.message.includes(code) ? error.message : `${code}: ${error.message}`
}
