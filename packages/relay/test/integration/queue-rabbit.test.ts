import { newUuid } from '@warren/runtime'
import { createVhost, describeRabbit, until, type TestVhost } from '@warren/testkit'
import { Connection } from 'rabbitmq-client'
import { expect, it } from 'vitest'

import { RabbitNodeQueue } from '../../src/queue/rabbit-node-queue.ts'
import { RabbitConnection } from '../../src/queue/rabbit-connection.ts'
import { nodeQueue } from '../../src/queue/rabbit-topology.ts'
import { brokerQueue } from './queue-bench.ts'
import {
  addNodes,
  admitted,
  LEASE,
  newTask,
  recordingLog,
  sqliteBench,
  type StoreBench,
} from './store-bench.ts'

interface Bench extends AsyncDisposable {
  readonly url: string
  readonly vhost: TestVhost
  readonly stores: StoreBench
}

async function openBench(): Promise<Bench> {
  const vhost = await createVhost()
  const stores = await sqliteBench()
  return {
    url: vhost.url,
    vhost,
    stores,
    async [Symbol.asyncDispose]() {
      await stores[Symbol.asyncDispose]()
      await vhost[Symbol.asyncDispose]()
    },
  }
}

function task() {
  return newTask()
}

const lease = () => LEASE

describeRabbit('RabbitMQ', () => {
  it('keeps a message until its lease is committed', async () => {
    await using bench = await openBench()
    const store = bench.stores.open()
    await using queue = new RabbitNodeQueue({ store, url: bench.url, log: recordingLog().log })
    const [node] = await addNodes(store, 1)
    await until(() => queue.status().available)
    await queue.publish((await admitted(store, task())).subtasks)
    const name = nodeQueue('warren', node!)
    expect(await brokerQueue(bench.url, name)).toEqual({ messages: 1, channelError: null })
    expect(await queue.lease(node!, lease())).not.toBeNull()
    await until(async () => (await brokerQueue(bench.url, name)).messages === 0)
  })

  it('returns a message that a relay had fetched when it crashed', async () => {
    await using bench = await openBench()
    const connection = await openConnection(bench.url)
    const nodeId = newUuid()
    const subtaskId = newUuid()
    const leftMs = 60_000
    await connection.publish([{ subtaskId, nodeId, kind: 'availability', leftMs }])
    expect((await connection.next(nodeId))?.subtaskId).toBe(subtaskId)
    expect(await connection.next(nodeId)).toBeNull()
    // The connection closes without an acknowledgement.
    await connection[Symbol.asyncDispose]()
    await using other = await openConnection(bench.url)
    const again = await until(() => other.next(nodeId))
    expect(again.subtaskId).toBe(subtaskId)
    again.ack()
    expect(await other.next(nodeId)).toBeNull()
  })

  it('keeps its messages in durable quorum queues', async () => {
    await using bench = await openBench()
    await using connection = await openConnection(bench.url)
    const nodeId = newUuid()
    await connection.next(nodeId)
    // The broker rejects a different declaration, and its error contains the type of the queue.
    const client = new Connection({ url: bench.url })
    client.on('error', () => {})
    const queue = nodeQueue('warren', nodeId)
    const classic = {
      'x-queue-type': 'classic',
      'x-expires': 604_800_000,
      'x-max-length': 10_000,
    } as const
    await expect(client.queueDeclare({ queue, durable: true, arguments: classic })).rejects.toThrow(
      /x-queue-type.*quorum/,
    )
    await expect(client.queueDeclare({ queue, arguments: classic })).rejects.toThrow(
      /durable|x-queue-type/,
    )
    await client.close()
  })

  it('expires a message at the deadline of its task', async () => {
    await using bench = await openBench()
    await using connection = await openConnection(bench.url)
    const nodeId = newUuid()
    const subtask = { nodeId, kind: 'availability' as const }
    await connection.publish([
      { ...subtask, subtaskId: newUuid(), leftMs: -1 },
      { ...subtask, subtaskId: newUuid(), leftMs: 300 },
    ])
    const name = nodeQueue('warren', nodeId)
    await until(async () => (await brokerQueue(bench.url, name)).messages === 0)
    expect(await connection.next(nodeId)).toBeNull()
  })

  it('discards foreign and outdated messages, and finds the current one', async () => {
    await using bench = await openBench()
    const store = bench.stores.open()
    await using queue = new RabbitNodeQueue({ store, url: bench.url, log: recordingLog().log })
    const [node] = await addNodes(store, 1)
    await until(() => queue.status().available)
    await queue.publish((await admitted(store, task())).subtasks)
    await queue.lease(node!, lease())
    const foreignClient = new Connection({ url: bench.url })
    const name = nodeQueue('warren', node!)
    const publisher = foreignClient.createPublisher({ confirm: true })
    await publisher.send({ routingKey: name, messageId: "'; drop table" }, 'hello')
    await publisher.send({ routingKey: name }, { no: 'id' })
    await publisher.send({ routingKey: name, messageId: newUuid() }, {})
    await publisher.close()
    await foreignClient.close()
    const live = task()
    await queue.publish((await admitted(store, live)).subtasks)
    expect(await brokerQueue(bench.url, name)).toMatchObject({ messages: 4 })
    expect((await queue.lease(node!, lease()))?.taskUuid).toBe(live.uuid)
    await until(async () => (await brokerQueue(bench.url, name)).messages === 0)
  })

  it('keeps working if an operator deletes the queue', async () => {
    await using bench = await openBench()
    const store = bench.stores.open()
    await using queue = new RabbitNodeQueue({ store, url: bench.url, log: recordingLog().log })
    const [node] = await addNodes(store, 1)
    await until(() => queue.status().available)
    await queue.publish((await admitted(store, task())).subtasks)
    const operator = new Connection({ url: bench.url })
    await operator.queueDelete(nodeQueue('warren', node!))
    await queue.publish((await admitted(store, task())).subtasks)
    expect(await brokerQueue(bench.url, nodeQueue('warren', node!))).toMatchObject({ messages: 1 })
    await operator.queueDelete(nodeQueue('warren', node!))
    await operator.close()
    for (let poll = 0; poll < 2; poll++) {
      expect(await queue.lease(node!, lease())).not.toBeNull()
    }
    expect(await queue.lease(node!, lease())).toBeNull()
    await queue.sweep()
    expect(queue.status()).toMatchObject({ available: true, traffic: { connections: 1 } })
  })

  it('separates two installations by their prefix', async () => {
    await using bench = await openBench()
    await using ours = await openConnection(bench.url, 'ours')
    await using theirs = await openConnection(bench.url, 'theirs')
    const nodeId = newUuid()
    const leftMs = 60_000
    await theirs.publish([{ subtaskId: newUuid(), nodeId, kind: 'availability', leftMs }])
    expect(await ours.next(nodeId)).toBeNull()
    expect(await theirs.next(nodeId)).not.toBeNull()
  })

  it('works with a user who may use only names with its prefix', async () => {
    await using bench = await openBench()
    const store = bench.stores.open()
    const { log, records } = recordingLog()
    const url = await bench.vhost.addLimitedUser(String.raw`^warren\..*`)
    await using queue = new RabbitNodeQueue({ store, url, log })
    const [node] = await addNodes(store, 1)
    await until(() => queue.status().available)
    await queue.check()
    await queue.publish((await admitted(store, task())).subtasks)
    const name = nodeQueue('warren', node!)
    expect(await brokerQueue(bench.url, name)).toMatchObject({ messages: 1 })
    expect(await queue.lease(node!, lease())).not.toBeNull()
    await until(async () => (await brokerQueue(bench.url, name)).messages === 0)
    await queue.sweep()
    expect(queue.status()).toMatchObject({ available: true, traffic: { failed: 0 } })
    expect(records.filter(({ level }) => Number(level) >= 40)).toEqual([])
  })

  it('has no messages left after 50 tasks were leased by kind', async () => {
    await using bench = await openBench()
    const store = bench.stores.open()
    await using queue = new RabbitNodeQueue({ store, url: bench.url, log: recordingLog().log })
    const [node] = await addNodes(store, 1)
    await until(() => queue.status().available)
    for (let number = 0; number < 25; number++) {
      await queue.publish((await admitted(store, task())).subtasks)
      const distribution = { ...task(), kind: 'distribution', type: 'generic' } as const
      await queue.publish((await admitted(store, distribution)).subtasks)
    }
    const name = nodeQueue('warren', node!)
    expect(await brokerQueue(bench.url, name)).toMatchObject({ messages: 50 })
    for (const kind of ['availability', 'distribution'] as const) {
      for (let poll = 0; poll < 25; poll++) {
        expect(await queue.lease(node!, { ...lease(), kind })).not.toBeNull()
      }
      const left = kind === 'availability' ? 25 : 0
      await until(async () => (await brokerQueue(bench.url, name)).messages === left)
    }
  })

  it('deletes a message that arrived after its subtask was leased', async () => {
    await using bench = await openBench()
    const store = bench.stores.open()
    await using queue = new RabbitNodeQueue({ store, url: bench.url, log: recordingLog().log })
    const [node] = await addNodes(store, 1)
    await until(() => queue.status().available)
    for (const kind of ['availability', undefined] as const) {
      const { subtasks } = await admitted(store, task())
      expect(await queue.lease(node!, { ...lease(), kind })).not.toBeNull()
      await queue.publish(subtasks)
      expect(queue.status().traffic?.published).toBeGreaterThan(0)
      expect(await queue.lease(node!, { ...lease(), kind })).toBeNull()
      await until(async () => {
        await queue.sweep()
        return (await brokerQueue(bench.url, nodeQueue('warren', node!))).messages === 0
      })
    }
  })

  it('deletes the queues of removed nodes', async () => {
    await using bench = await openBench()
    const store = bench.stores.open()
    await using queue = new RabbitNodeQueue({ store, url: bench.url, log: recordingLog().log })
    const nodes = await addNodes(store, 3)
    await until(() => queue.status().available)
    await queue.publish((await admitted(store, task())).subtasks)
    await queue.sweep()
    await store.users.removeNode(nodes[0]!)
    await queue.sweep()
    const states = await Promise.all(
      nodes.map(
        async (node) => (await brokerQueue(bench.url, nodeQueue('warren', node))).channelError,
      ),
    )
    expect(states).toEqual([expect.stringContaining('NOT_FOUND'), null, null])
    expect(queue.status()).toMatchObject({
      available: true,
      traffic: { connections: 1, failed: 0 },
    })
  })

  it('replaces a queue that was declared with other limits', async () => {
    await using bench = await openBench()
    const nodeId = newUuid()
    const queue = nodeQueue('warren', nodeId)
    const older = new Connection({ url: bench.url })
    await older.queueDeclare({ queue, durable: true, arguments: { 'x-queue-type': 'quorum' } })
    await older.close()
    await using connection = await openConnection(bench.url)
    const subtaskId = newUuid()
    await connection.publish([{ subtaskId, nodeId, kind: 'availability', leftMs: 60_000 }])
    expect((await connection.next(nodeId))?.subtaskId).toBe(subtaskId)
  })

  it('logs once that the broker rejects its credentials, without the password, and works from the store', async () => {
    await using bench = await openBench()
    const store = bench.stores.open()
    const url = new URL(bench.url)
    url.password = 'hunter2-wrong'
    const { log, records } = recordingLog()
    await using queue = new RabbitNodeQueue({ store, url: url.href, log })
    await until(() => queue.status().detail !== 'connecting')
    const [node] = await addNodes(store, 1)
    await queue.publish((await admitted(store, task())).subtasks)
    expect(await queue.lease(node!, lease())).not.toBeNull()
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(queue.status()).toMatchObject({ available: false, technology: 'rabbitmq' })
    expect(records.filter(({ msg }) => msg === 'queue unavailable')).toHaveLength(1)
    expect(JSON.stringify([records, queue.status()])).not.toContain('hunter2')
    const { hostname, port, pathname } = url
    expect(queue.status().detail).toMatch(
      new RegExp(`^${hostname}:${port}, virtual host ${pathname.slice(1)}: .*ACCESS_REFUSED`),
    )
  })
})

function openConnection(url: string, prefix = 'warren'): Promise<RabbitConnection> {
  return RabbitConnection.open({ url, prefix })
}
