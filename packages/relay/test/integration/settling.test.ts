import { setTimeout as after } from 'node:timers/promises'
import {
  CODE_DISTRIBUTION,
  decodeDistribution,
  distributionResult,
  fileText,
  resultFile,
  serializeResult,
} from '@warren/task-api'
import { until } from '@warren/testkit'
import { expect, it } from 'vitest'

import type { RelayStore } from '../../src/store/relay-store.ts'
import { addNodes, CLAIM_MS, describeStores } from './store-bench.ts'
import {
  countOf,
  openTaskService,
  settledResults,
  upstreamTask,
  type TaskBench,
} from './tasks-bench.ts'

const poll = { requestId: 'r1' }
const GENERIC = { analysis: 'DISTRIBUTION', code: 'GENERIC' }

/** A result with a row for each of the first codes. */
function codes(number: number, count: number): Buffer {
  const lines = Array.from({ length: number }, (_, index) => `OMOP:${index}\t${count}\tCondition`)
  const file = resultFile({
    name: CODE_DISTRIBUTION,
    text: `CODE\tCOUNT\tCATEGORY\n${lines.join('\n')}`,
    description: null,
    sensitive: true,
  })
  return Buffer.from(
    serializeResult(distributionResult({ uuid: '', collection: '' }, number, [file])),
  )
}

async function answer(
  { taskService }: Pick<TaskBench, 'taskService'>,
  node: string,
  json: Buffer,
): Promise<string> {
  const leased = (await taskService.lease(node, poll))!
  return taskService.storeResult(node, leased.subtaskId, json, 'r')
}

describeStores('settling', (openBench) => {
  it('of large distributions delays neither the return of leases nor an availability task', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores, { availabilityLeaseMs: 2_000 })
    const { taskService, store, events, clock } = bench
    const nodes = await addNodes(store, 4)
    const lent = upstreamTask()
    await taskService.admit('national', lent)
    await taskService.lease(nodes[0]!, { ...poll, kind: 'availability' })
    for (const node of nodes.slice(1))
      await taskService.lease(node, { ...poll, kind: 'availability' })
    const large = codes(60_000, 100)
    const distributions = [upstreamTask(GENERIC), upstreamTask(GENERIC)]
    for (const task of distributions) {
      await taskService.admit('national', task)
      for (const node of nodes) await answer(bench, node, large)
    }
    clock.now += 2_000
    const quick = upstreamTask()
    await taskService.admit('national', quick)
    for (const node of nodes) {
      await until(async () => {
        const leased = await taskService.lease(node, poll)
        if (leased?.taskId !== quick.uuid) return false
        return taskService.storeResult(node, leased.subtaskId, countOf(25), 'r')
      })
    }
    await Promise.all(taskService.sweepSteps.map(({ run }) => run()))
    expect(events.filter(({ event }) => event === 'lease returned').length).toBeGreaterThan(0)
    const settled = (): string[] =>
      events.flatMap((event) => (event.event === 'task settled' ? [event.taskId] : []))
    await until(() => settled().length > 0)
    expect(settled()).toEqual([quick.uuid])
    await until(() => settled().length === 3, { timeoutMs: 60_000 })
    const results = await settledResults(store)
    const result = results.get(distributions[0]!.uuid)!
    expect(result.message).toBe('answered by 4 of 4 nodes')
    const { rows } = decodeDistribution(fileText(result.queryResult.files[0]!))
    expect(rows).toHaveLength(60_000)
    expect(rows.every(({ count }) => count === 400)).toBe(true)
  }, 90_000)

  it('gives a claim back when the relay stops, so that another relay settles the task at once', async () => {
    await using stores = await openBench()
    const task = upstreamTask(GENERIC)
    let store: RelayStore
    {
      await using bench = openTaskService(stores)
      store = bench.store
      const [node] = await addNodes(store, 1)
      await bench.taskService.admit('national', task)
      await answer(bench, node!, codes(60_000, 100))
      await until(async () => {
        const due = await store.tasks.findDueTasks('distribution', { limit: 1, silence: null })
        return due.length === 0
      })
    }
    await using next = openTaskService(stores)
    await next.sweep()
    expect((await settledResults(next.store)).get(task.uuid)?.status).toBe('ok')
  })

  it('ends with an error after it has crashed relays repeatedly', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, clock } = bench
    const [node] = await addNodes(store, 1)
    const task = upstreamTask()
    await taskService.admit('national', task)
    clock.now += 240_000
    const [due] = await store.tasks.findDueTasks('availability', { limit: 1, silence: null })
    expect(node).toBeDefined()
    for (let crash = 1; crash <= 5; crash++) {
      expect((await store.tasks.claimSettling(due!.taskId, CLAIM_MS))?.attempt).toBe(crash)
      clock.now += CLAIM_MS
    }
    await bench.sweep()
    expect((await settledResults(store)).get(task.uuid)).toMatchObject({
      status: 'error',
      message: 'the results could not be combined',
    })
  })

  it('without a node that answered nonsense: the log names it, and no user is missing', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, records } = bench
    const [a, b] = await addNodes(store, 2)
    const task = upstreamTask()
    await taskService.admit('national', task)
    await answer(bench, a!, countOf(50))
    await answer(bench, b!, countOf(Number.MAX_SAFE_INTEGER))
    await taskService.idle()
    expect((await settledResults(store)).get(task.uuid)).toMatchObject({
      status: 'ok',
      message: 'answered by 1 of 2 nodes',
      queryResult: { count: 50 },
    })
    expect(records.find(({ msg }) => msg === 'result partly unusable')).toMatchObject({ node: b })
    expect(records.some(({ msg }) => msg === 'task expired')).toBe(false)
  })

  it('discards the results of nodes in the background', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const [node] = await addNodes(bench.store, 1)
    await bench.taskService.admit('national', upstreamTask())
    await answer(bench, node!, countOf(50))
    await bench.taskService.idle()
    expect(await stores.listTasks()).toMatchObject([{ state: 'settled', kept: 0 }])
  })
})

