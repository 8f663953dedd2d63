import { newUuid } from '@warren/runtime'
import { createVhost, describeRabbit, until } from '@warren/testkit'
import { Connection } from 'rabbitmq-client'
import { expect, it } from 'vitest'

import { RabbitNodeQueue } from '../../src/queue/rabbit-node-queue.ts'
import { nodeQueue, RabbitConnection } from '../../src/queue/rabbit-connection.ts'
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
  readonly stores: StoreBench
}

async function openBench(): Promise<Bench> {
  const vhost = await createVhost()
  const stores = await sqliteBench()
  return {
    url: vhost.url,
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
    const classic = { 'x-queue-type': 'classic', 'x-expires': 604_800_000 } as const
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
    await operator.close()
    expect(await queue.lease(node!, lease())).not.toBeNull()
    await until(() => queue.status().available)
    await queue.publish((await admitted(store, task())).subtasks)
    expect(await brokerQueue(bench.url, nodeQueue('warren', node!))).toMatchObject({ messages: 1 })
    expect(await queue.lease(node!, lease())).not.toBeNull()
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

  it('sends hints to other relays, but not to itself', async () => {
    await using bench = await openBench()
    const received: string[][] = [[], []]
    await using here = await openConnection(bench.url, 'warren', (ids) => received[0]!.push(...ids))
    await using _ = await openConnection(bench.url, 'warren', (ids) => received[1]!.push(...ids))
    const ids = Array.from({ length: 1_200 }, () => newUuid())
    await here.hint(ids)
    await until(() => received[1]!.length === ids.length)
    expect(received).toEqual([[], ids])
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
    expect(queue.status().detail).toMatch(/ACCESS_REFUSED/)
  })
})

function openConnection(
  url: string,
  prefix = 'warren',
  onHint: (nodeIds: readonly string[]) => void = () => {},
): Promise<RabbitConnection> {
  return RabbitConnection.open({ url, prefix, origin: newUuid(), now: Date.now, onHint })
}
