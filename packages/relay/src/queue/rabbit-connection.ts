import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { fileErrorReason, sleep } from '@warren/runtime'
import { Connection, type Channel } from 'rabbitmq-client'

import { canonicalGuid } from '../vocabulary/collection-id.ts'
import type { QueuedSubtask } from '../store/task-store.ts'
import { type BrokerAddress, parseBrokerAddress } from './broker-address.ts'
import {
  declareExchange,
  declareNodeQueue,
  isRejection,
  nodeExchange,
  nodeQueue,
} from './rabbit-topology.ts'

// Gets on one channel run one after another; several channels let several of them run concurrently.
const GET_CHANNELS = 4
const HEARTBEAT_S = 10
const RESPONSE_TIMEOUT_MS = 5_000
const DECLARE_TIMEOUT_MS = 60_000
const CLOSE_TIMEOUT_MS = 1_000
/** Redeclaring a queue counts as use, so that the broker does not delete it. */
const REDECLARE_MS = 3_600_000
const CONFIRMS_AT_ONCE = 100
const DOWN = 'the connection to the broker is down'

export interface RabbitConnectionOptions {
  /** amqp://user:password@host:port/vhost, or amqps: */
  readonly url: string
  /** Prefix of all names on the broker. */
  readonly prefix: string
}

export interface RabbitMessage {
  /** Null if another program published the message. */
  readonly subtaskId: string | null
  /** Deletes the message. Without it, the broker returns the message to the queue when the connection ends. */
  ack(): void
}

/**
 * One connection to the broker with all its channels. It is used until anything on it breaks, and then replaced: it
 * does not reconnect.
 */
export class RabbitConnection implements AsyncDisposable {
  readonly #connection: Connection
  readonly #prefix: string
  readonly #declared = new Map<string, { at: number; done: Promise<void> }>()
  readonly #broken = Promise.withResolvers<Error>()
  /** Subtasks whose message no queue has taken. */
  readonly #returned = new Set<string>()
  readonly #getters: (Promise<Channel> | undefined)[] = []
  #publisher: Channel | null = null
  #turn = 0
  #isBroken = false

