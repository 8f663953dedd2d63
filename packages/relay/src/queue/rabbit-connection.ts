import { sleep } from '@warren/runtime'
import { Connection, type Channel } from 'rabbitmq-client'

import { canonicalGuid } from '../vocabulary/collection-id.ts'
import type { QueuedSubtask } from '../store/task-store.ts'

// Gets on one channel run one after another; several channels let several polls run concurrently.
const GET_CHANNELS = 4
const HEARTBEAT_S = 10
const RESPONSE_TIMEOUT_MS = 5_000
const CLOSE_TIMEOUT_MS = 1_000
/** The broker deletes unused queues after this time. Redeclaring a queue counts as use. */
const QUEUE_EXPIRY_MS = 7 * 86_400_000
const REDECLARE_MS = 3_600_000
const NODES_PER_HINT = 500
const CONFIRMS_AT_ONCE = 100

export interface RabbitConnectionOptions {
  readonly url: string
  /** Prefix of all names on the broker. */
  readonly prefix: string
  /** Identifies the hints of this relay, which it ignores. */
  readonly origin: string
  readonly now: () => number
  readonly onHint: (nodeIds: readonly string[]) => void
}

export interface RabbitMessage {
  /** Null if another program published the message. */
  readonly subtaskId: string | null
  /** Deletes the message: its subtask is leased, or can no longer be. */
  ack(): void
  /** Returns the message to the head of the queue. */
  putBack(): void
}

/**
 * One connection to the broker with all its channels. It is used until anything on it breaks, and then replaced: it
 * does not reconnect.
 */
export class RabbitConnection implements AsyncDisposable {
  readonly #connection: Connection
  readonly #options: RabbitConnectionOptions
  readonly #declared = new Map<string, { at: number; done: Promise<void> }>()
  readonly #broken = Promise.withResolvers<Error>()
  #publisher: Channel | null = null
  #getters: readonly Channel[] = []
  #listener: Channel | null = null
  #turn = 0
  #isBroken = false

  private constructor(options: RabbitConnectionOptions) {
    this.#options = options
    this.#connection = new Connection({
      url: options.url,
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
    const { prefix, origin } = this.#options
    const publisher = await this.#channel()
    await publisher.confirmSelect()
    const getters: Channel[] = []
    for (let number = 0; number < GET_CHANNELS; number++) getters.push(await this.#channel())
    const exchange = hintExchange(prefix)
    const listener = await this.#channel()
    await listener.exchangeDeclare({ exchange, type: 'fanout', durable: true })
    const { queue } = await listener.queueDeclare({ exclusive: true, autoDelete: true })
    await listener.queueBind({ exchange, queue })
    listener.on('basic.cancel', () => this.#fail(new Error('the hint queue was deleted')))
    await listener.basicConsume({ queue, noAck: true, exclusive: true }, ({ appId, body }) => {
      if (appId !== origin) this.#options.onHint(readHint(body))
    })
    this.#publisher = publisher
    this.#getters = getters
    this.#listener = listener
  }

  async #channel(): Promise<Channel> {
    const channel = await this.#connection.acquire({ emitErrorsFromChannel: true })
    channel.on('error', (error: unknown) => this.#fail(error))
    channel.on('close', () => this.#fail(new Error('a channel was closed')))
    return channel
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
    const nodeIds = [...new Set(subtasks.map(({ nodeId }) => nodeId))]
    await this.#guard(Promise.all(nodeIds.map((nodeId) => this.#ensureQueue(nodeId))), 60_000)
    for (let start = 0; start < subtasks.length; start += CONFIRMS_AT_ONCE) {
      const batch = subtasks.slice(start, start + CONFIRMS_AT_ONCE)
      await this.#guard(Promise.all(batch.map((subtask) => this.#publishOne(subtask))))
    }
  }

  async #publishOne({ subtaskId, nodeId, kind, leftMs }: QueuedSubtask): Promise<void> {
    if (leftMs <= 0) return
    await this.#open(this.#publisher).basicPublish(
      {
        routingKey: nodeQueue(this.#options.prefix, nodeId),
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
    const exchange = hintExchange(this.#options.prefix)
    await this.#guard(this.#getter().exchangeDeclare({ exchange, passive: true }))
  }

  /** Notifies other relays. Not confirmed, because they also check the store regularly. */
  async hint(nodeIds: readonly string[]): Promise<void> {
    const exchange = hintExchange(this.#options.prefix)
    for (let start = 0; start < nodeIds.length; start += NODES_PER_HINT) {
      await this.#guard(
        this.#open(this.#publisher).basicPublish(
          { exchange, appId: this.#options.origin },
          { nodeIds: nodeIds.slice(start, start + NODES_PER_HINT) },
        ),
      )
    }
  }

  /** The node's next message, held until `ack` or `putBack`; or null. Rejects if the connection breaks. */
  async next(nodeId: string): Promise<RabbitMessage | null> {
    await this.#guard(this.#ensureQueue(nodeId))
    const channel = this.#getter()
    const queue = nodeQueue(this.#options.prefix, nodeId)
    const message = await this.#guard(channel.basicGet({ queue }))
    if (message === undefined) return null
    const { deliveryTag } = message
    // If the channel was closed, the broker has already requeued the message.
    return {
      subtaskId: canonicalGuid(message.messageId ?? '') ?? null,
      ack: () => {
        if (channel.active) channel.basicAck({ deliveryTag })
      },
      putBack: () => {
        if (channel.active) channel.basicNack({ deliveryTag, requeue: true })
      },
    }
  }

  async #ensureQueue(nodeId: string): Promise<void> {
    const now = this.#options.now()
    const known = this.#declared.get(nodeId)
    if (known !== undefined && now - known.at < REDECLARE_MS) return known.done
    const done = this.#declareQueue(nodeId)
    this.#declared.set(nodeId, { at: now, done })
    return done
  }

  async #declareQueue(nodeId: string): Promise<void> {
    await this.#getter().queueDeclare({
      queue: nodeQueue(this.#options.prefix, nodeId),
      durable: true,
      arguments: { 'x-queue-type': 'quorum', 'x-expires': QUEUE_EXPIRY_MS },
    })
  }

  #getter(): Channel {
    this.#turn = (this.#turn + 1) % GET_CHANNELS
    return this.#open(this.#getters[this.#turn] ?? null)
  }

  #open(channel: Channel | null): Channel {
    if (channel === null || this.#isBroken) throw new Error('the connection to the broker is down')
    return channel
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
    const channels = [this.#publisher, ...this.#getters, this.#listener].filter(
      (channel) => channel !== null,
    )
    // A clean close lets confirms and acks arrive, and the broker logs no lost connection; it is not worth a long wait.
    const closing = Promise.allSettled(channels.map((channel) => channel.close())).then(() =>
      this.#connection.close(),
    )
    await Promise.race([closing.catch(() => {}), sleep(CLOSE_TIMEOUT_MS, finished.signal)]).finally(
      () => finished.abort(),
    )
    this.#connection.unsafeDestroy()
  }
}

export function nodeQueue(prefix: string, nodeId: string): string {
  return `${prefix}.node.${nodeId}`
}

function hintExchange(prefix: string): string {
  return `${prefix}.hints`
}

function readHint(body: unknown): readonly string[] {
  if (typeof body !== 'object' || body === null || !('nodeIds' in body)) return []
  const { nodeIds } = body
  return Array.isArray(nodeIds) ? nodeIds.filter((id): id is string => typeof id === 'string') : []
}
