import { expect, it } from 'vitest'

import type { RelayStore } from '../../src/store/relay-store.ts'
import {
  addNodes,
  admitted,
  CLAIM_MS,
  describeStores,
  LEASE,
  newTask,
  NOW,
  settle,
} from './store-bench.ts'

/** Settles a task and abandons the submission of its result. */
async function makeDead(store: RelayStore, uuid: string): Promise<string> {
  const task = newTask({ uuid })
  await store.tasks.admit({ ...task, immediateResult: 'result' })
  const [submission] = await store.tasks.claimSubmissions({ limit: 1, claimMs: CLAIM_MS })
  await store.tasks.recordSubmission(submission!, { outcome: 'abandoned', cause: 'HTTP 404' })
  return submission!.taskId
}

describeStores('the directory of tasks', (openBench) => {
  it('lists tasks newest first, in pages, by state, with the number of results', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a] = await addNodes(store, 2)
    const uuids = ['t1', 't2', 't3', 't4', 't5']
    for (const uuid of uuids) {
      await admitted(store, newTask({ uuid }))
      bench.clock.now += 1_000
    }
    const lease = await store.tasks.leaseOldest(a!, LEASE)
    await store.tasks.storeResult({
      subtaskId: lease!.subtaskId,
      nodeId: a!,
      json: '{}',
      status: 'ok',
    })
    const first = await store.directory.list({ limit: 2 })
    expect(first.map(({ uuid }) => uuid)).toEqual(['t5', 't4'])
    const rest = await store.directory.list({ limit: 10, after: first[1]! })
    expect(rest.map(({ uuid }) => uuid)).toEqual(['t3', 't2', 't1'])
    expect(rest[2]).toMatchObject({
      state: 'open',
      asked: 2,
      answered: 1,
      receivedAt: NOW,
      settledAt: null,
      submissionAttempts: 0,
    })
    await makeDead(store, 'dead')
    const dead = await store.directory.list({ limit: 10, states: ['dead', 'delivered'] })
    expect(dead).toMatchObject([{ uuid: 'dead', state: 'dead', submissionCause: 'HTTP 404' }])
    expect(await store.directory.oldestOpen()).toMatchObject({ uuid: 't1', answered: 1 })
  })

  it('pages through tasks that were received at the same moment', async () => {
    await using bench = await openBench()
    const store = bench.open()
    await addNodes(store, 1)
    for (let index = 0; index < 7; index += 1) await admitted(store, newTask({ uuid: `t${index}` }))
    const seen: string[] = []
    for (let page = await store.directory.list({ limit: 3 }); page.length > 0;) {
      seen.push(...page.map(({ uuid }) => uuid))
      page = await store.directory.list({ limit: 3, after: page.at(-1)! })
    }
    expect(seen.toSorted()).toEqual(['t0', 't1', 't2', 't3', 't4', 't5', 't6'])
  })

  it('finds tasks by the beginning of their uuid or ID, whatever characters it has', async () => {
    await using bench = await openBench()
    const store = bench.open()
    await addNodes(store, 1)
    const { taskId } = await admitted(store, newTask({ uuid: '100%_a' }))
    await admitted(store, newTask({ uuid: '100x_a' }))
    const find = async (text: string) =>
      (await store.directory.find(text, 10)).map(({ uuid }) => uuid)
    expect(await find('100%')).toEqual(['100%_a'])
    expect(await find('100%_')).toEqual(['100%_a'])
    expect((await find('100')).toSorted()).toEqual(['100%_a', '100x_a'])
    expect(await find(taskId)).toEqual(['100%_a'])
    expect(await find('\\')).toEqual([])
    expect(await find("'; drop table relay_tasks; --")).toEqual([])
  })

  it('lists the subtasks of a task, and counts what nodes did', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b, c] = (await addNodes(store, 3)).toSorted()
    const { taskId } = await admitted(store)
    for (const [nodeId, status] of [
      [a!, 'ok'],
      [b!, 'error'],
    ] as const) {
      const lease = await store.tasks.leaseOldest(nodeId, LEASE)
      bench.clock.now += 1_500
      await store.tasks.storeResult({ subtaskId: lease!.subtaskId, nodeId, json: '{}', status })
    }
    expect(await store.directory.subtasks(taskId)).toMatchObject([
      { nodeId: a, state: 'answered', attempts: 1, status: 'ok', answeredAt: NOW + 1_500 },
      { nodeId: b, state: 'answered', attempts: 1, status: 'error', answeredAt: NOW + 3_000 },
      { nodeId: c, state: 'queued', attempts: 0, status: null, answeredAt: null },
    ])
    await settle(store, taskId)
    await admitted(store)
    const activity = await store.directory.nodeActivity(86_400_000)
    const none = {
      queued: 1,
      leased: 0,
      answered: 0,
      failed: 0,
      missed: 0,
      meanMs: null,
      lastResultAt: null,
    }
    expect(activity.get(a!)).toEqual({
      ...none,
      answered: 1,
      meanMs: 1_500,
      lastResultAt: NOW + 1_500,
    })
    expect(activity.get(b!)).toEqual({
      ...none,
      failed: 1,
      meanMs: 3_000,
      lastResultAt: NOW + 3_000,
    })
    expect(activity.get(c!)).toEqual({ ...none, missed: 1 })
    bench.clock.now += 1_000
    expect(await store.directory.nodeActivity(500)).toEqual(new Map())
  })

  it('has the result of a dead task submitted once more, and no other', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const dead = await makeDead(store, 'dead')
    expect(await store.directory.retry(dead)).toBe(true)
    expect(await store.directory.retry(dead)).toBe(false)
    const [submission] = await store.tasks.claimSubmissions({ limit: 10, claimMs: CLAIM_MS })
    expect(submission).toMatchObject({ uuid: 'dead', attempt: 1 })
    expect(String(submission?.result)).toBe('result')
    await store.tasks.recordSubmission(submission!, { outcome: 'submitted' })
    expect(await store.directory.retry(dead)).toBe(false)
  })

  it('names the leaderships that are held', async () => {
    await using bench = await openBench()
    const store = bench.open()
    expect(await store.directory.leaders()).toEqual([])
    const leadership = store.leadership('upstream a')
    await leadership.acquire()
    expect(await store.directory.leaders()).toEqual([
      { name: 'upstream a', heldForMs: leadership.holdMs },
    ])
    await leadership.release()
    expect(await store.directory.leaders()).toEqual([])
  })
})
