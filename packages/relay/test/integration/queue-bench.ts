import { createVhost, describePostgres, describeRabbit } from '@warren/testkit'
import { Connection } from 'rabbitmq-client'
import { describe } from 'vitest'
import type { Logger } from '@warren/runtime'

import { DatabaseNodeQueue } from '../../src/queue/database-node-queue.ts'
import type { NodeQueue } from '../../src/queue/node-queue.ts'
import { RabbitNodeQueue } from '../../src/queue/rabbit-node-queue.ts'
import type { RelayStore } from '../../src/store/relay-store.ts'
import { postgresBench, quietLog, sqliteBench, type StoreBench } from './store-bench.ts'

export interface Relay {
  readonly store: RelayStore
  readonly queue: NodeQueue
  /** How many times the queue has asked the store for a lease. */
  readonly asked: () => number
}

/** One database, one broker or none, and any number of relays on them. */
export interface QueueBench extends AsyncDisposable {
  readonly technology: NodeQueue['technology']
  readonly stores: StoreBench
  /** Resolves once events are received and the broker is connected. */
  relay(options?: { log?: Logger }): Promise<Relay>
}

export type OpenQueueBench = () => Promise<QueueBench>

export function describeQueues(title: string, suite: (open: OpenQueueBench) => void): void {
  describe(`${title} (database: SQLite)`, () => suite(() => databaseBench(sqliteBench)))
  describePostgres(`${title} (database: PostgreSQL)`, () =>
    suite(() => databaseBench(postgresBench)),
  )
  describePostgres(`${title} (RabbitMQ)`, () => {
    describeRabbit('with PostgreSQL', () => suite(() => rabbitBench(postgresBench)))
  })
  describeRabbit(`${title} (RabbitMQ with SQLite)`, () => suite(() => rabbitBench(sqliteBench)))
}

async function databaseBench(openStores: () => Promise<StoreBench>): Promise<QueueBench> {
  return bench('database', await openStores(), ({ store }) => new DatabaseNodeQueue({ store }))
}

async function rabbitBench(openStores: () => Promise<StoreBench>): Promise<QueueBench> {
  const vhost = await createVhost()
  return bench(
    'rabbitmq',
    await openStores(),
    ({ store, log }) => new RabbitNodeQueue({ store, log, url: vhost.url }),
    vhost,
  )
}

function bench(
  technology: NodeQueue['technology'],
  stores: StoreBench,
  openQueue: (parts: { store: RelayStore; log: Logger }) => NodeQueue,
  broker?: AsyncDisposable,
): QueueBench {
  const queues: NodeQueue[] = []
  return {
    technology,
    stores,
    async relay({ log = quietLog() } = {}) {
      const store = stores.open({ log, poolSize: 10 })
      const recorded = recordStatements(store)
      const queue = openQueue({ store: recorded.store, log })
      queues.push(queue)
      await ready(store, queue)
      const asked = (): number =>
        recorded.statements.filter((name) => name.startsWith('lease')).length
      return { store, queue, asked }
    },
    async [Symbol.asyncDispose]() {
      for (const queue of queues) await queue[Symbol.asyncDispose]()
      await stores[Symbol.asyncDispose]()
      await broker?.[Symbol.asyncDispose]()
    },
  }
}

async function ready(store: RelayStore, queue: NodeQueue): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!store.events.live || !queue.status().available) {
    if (performance.now() > deadline) throw new Error(`not ready: ${queue.status().detail}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The same store, which records the statements about tasks by the name of their method. */
export function recordStatements(store: RelayStore): { store: RelayStore; statements: string[] } {
  const statements: string[] = []
  const tasks = new Proxy(store.tasks, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        statements.push(String(name))
        return Reflect.apply(member, target, args)
      }
    },
  })
  const recorded = new Proxy(store, {
    get(target, name) {
      if (name === 'tasks') return tasks
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return { store: recorded, statements }
}

/** Reads the state of a queue on its own connection, without the code under test. */
export async function brokerQueue(
  url: string,
  queue: string,
): Promise<{ messages: number; channelError: string | null }> {
  const connection = new Connection({ url, retryLow: 60_000, connectionTimeout: 5_000 })
  connection.on('error', () => {})
  try {
    const { messageCount } = await connection.queueDeclare({ queue, passive: true })
    return { messages: messageCount, channelError: null }
  } catch (error: unknown) {
    return { messages: 0, channelError: String(error) }
  } finally {
    await connection.close()
  }
}
