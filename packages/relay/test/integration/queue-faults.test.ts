import { parsePostgresAddress } from '@warren/database'
import { readFile } from 'node:fs/promises'
import { setTimeout as after } from 'node:timers/promises'
import {
  createDatabase,
  describePostgres,
  describeRabbit,
  FaultProxy,
  rabbitUrl,
  startPrivateRabbit,
  until,
  createVhost,
} from '@warren/testkit'
import { expect, it } from 'vitest'

import { RabbitNodeQueue } from '../../src/queue/rabbit-node-queue.ts'
import { nodeQueue } from '../../src/queue/rabbit-topology.ts'
import { brokerQueue, recordStatements } from './queue-bench.ts'
import { DatabaseNodeQueue } from '../../src/queue/database-node-queue.ts'
import type { NodeQueue } from '../../src/queue/node-queue.ts'
import { openPostgresStore } from '../../src/store/postgres-store.ts'
import { addNodes, admitted, newTask, quietLog, recordingLog, sqliteBench } from './store-bench.ts'
import { openTaskService, upstreamTask, settledResults, startLoad } from './tasks-bench.ts'

describeRabbit('closing the connection to a broker', () => {
  it('is clean: the broker logs no lost connection', async () => {
    await using broker = await startPrivateRabbit()
    await using stores = await sqliteBench()
    {
      await using queue = new RabbitNodeQueue({
        store: stores.open(),
        url: broker.url,
        log: quietLog(),
      })
      await until(() => queue.status().available, { timeoutMs: 20_000 })
    }
    const closing = async (): Promise<string[]> =>
      (await readFile(broker.logFile, 'utf8'))
        .split('\n')
        .filter((line) => /closing AMQP connection .*warren-relay/.test(line))
    await until(async () => (await closing()).length > 0)
    await broker.stop()
    expect(await closing()).toEqual([expect.stringMatching(/\[info\] /)])
  }, 60_000)
})

describeRabbit('a broker that fails', () => {
  it('by a restart under load loses nothing and is used again', async () => {
    await using broker = await startPrivateRabbit()
    await using stores = await sqliteBench()
    const store = stores.open()
    const { log, records } = recordingLog()
    const queue = new RabbitNodeQueue({ store, url: broker.url, log })
    await using bench = openTaskService(stores, { queue })
    const { taskService } = bench
    const nodes = await addNodes(store, 4)
    await until(() => queue.status().available, { timeoutMs: 20_000 })

    await using load = startLoad(bench, nodes)
    await after(1_500)
    await broker.stop()
    const withBroker = load.asked.length
    expect(withBroker).toBeGreaterThan(10)
    await until(() => !queue.status().available)
    await until(() => load.asked.length > withBroker + 30, { timeoutMs: 20_000 })
    await broker.start()
    await until(() => queue.status().available, { timeoutMs: 30_000 })
    const recovered = load.asked.length
    await until(() => load.asked.length > recovered + 30, { timeoutMs: 20_000 })
    await load.finish()

    expect(load.errors).toEqual([])
    expect(load.handedOut).toHaveLength(load.asked.length * nodes.length)
    expect(new Set(load.handedOut).size).toBe(load.handedOut.length)
    const results = await settledResults(store)
    expect([...results.keys()].sort()).toEqual(load.asked.toSorted())
    for (const { message, queryResult } of results.values()) {
      expect([message, queryResult.count]).toEqual(['answered by 4 of 4 nodes', 100])
    }
    // The link logs the recovery once the connection has lasted a second, after the status shows it.
    const queueEvents = (): string[] =>
      records.map(({ msg }) => msg).filter((msg) => msg.startsWith('queue '))
    await until(() => queueEvents().includes('queue recovered'))
    expect(queueEvents()).toEqual(['queue unavailable', 'queue recovered'])

    // Tasks are published to the broker again. The message of the last lease may still be on its way out of the queue.
    const queueOfNode = nodeQueue('warren', nodes[0]!)
    await until(async () => {
      await taskService.admit('national', upstreamTask())
      await taskService.idle()
      return (await brokerQueue(broker.url, queueOfNode)).messages > 0
    })
  }, 120_000)

  it('by not responding fails a check within seconds, and is connected again', async () => {
    await using vhost = await createVhost()
    await using proxy = await FaultProxy.start(await rabbitUrl())
    await using stores = await sqliteBench()
    const store = stores.open()
    await using queue = new RabbitNodeQueue({ store, url: proxy.url(vhost.url), log: quietLog() })
    // Still connecting after the start is not a failure.
    await queue.check()
    proxy.blackhole()
    await expect(queue.check()).rejects.toThrow('did not answer within')
    await until(() => !queue.status().available)
    await expect(queue.check()).rejects.toThrow('did not answer within')
    await proxy.forward()
    await until(() => queue.status().available, { timeoutMs: 30_000 })
    await queue.check()
    expect(queue.status().traffic?.connections).toBeGreaterThan(1)
  }, 90_000)

  it('by not responding (half-open) delays polls for seconds, not minutes', async () => {
    await using vhost = await createVhost()
    await using proxy = await FaultProxy.start(await rabbitUrl())
    await using stores = await sqliteBench()
    const store = stores.open()
    const { log, records } = recordingLog()
    const queue = new RabbitNodeQueue({ store, url: proxy.url(vhost.url), log })
    await using bench = openTaskService(stores, { queue })
    const { taskService } = bench
    const [node] = await addNodes(store, 1)
    await until(() => queue.status().available, { timeoutMs: 20_000 })
    expect(await taskService.lease(node!, { requestId: 'r' })).toBeNull()
    proxy.blackhole()
    const task = upstreamTask()
    const started = performance.now()
    // Intake does not wait for the broker.
    await taskService.admit('national', task)
    expect(performance.now() - started).toBeLessThan(4_000)
    const given = await taskService.lease(node!, { requestId: 'r', waitMs: 20_000 })
    expect(given?.taskId).toBe(task.uuid)
    expect(performance.now() - started).toBeLessThan(15_000)
    await until(() => !queue.status().available)
    expect(records.find(({ msg }) => msg === 'queue unavailable')?.['detail']).toMatch(
      /did not answer within/,
    )
    await proxy.forward()
    await until(() => queue.status().available, { timeoutMs: 20_000 })
    const next = upstreamTask()
    await taskService.admit('national', next)
    const again = await taskService.lease(node!, { requestId: 'r', waitMs: 10_000 })
    expect(again?.taskId).toBe(next.uuid)
  }, 60_000)

  it('by being down at the start of the relay is used once it is up', async () => {
    await using vhost = await createVhost()
    await using proxy = await FaultProxy.start(await rabbitUrl())
    await proxy.refuse()
    await using stores = await sqliteBench()
    const store = stores.open()
    const queue = new RabbitNodeQueue({ store, url: proxy.url(vhost.url), log: quietLog() })
    await using bench = openTaskService(stores, { queue })
    const { taskService } = bench
    const nodes = await addNodes(store, 3)
    await until(() => queue.status().detail?.includes('ECONNREFUSED'))
    await taskService.admit('national', upstreamTask())
    expect(await taskService.lease(nodes[0]!, { requestId: 'r' })).not.toBeNull()
    await proxy.forward()
    await until(() => queue.status().available, { timeoutMs: 20_000 })
    // Subtasks admitted without a broker are published now.
    stores.clock.now += 10_000
    await queue.sweep()
    for (const node of nodes.slice(1)) {
      expect(await brokerQueue(vhost.url, nodeQueue('warren', node))).toMatchObject({ messages: 1 })
      expect(await taskService.lease(node, { requestId: 'r' })).not.toBeNull()
    }
  }, 60_000)
})