  private constructor({ url, prefix }: RabbitConnectionOptions) {
    const address = parseBrokerAddress(url)
    const { hostname, port, vhost, username, password } = address
    this.#prefix = prefix
    this.#connection = new Connection({
      hostname,
      port,
      vhost,
      username,
      password,
      ...(address.tls ? { tls: tlsOptions(address) } : {}),
      connectionName: 'warren-relay',
      // Without this, a get and its ack wait for each other's packets: 45 ms instead of 0.3 ms.
      noDelay: true,
      heartbeat: HEARTBEAT_S,
      connectionTimeout: RESPONSE_TIMEOUT_MS,
      acquireTimeout: RESPONSE_TIMEOUT_MS,
      // It must not reconnect by itself while its replacement is opened.
      retryLow: 60_000,
      retryHigh: 120_000,
    })
    this.#connection.on('error', (error: unknown) => this.#fail(error))
    this.#connection.on('connection.blocked', (reason) =>
      this.#fail(new Error(`the broker blocks publishing: ${reason}`)),
    )
  }

  /** Rejects with the broker's reason if the connection cannot be opened. */
  static async open(options: RabbitConnectionOptions): Promise<RabbitConnection> {
    const connection = new RabbitConnection(options)
    try {
      await Promise.race([
        connection.#setUp(),
        connection.#broken.promise.then((error) => Promise.reject(error)),
      ])
      return connection
    } catch (error: unknown) {
      await connection[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Resolves with the reason once the connection can no longer be used. */
  get broken(): Promise<Error> {
    return this.#broken.promise
  }

  async #setUp(): Promise<void> {
    const publisher = await this.#connection.acquire({ emitErrorsFromChannel: true })
    publisher.on('error', (error: unknown) => this.#fail(error))
    publisher.on('close', () => this.#fail(new Error('the channel for publishing was closed')))
    publisher.on('basic.return', ({ messageId }) => this.#returned.add(messageId ?? ''))
    await publisher.confirmSelect()
    await declareExchange(publisher, this.#prefix)
    this.#publisher = publisher
  }

  #fail(error: unknown): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#broken.resolve(error instanceof Error ? error : new Error(String(error)))
  }

  /**
   * Resolves once the broker has confirmed all of them. Subtasks past their deadline are skipped. Rejects if the
   * connection breaks.
   */
  async publish(subtasks: readonly QueuedSubtask[]): Promise<void> {
    for (let start = 0; start < subtasks.length; start += CONFIRMS_AT_ONCE) {
      const unrouted = await this.#publishBatch(subtasks.slice(start, start + CONFIRMS_AT_ONCE))
      // An operator has deleted their queues.
      for (const { nodeId } of unrouted) this.#declared.delete(nodeId)
      if (unrouted.length > 0) await this.#publishBatch(unrouted)
    }
  }

  /** Returns the subtasks whose message no queue has taken. */
  async #publishBatch(subtasks: readonly QueuedSubtask[]): Promise<QueuedSubtask[]> {
    const nodeIds = [...new Set(subtasks.map(({ nodeId }) => nodeId))]
    const declared = Promise.all(nodeIds.map((nodeId) => this.#ensureQueue(nodeId)))
    await this.#guard(declared, DECLARE_TIMEOUT_MS)
    await this.#guard(Promise.all(subtasks.map((subtask) => this.#send(subtask))))
    // The broker returns such a message before it confirms it, but the client emits it in the next turn of the event loop.
    await setImmediate()
    return subtasks.filter(({ subtaskId }) => this.#returned.delete(subtaskId))
  }

  async #send({ subtaskId, nodeId, kind, leftMs }: QueuedSubtask): Promise<void> {
    if (leftMs <= 0) return
    if (this.#publisher === null || this.#isBroken) throw new Error(DOWN)
    await this.#publisher.basicPublish(
      {
        exchange: nodeExchange(this.#prefix),
        routingKey: nodeId,
        mandatory: true,
        durable: true,
        messageId: subtaskId,
        type: kind,
        expiration: String(Math.ceil(leftMs)),
      },
      { subtaskId },
    )
  }

  /** Sends a request and waits for the response. Rejects if the connection breaks. */
  async ping(): Promise<void> {
    const exchange = nodeExchange(this.#prefix)
    await this.#request((channel) => channel.exchangeDeclare({ exchange, passive: true }))
  }

  /** The node's next message, held until `ack`; or null. Rejects if the connection breaks. */
  async next(nodeId: string): Promise<RabbitMessage | null> {
    return this.#onQueue(nodeId, async (channel, queue) => {
      const message = await channel.basicGet({ queue })
      if (message === undefined) return null
      const { deliveryTag } = message
      return {
        subtaskId: canonicalGuid(message.messageId ?? '') ?? null,
        ack: () => {
          if (channel.active) channel.basicAck({ deliveryTag })
        },
      }
    })
  }

  /** Deletes all messages of the node. Rejects if the connection breaks. */
  async purge(nodeId: string): Promise<void> {
    await this.#onQueue(nodeId, (channel, queue) => channel.queuePurge({ queue }))
  }

  /** Deletes the queue of a removed node, if there is one. Rejects if the connection breaks. */
  async deleteQueue(nodeId: string): Promise<void> {
    this.#declared.delete(nodeId)
    const queue = nodeQueue(this.#prefix, nodeId)
    await this.#request((channel) => channel.queueDelete({ queue }))
  }

  /** Null if an operator has deleted the queue. */
  async #onQueue<T>(
    nodeId: string,
    work: (channel: Channel, queue: string) => Promise<T>,
  ): Promise<T | null> {
    await this.#guard(this.#ensureQueue(nodeId))
    const queue = nodeQueue(this.#prefix, nodeId)
    try {
      return await this.#request((channel) => work(channel, queue))
    } catch (error: unknown) {
      if (!isRejection(error, 'NOT_FOUND')) throw error
      this.#declared.delete(nodeId)
      return null
    }
  }

  async #request<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    if (this.#isBroken) throw new Error(DOWN)
    return this.#guard(this.#getter().then(work))
  }

  /** A channel for requests. The broker closes it when it rejects one, and the next request opens another. */
  async #getter(): Promise<Channel> {
    this.#turn = (this.#turn + 1) % GET_CHANNELS
    const turn = this.#turn
    const current = await this.#getters[turn]
    if (current?.active === true) return current
    const opening = this.#connection.acquire()
    this.#getters[turn] = opening
    return opening
  }

  async #ensureQueue(nodeId: string): Promise<void> {
    const now = performance.now()
    const known = this.#declared.get(nodeId)
    if (known !== undefined && now - known.at < REDECLARE_MS) return known.done
    const done = this.#declareQueue(nodeId)
    this.#declared.set(nodeId, { at: now, done })
    return done
  }

  async #declareQueue(nodeId: string): Promise<void> {
    const declare = (channel: Channel): Promise<void> =>
      declareNodeQueue(channel, this.#prefix, nodeId)
    try {
      await this.#onOwnChannel(declare)
    } catch (error: unknown) {
      if (!isRejection(error, 'PRECONDITION_FAILED')) {
        this.#fail(error)
        throw error
      }
      // Another release declared it with other limits. Its messages can be lost, because the database has their subtasks.
      await this.#onOwnChannel(async (channel) => {
        await channel.queueDelete({ queue: nodeQueue(this.#prefix, nodeId) })
        await declare(channel)
      })
    }
  }

  /** For requests that the broker may reject, which closes their channel. */
  async #onOwnChannel(work: (channel: Channel) => Promise<void>): Promise<void> {
    const channel = await this.#connection.acquire()
    try {
      await work(channel)
    } finally {
      await channel.close()
    }
  }

  // A silent broker counts as broken, long before its heartbeats fail. A connection that closes rejects pending
  // requests by itself.
  async #guard<T>(work: Promise<T>, ms = RESPONSE_TIMEOUT_MS): Promise<T> {
    const finished = new AbortController()
    const late = async (): Promise<never> => {
      await sleep(ms, finished.signal)
      const error = new Error(`the broker did not answer within ${ms} ms`)
      if (!finished.signal.aborted) this.#fail(error)
      throw error
    }
    return Promise.race([work, late()]).finally(() => finished.abort())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new Error('closed'))
    const finished = new AbortController()
    const channels = [this.#publisher, ...this.#getters]
    // A clean close lets confirms and acks arrive, and the broker logs no lost connection; it is not worth a long wait.
    const closing = Promise.allSettled(
      channels.map(async (channel) => (await channel)?.close()),
    ).then(() => this.#connection.close())
    await Promise.race([closing.catch(() => {}), sleep(CLOSE_TIMEOUT_MS, finished.signal)]).finally(
      () => finished.abort(),
    )
    this.#connection.unsafeDestroy()
  }
}

/** Read at each connection, so that a file that was replaced is used. */
function tlsOptions({ rootCertificateFile }: BrokerAddress): { ca?: string } {
  if (rootCertificateFile === undefined) return {}
  try {
    return { ca: readFileSync(rootCertificateFile, 'utf8') }
  } catch (error: unknown) {
    const reason = fileErrorReason(error, 'read')
    throw new Error(`sslrootcert: ${rootCertificateFile}: ${reason}`, { cause: error })
  }
}
