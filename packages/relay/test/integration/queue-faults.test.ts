import { readFile } from 'node:fs/promises'
import { setTimeout as after } from 'node:timers/promises'
import {
  describeRabbit,
  FaultProxy,
  rabbitUrl,
  startPrivateRabbit,
  until,
  createVhost,
} from '@warren/testkit'
import { expect, it } from 'vitest'

import { RabbitNodeQueue } from '../../src/queue/rabbit-node-queue.ts'
import { nodeQueue } from '../../src/queue/rabbit-connection.ts'
import { brokerQueue } from './queue-bench.ts'
import { addNodes, quietLog, recordingLog, sqliteBench } from './store-bench.ts'
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

    const load = startLoad(bench, nodes)
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
    const queueEvents = records.map(({ msg }) => msg).filter((msg) => msg.startsWith('queue '))
    expect(queueEvents).toEqual(['queue unavailable', 'queue recovered'])

    // Tasks are published to the broker again.
    await taskService.admit('national', upstreamTask())
    await taskService.idle()
    expect(await brokerQueue(broker.url, nodeQueue('warren', nodes[0]!))).toMatchObject({
      messages: 1,
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
    expect(performance.now() - started).toBeLessThan(1_000)
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