const LEASES = { availability: 60_000, distribution: 60_000 }

/** Polls that are held until they are noted, one per node, like those of a thousand idle nodes. */
function holdPolls(queue: NodeQueue, nodes: readonly string[]) {
  const stop = new AbortController()
  const handedOut: string[] = []
  const polls = nodes.map(async (nodeId) => {
    while (!stop.signal.aborted) {
      const options = { leaseMs: LEASES, maxAttempts: 5 }
      const lease = await queue.lease(nodeId, options).catch(() => null)
      if (lease !== null) handedOut.push(lease.nodeId)
      await queue.waitForWork(nodeId, 60_000, { signal: stop.signal })
    }
  })
  return {
    handedOut,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.all(polls)
    },
  }
}

describeRabbit('held polls of 300 nodes', () => {
  it('cost no statement while a broker is down, and are not woken by attempts to connect', async () => {
    await using vhost = await createVhost()
    await using proxy = await FaultProxy.start(await rabbitUrl())
    await using stores = await sqliteBench()
    const { store, statements } = recordStatements(stores.open())
    await using queue = new RabbitNodeQueue({ store, url: proxy.url(vhost.url), log: quietLog() })
    const nodes = await addNodes(store, 300)
    await until(() => queue.status().available, { timeoutMs: 20_000 })
    await using _ = holdPolls(queue, nodes)
    await until(() => queue.status().waiting === 300)
    statements.length = 0

    for (let outage = 0; outage < 2; outage++) {
      await proxy.refuse()
      await until(() => !queue.status().available)
      await after(1_500)
      await proxy.forward()
      await until(() => queue.status().available, { timeoutMs: 20_000 })
    }
    expect(proxy.accepted).toBeGreaterThan(2)
    expect([statements.length, queue.status().waiting]).toEqual([0, 300])
  }, 60_000)
})

describePostgres('held polls of 300 nodes', () => {
  it('are asked for by one statement after events may have been missed, and only those with work end', async () => {
    await using database = await createDatabase()
    await using proxy = await FaultProxy.start(database.url)
    const url = proxy.url(database.url)
    await using opened = openPostgresStore({
      address: parsePostgresAddress(url),
      poolSize: 5,
      log: quietLog(),
    })
    await using other = openPostgresStore({
      address: parsePostgresAddress(database.url),
      poolSize: 2,
      log: quietLog(),
    })
    await opened.migrate()
    const nodes = await addNodes(other, 300)
    const { store, statements } = recordStatements(opened)
    await using queue = new DatabaseNodeQueue({ store })
    await until(() => store.events.live)
    await using polls = holdPolls(queue, nodes)
    await until(() => queue.status().waiting === 300)
    expect(statements.length).toBeLessThan(5)
    statements.length = 0

    await proxy.refuse()
    await until(() => !store.events.live)
    // A task for two nodes only.
    for (const node of nodes.slice(2)) await other.users.setNodeActive(node, false)
    await admitted(other, newTask())
    await proxy.forward()
    await until(() => polls.handedOut.length === 2, { timeoutMs: 20_000 })
    await until(() => queue.status().waiting === 300)
    expect(polls.handedOut.toSorted()).toEqual(nodes.slice(0, 2).toSorted())
    expect(statements.length).toBeLessThan(20)
  }, 60_000)
})