describeStores('a silent node', (openBench) => {
  const SILENCE = { silentNodeAfterMs: 60, silentNodeGraceMs: 5_000 }

  async function openSilent(stores: Parameters<typeof openTaskService>[0], more: object = {}) {
    const bench = openTaskService(stores, { ...SILENCE, ...more })
    const nodes = await addNodes(bench.store, 4)
    // From now on, the relay has listened for long enough, and no node has been seen lately.
    await after(80)
    bench.clock.now += 100_000
    const task = upstreamTask()
    await bench.taskService.admit('national', task)
    await bench.store.users.recordLastSeen(new Map(nodes.slice(0, 3).map((node) => [node, 0])))
    return { bench, nodes, task }
  }

  it('is asked but not waited for: the task settles after a grace period', async () => {
    await using stores = await openBench()
    const { bench: opened, nodes, task } = await openSilent(stores)
    await using bench = opened
    const { store, clock, records } = bench
    for (const node of nodes.slice(0, 2)) await answer(bench, node, countOf(50))
    clock.now += 50
    await bench.sweep()
    await answer(bench, nodes[2]!, countOf(50))
    clock.now += 4_999
    await bench.sweep()
    expect((await settledResults(store)).size).toBe(0)
    clock.now += 1
    await bench.sweep()
    expect((await settledResults(store)).get(task.uuid)).toMatchObject({
      status: 'ok',
      message: 'answered by 3 of 4 nodes',
      queryResult: { count: 150 },
    })
    expect(records.find(({ msg }) => msg === 'silent nodes not waited for')).toMatchObject({
      missing: 1,
      users: ['north'],
    })
    expect(records.some(({ msg }) => msg === 'task expired')).toBe(false)
  })

  it('is waited for if it polls in the grace period, until its lease expires', async () => {
    await using stores = await openBench()
    const { bench: opened, nodes, task } = await openSilent(stores)
    await using bench = opened
    const { taskService, store, clock } = bench
    for (const node of nodes.slice(0, 3)) await answer(bench, node, countOf(50))
    clock.now += 4_000
    const late = (await taskService.lease(nodes[3]!, poll))!
    clock.now += 50_000
    await bench.sweep()
    expect((await settledResults(store)).size).toBe(0)
    expect(await taskService.storeResult(nodes[3]!, late.subtaskId, countOf(50), 'r')).toBe(
      'stored',
    )
    await taskService.idle()
    expect((await settledResults(store)).get(task.uuid)?.queryResult.count).toBe(200)
  })

  it('is waited for if no other node has answered, and always right after the start', async () => {
    await using stores = await openBench()
    const { bench: opened, nodes } = await openSilent(stores)
    await using bench = opened
    bench.clock.now += 100_000
    await bench.sweep()
    expect((await settledResults(bench.store)).size).toBe(0)
    for (const node of nodes.slice(0, 3)) await answer(bench, node, countOf(50))
    bench.clock.now += 10_000
    await using started = openTaskService(stores, { ...SILENCE, silentNodeAfterMs: 20_000 })
    await started.sweep()
    expect((await settledResults(started.store)).size).toBe(0)
    await using off = openTaskService(stores, { ...SILENCE, silentNodeAfterMs: 0 })
    await off.sweep()
    expect((await settledResults(off.store)).size).toBe(0)
  })
})
