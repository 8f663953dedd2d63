import { setTimeout as after } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'

import type { NewTask, NodeResult, SettlingClaim } from '../../src/store/task-store.ts'
import type { RelayStore } from '../../src/store/relay-store.ts'
import {
  addNodes,
  CLAIM_MS,
  settle,
  admitted,
  describeStores,
  LEASE,
  newTask,
  NOW,
} from './store-bench.ts'

const DUE = { limit: 10, silence: null }

/** Leases a subtask for each node and stores its result, in the given order. */
async function answerAll(store: RelayStore, results: Readonly<Record<string, string>>) {
  const outcomes = []
  for (const [nodeId, json] of Object.entries(results)) {
    const lease = (await store.tasks.leaseOldest(nodeId, LEASE))!
    const { subtaskId } = lease
    const nodeResult = { subtaskId, nodeId, json, status: 'ok' as const }
    outcomes.push(await store.tasks.storeResult(nodeResult))
  }
  return outcomes
}

/** Admits a task with an immediate result. */
async function settled(store: RelayStore, task = newTask()): Promise<NewTask> {
  await store.tasks.admit({ ...task, immediateResult: `result of ${task.uuid}` })
  return task
}

/** Settles a task. Returns the results of its nodes. */
async function settleAndRead(store: RelayStore, taskId: string): Promise<readonly NodeResult[]> {
  let results: readonly NodeResult[] = []
  const settlement = await settle(store, taskId, async (claim) => {
    results = await readClaimed(store, claim)
    return '{}'
  })
  expect(settlement?.outcome).toBe('settled')
  return results
}

async function readClaimed(
  store: RelayStore,
  { task, results }: SettlingClaim,
): Promise<readonly NodeResult[]> {
  const nodeIds = results.map(({ nodeId }) => nodeId)
  return store.tasks.readResults(task.taskId, nodeIds)
}

describeStores('results', (openBench) => {
  it('are accepted from the node that leased the subtask, until all nodes have answered', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b] = await addNodes(store, 2)
    const task = newTask()
    const { taskId, subtasks } = await admitted(store, task)
    const lease = (await store.tasks.leaseOldest(a!, LEASE))!
    const result = { subtaskId: lease.subtaskId, json: '{}', status: 'ok' as const }
    expect(await store.tasks.storeResult({ ...result, nodeId: b! })).toEqual({
      outcome: 'not-assigned',
    })
    const unknown = { ...result, nodeId: a!, subtaskId: taskId }
    expect(await store.tasks.storeResult(unknown)).toEqual({ outcome: 'not-assigned' })
    const forB = subtasks.find(({ nodeId }) => nodeId === b)!
    expect(await store.tasks.isAssigned(lease.subtaskId, a!)).toBe(true)
    expect(await store.tasks.isAssigned(lease.subtaskId, b!)).toBe(false)
    expect(await store.tasks.isAssigned(taskId, a!)).toBe(false)
    // Not handed out yet.
    expect(await store.tasks.isAssigned(forB.subtaskId, b!)).toBe(false)
    expect(await store.tasks.storeResult({ ...result, nodeId: a! })).toEqual({
      outcome: 'stored',
      taskId,
      taskUuid: task.uuid,
      kind: 'availability',
      allAnswered: false,
    })
    // The subtask was never handed out, so no node can know its ID.
    const guessed = { ...result, nodeId: b!, subtaskId: subtasks[1]!.subtaskId }
    expect(await store.tasks.storeResult(guessed)).toEqual({ outcome: 'not-assigned' })
    const [last] = await answerAll(store, { [b!]: '{}' })
    expect(last).toMatchObject({ outcome: 'stored', allAnswered: true })
  })

  it('are accepted as long as the task is open, even after the lease expired', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    await admitted(store)
    const { subtaskId } = (await store.tasks.leaseOldest(node!, LEASE))!
    bench.clock.now = NOW + 60_000
    await store.tasks.returnExpiredLeases(5)
    const result = { subtaskId, nodeId: node!, json: '{}', status: 'ok' as const }
    expect(await store.tasks.storeResult(result)).toMatchObject({
      outcome: 'stored',
      allAnswered: true,
    })
    // An answered subtask is not handed out again.
    expect(await store.tasks.leaseOldest(node!, LEASE)).toBeNull()
  })

  it('may be submitted again: the last one counts, but a failure never replaces an ok result', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const { taskId } = await admitted(store)
    const { subtaskId } = (await store.tasks.leaseOldest(node!, LEASE))!
    const submit = (json: string, status: 'ok' | 'error') =>
      store.tasks.storeResult({ subtaskId, nodeId: node!, json, status })
    for (const [json, status] of [
      ['failed', 'error'],
      ['failed again', 'error'],
      ['first', 'ok'],
      ['second', 'ok'],
      ['failed late', 'error'],
    ] as const) {
      expect(await submit(json, status)).toMatchObject({ outcome: 'stored', allAnswered: true })
    }
    expect(await settleAndRead(store, taskId)).toEqual([
      { nodeId: node, status: 'ok', json: Buffer.from('second') },
    ])
  })

  it('from two nodes at once: at least one of the calls reports that all nodes have answered', async () => {
    await using bench = await openBench()
    const stores = [bench.open(), bench.open()]
    const nodes = await addNodes(stores[0]!, 2)
    for (let round = 0; round < 20; round++) {
      await admitted(stores[0]!)
      const leases = await Promise.all(
        nodes.map((node, index) => stores[index]!.tasks.leaseOldest(node, LEASE)),
      )
      const outcomes = await Promise.all(
        nodes.map((nodeId, index) => {
          const { subtaskId } = leases[index]!
          const result = { subtaskId, nodeId, json: '{}', status: 'ok' as const }
          return stores[index]!.tasks.storeResult(result)
        }),
      )
      const last = outcomes.filter((one) => one.outcome === 'stored' && one.allAnswered)
      expect(last.length).toBeGreaterThanOrEqual(1)
    }
  })

  it('are late once the task is settled, until the task is deleted', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const task = newTask()
    const { taskId } = await admitted(store, task)
    const { subtaskId } = (await store.tasks.leaseOldest(node!, LEASE))!
    await settle(store, taskId)
    const result = { subtaskId, nodeId: node!, json: '{}', status: 'ok' as const }
    const late = { outcome: 'late', taskId, taskUuid: task.uuid }
    expect(await store.tasks.storeResult(result)).toEqual(late)
    const [submission] = await store.tasks.claimSubmissions({ limit: 1, claimMs: 1 })
    await store.tasks.recordSubmission(submission!, { outcome: 'submitted' })
    expect(await store.tasks.storeResult(result)).toEqual(late)
    bench.clock.now = NOW + 1
    await store.tasks.deleteOld(0)
    expect(await store.tasks.storeResult(result)).toEqual({ outcome: 'not-assigned' })
  })
})

describeStores('settling', (openBench) => {
  it('is due when all nodes have answered, or when the deadline has passed', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b] = await addNodes(store, 2)
    const done = newTask()
    const waiting = newTask({ ageMs: -1, deadlineMs: 499 })
    await admitted(store, done)
    await admitted(store, waiting)
    await answerAll(store, { [a!]: '{}', [b!]: '{}' })
    const due = async (now: number) => {
      bench.clock.now = now
      return (await store.tasks.findDueTasks('availability', DUE)).map(({ uuid, reason }) => [
        uuid,
        reason,
      ])
    }
    expect(await due(NOW)).toEqual([[done.uuid, 'all answered']])
    expect(await due(NOW + 500)).toEqual([
      [waiting.uuid, 'deadline'],
      [done.uuid, 'all answered'],
    ])
    expect(await store.tasks.findDueTasks('availability', { ...DUE, limit: 1 })).toHaveLength(1)
  })

  it('is due when the only node that had not answered is removed', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b] = await addNodes(store, 2)
    const { taskId } = await admitted(store)
    await answerAll(store, { [a!]: '{}' })
    await store.users.removeNode(b!)
    expect(await store.tasks.findDueTasks('availability', DUE)).toMatchObject([
      { reason: 'all answered' },
    ])
    await settle(store, taskId, ({ task }) => `${task.asked} asked`)
    const [submission] = await store.tasks.claimSubmissions({ limit: 1, claimMs: 1 })
    expect(submission?.result.toString()).toBe('2 asked')
  })

  it('reads every result, even many of them', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const nodes = await addNodes(store, 220)
    const { taskId } = await admitted(store)
    const unordered = nodes.toReversed()
    for (let start = 0; start < unordered.length; start += 20) {
      const some = unordered.slice(start, start + 20)
      await Promise.all(some.map((node) => answerAll(store, { [node]: `of ${node}` })))
    }
    const results = await settleAndRead(store, taskId)
    expect(results.map(({ nodeId }) => nodeId).sort()).toEqual(nodes)
    expect(results.every(({ nodeId, json }) => json?.toString() === `of ${nodeId}`)).toBe(true)
  })

  it('happens exactly once for any number of concurrent calls', async () => {
    await using bench = await openBench()
    const stores = [bench.open({ poolSize: 10 }), bench.open({ poolSize: 10 })]
    await addNodes(stores[0]!, 2)
    for (let round = 0; round < 5; round++) {
      const { taskId } = await admitted(stores[0]!)
      const settlements = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          settle(stores[index % 2]!, taskId, async () => {
            await after(5)
            return String(index)
          }),
        ),
      )
      expect(settlements.filter((one) => one?.outcome === 'settled')).toHaveLength(1)
      expect(settlements.filter((one) => one === null)).toHaveLength(15)
      expect(await settle(stores[0]!, taskId)).toBeNull()
    }
  })

  it('is left to another relay when its claim expires, and the first one then stores nothing', async () => {
    await using bench = await openBench()
    const [one, two] = [bench.open(), bench.open()]
    const [node] = await addNodes(one, 1)
    const task = newTask()
    const { taskId } = await admitted(one, task)
    await answerAll(one, { [node!]: 'kept' })
    const first = (await one.tasks.claimSettling(taskId, CLAIM_MS))!
    expect(first).toMatchObject({
      task: { uuid: task.uuid, asked: 1 },
      attempt: 1,
      results: [{ nodeId: node, status: 'ok', bytes: 4 }],
    })
    expect(await two.tasks.claimSettling(taskId, CLAIM_MS)).toBeNull()
    expect(await two.tasks.findDueTasks('availability', DUE)).toEqual([])
    bench.clock.now += CLAIM_MS - 1
    expect(await one.tasks.renewSettling(first, CLAIM_MS)).toBe(true)
    bench.clock.now += CLAIM_MS
    expect(await one.tasks.renewSettling(first, CLAIM_MS)).toBe(false)
    // Expired, even if no other relay has claimed the task yet: results are accepted again.
    expect(await one.tasks.settle(first, 'too late')).toEqual({ outcome: 'lost' })
    expect(await two.tasks.findDueTasks('availability', DUE)).toHaveLength(1)
    const second = (await two.tasks.claimSettling(taskId, CLAIM_MS))!
    expect(second.attempt).toBe(2)
    expect(await one.tasks.settle(first, 'too late')).toEqual({ outcome: 'lost' })
    expect(await two.tasks.settle(second, 'combined')).toMatchObject({ outcome: 'settled' })
    expect(await one.tasks.settle(first, 'too late')).toEqual({ outcome: 'lost' })
    const [submission] = await one.tasks.claimSubmissions({ limit: 1, claimMs: 1 })
    expect(submission?.result.toString()).toBe('combined')
  })

  it('does not count a claim that was given back', async () => {
    await using bench = await openBench()
    const store = bench.open()
    await addNodes(store, 1)
    const { taskId } = await admitted(store)
    await store.tasks.releaseSettling((await store.tasks.claimSettling(taskId, CLAIM_MS))!)
    expect((await store.tasks.claimSettling(taskId, CLAIM_MS))?.attempt).toBe(1)
  })

  it.each([
    [false, 0],
    [true, 3],
  ])('with keep %s leaves %i node results in the database', async (keep, left) => {
    await using bench = await openBench()
    const store = bench.open()
    const nodes = await addNodes(store, 3)
    const task = newTask()
    const { taskId } = await admitted(store, task)
    const large = 'x'.repeat(1_500_000)
    await answerAll(store, Object.fromEntries(nodes.map((node) => [node, large])))
    await settle(store, taskId)
    // A relay that crashes now leaves the results. Another one finds them once the claim has expired.
    expect(await store.tasks.findUndiscarded(10)).toEqual([])
    bench.clock.now += CLAIM_MS
    expect(await store.tasks.findUndiscarded(10)).toEqual([taskId])
    await store.tasks.discardResults(taskId, { keep })
    expect(await store.tasks.findUndiscarded(10)).toEqual([])
    expect(await bench.listTasks()).toMatchObject([
      { uuid: task.uuid, state: 'settled', subtasks: { answered: 3 }, settledAt: NOW, kept: left },
    ])
  })

  it('does not wait for a late result, and does not accept one while the task is claimed', async () => {
    await using bench = await openBench()
    const [one, two] = [bench.open(), bench.open()]
    const [a, b] = await addNodes(one, 2)
    const { taskId } = await admitted(one)
    await answerAll(one, { [a!]: 'in time' })
    const { subtaskId } = (await two.tasks.leaseOldest(b!, LEASE))!
    const claim = (await one.tasks.claimSettling(taskId, CLAIM_MS))!
    const result = { subtaskId, nodeId: b!, json: 'late', status: 'ok' as const }
    expect((await two.tasks.storeResult(result)).outcome).toBe('late')
    expect(await one.tasks.settle(claim, '{}')).toMatchObject({
      outcome: 'settled',
      missing: 1,
      users: ['north'],
      isExpired: false,
    })
    expect((await two.tasks.storeResult(result)).outcome).toBe('late')
    expect(await bench.listTasks()).toMatchObject([{ subtasks: { answered: 1, missed: 1 } }])
  })

  it('accepts results again when the claim of a crashed relay has expired', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const { taskId } = await admitted(store)
    const { subtaskId } = (await store.tasks.leaseOldest(node!, LEASE))!
    await store.tasks.claimSettling(taskId, CLAIM_MS)
    bench.clock.now += CLAIM_MS
    const result = { subtaskId, nodeId: node!, json: '{}', status: 'ok' as const }
    expect((await store.tasks.storeResult(result)).outcome).toBe('stored')
  })

  it('stops handing out the subtasks that were not answered', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b] = await addNodes(store, 2)
    const { taskId } = await admitted(store)
    await store.tasks.leaseOldest(a!, LEASE)
    await settle(store, taskId)
    expect(await store.tasks.leaseOldest(b!, LEASE)).toBeNull()
    bench.clock.now = NOW + 1e9
    expect(await store.tasks.returnExpiredLeases(5)).toEqual([])
    expect(await store.tasks.findNodesWithWork()).toEqual([])
  })
})

describe('submissions', () => {
  describeStores('of combined results', (openBench) => {
    const CLAIM = { limit: 10, claimMs: 60_000 }

    it('are claimed by one relay at a time, until they are recorded or the claim expires', async () => {
      await using bench = await openBench()
      const stores = [bench.open(), bench.open()]
      const tasks = []
      for (let number = 0; number < 20; number++) tasks.push(await settled(stores[0]!))
      const claims = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          stores[index % 2]!.tasks.claimSubmissions({ ...CLAIM, limit: 5 }),
        ),
      )
      const claimed = claims.flat().map(({ uuid }) => uuid)
      expect(new Set(claimed).size).toBe(claimed.length)
      // No claim is larger than its limit. The other submissions are left for the next claim.
      const rest = await stores[0]!.tasks.claimSubmissions({ ...CLAIM, limit: 20 })
      expect([...claimed, ...rest.map(({ uuid }) => uuid)].sort()).toEqual(
        tasks.map(({ uuid }) => uuid).sort(),
      )
      expect(await stores[0]!.tasks.claimSubmissions(CLAIM)).toEqual([])
      bench.clock.now = NOW + 60_000
      const again = await stores[0]!.tasks.claimSubmissions(CLAIM)
      expect(again[0]?.attempt).toBe(2)
    })

    it('are claimed by upstream', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const task = await settled(store)
      await settled(store, newTask({ upstream: 'other' }))
      bench.clock.now = NOW + 7
      const due = await store.tasks.claimSubmissions({ ...CLAIM, upstream: 'national' })
      expect(due).toEqual([
        {
          taskId: expect.any(String),
          uuid: task.uuid,
          upstream: 'national',
          kind: 'availability',
          collection: task.collection,
          result: Buffer.from(`result of ${task.uuid}`),
          attempt: 1,
          ageMs: 7,
        },
      ])
    })

    it('are claimed again at the time of the retry, and never after success', async () => {
      await using bench = await openBench()
      const store = bench.open()
      await settled(store)
      const [first] = await store.tasks.claimSubmissions(CLAIM)
      const retry = { outcome: 'retry' as const, afterMs: 5_000, cause: 'HTTP 503' }
      expect(await store.tasks.recordSubmission(first!, retry)).toBe(true)
      bench.clock.now = NOW + 4_999
      expect(await store.tasks.claimSubmissions(CLAIM)).toEqual([])
      bench.clock.now = NOW + 5_000
      const [second] = await store.tasks.claimSubmissions(CLAIM)
      expect(second?.attempt).toBe(2)
      expect(await bench.listTasks()).toMatchObject([
        { submissionAttempts: 2, submissionCause: 'HTTP 503' },
      ])
      await store.tasks.recordSubmission(second!, { outcome: 'submitted' })
      bench.clock.now = NOW + 1e9
      expect(await store.tasks.claimSubmissions(CLAIM)).toEqual([])
      expect(await store.tasks.recordSubmission(second!, { outcome: 'submitted' })).toBe(false)
    })

    it('stay claimed while the claim is renewed, except by a caller that lost it', async () => {
      await using bench = await openBench()
      const store = bench.open()
      await settled(store)
      await settled(store)
      const claims = await store.tasks.claimSubmissions({ ...CLAIM, claimMs: 6_000 })
      bench.clock.now = NOW + 5_000
      await store.tasks.renewClaims(claims, 6_000)
      bench.clock.now = NOW + 10_999
      expect(await store.tasks.claimSubmissions(CLAIM)).toEqual([])
      bench.clock.now = NOW + 11_000
      // A process does not claim what it has not recorded yet.
      const except = [claims[0]!.taskId]
      const again = await store.tasks.claimSubmissions({ ...CLAIM, claimMs: 6_000, except })
      expect(again).toMatchObject([{ taskId: claims[1]!.taskId, attempt: 2 }])
      await store.tasks.renewClaims([claims[1]!], 1_000_000)
      bench.clock.now = NOW + 17_000
      expect(await store.tasks.claimSubmissions(CLAIM)).toHaveLength(2)
      await store.tasks.renewClaims([], 1)
    })

    it('are claimed with their results, small and large', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const results = ['{"small":1}', `{"é\\\\":"${'x'.repeat(3_000_000)}"}`, 'y'.repeat(65_536)]
      for (const immediateResult of results) {
        await store.tasks.admit(newTask({ type: 'none', immediateResult }))
      }
      const claimed = await store.tasks.claimSubmissions(CLAIM)
      expect(claimed.map(({ result }) => result.toString()).sort()).toEqual(results.sort())
    })

    it('keep a replacement of the result', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const task = await settled(store)
      const [first] = await store.tasks.claimSubmissions(CLAIM)
      const retry = { outcome: 'retry' as const, afterMs: 0, cause: 'HTTP_413' }
      await store.tasks.recordSubmission(first!, { ...retry, replacement: '{"smaller":1}' })
      const [second] = await store.tasks.claimSubmissions(CLAIM)
      const replaced = Buffer.from('{"smaller":1}')
      expect(second).toMatchObject({ result: replaced, attempt: 2 })
      await store.tasks.recordSubmission(second!, { outcome: 'submitted' })
      expect(await store.tasks.admit(task)).toMatchObject({ outcome: 'settled', fresh: false })
      const [again] = await store.tasks.claimSubmissions(CLAIM)
      expect(again?.result).toEqual(replaced)
    })

    it('are kept as dead letters with their cause', async () => {
      await using bench = await openBench()
      const store = bench.open()
      await settled(store)
      const [submission] = await store.tasks.claimSubmissions(CLAIM)
      const abandoned = {
        outcome: 'abandoned' as const,
        cause: `HTTP 400: \u0000${'x'.repeat(10_000)}`,
      }
      expect(await store.tasks.recordSubmission(submission!, abandoned)).toBe(true)
      const [task] = await bench.listTasks()
      expect(task?.submissionCause).toHaveLength(500)
      bench.clock.now = NOW + 1e9
      expect(await store.tasks.claimSubmissions(CLAIM)).toEqual([])
    })

    it('ignore a failure from an expired claim, and record a success from it', async () => {
      await using bench = await openBench()
      const store = bench.open()
      await settled(store)
      const [slow] = await store.tasks.claimSubmissions(CLAIM)
      bench.clock.now = NOW + 60_000
      const [fast] = await store.tasks.claimSubmissions(CLAIM)
      const abandoned = { outcome: 'abandoned' as const, cause: 'HTTP 400' }
      expect(await store.tasks.recordSubmission(slow!, abandoned)).toBe(false)
      const retry = { outcome: 'retry' as const, afterMs: 0, cause: 'HTTP 503' }
      expect(await store.tasks.recordSubmission(slow!, retry)).toBe(false)
      // The claim of the fast one still stands.
      bench.clock.now = NOW + 60_001
      expect(await store.tasks.claimSubmissions(CLAIM)).toEqual([])
      expect(await store.tasks.recordSubmission(slow!, { outcome: 'submitted' })).toBe(true)
      expect(await store.tasks.recordSubmission(fast!, { outcome: 'submitted' })).toBe(false)
    })

    it.each(['submitted', 'abandoned'] as const)(
      'are repeated with the same result when the upstream sends a task again that was %s',
      async (end) => {
        await using bench = await openBench()
        const store = bench.open()
        const task = await settled(store)
        const [submission] = await store.tasks.claimSubmissions(CLAIM)
        const outcome = end === 'abandoned' ? { outcome: end, cause: 'HTTP 400' } : { outcome: end }
        await store.tasks.recordSubmission(submission!, outcome)
        await addNodes(store, 1)
        bench.clock.now = NOW + 9
        const again = await store.tasks.admit({ ...task, ageMs: 2 })
        expect(again).toMatchObject({ outcome: 'settled', fresh: false })
        bench.clock.now = NOW + 10
        const [second] = await store.tasks.claimSubmissions(CLAIM)
        expect(second).toMatchObject({
          result: submission!.result,
          attempt: 1,
          ageMs: 3,
        })
      },
    )

    it('are not duplicated when the upstream sends the task again during a submission', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const task = await settled(store)
      const [submission] = await store.tasks.claimSubmissions(CLAIM)
      bench.clock.now = NOW + 1
      expect((await store.tasks.admit(task)).outcome).toBe('settled')
      expect(await store.tasks.claimSubmissions(CLAIM)).toEqual([])
      expect(await store.tasks.recordSubmission(submission!, { outcome: 'submitted' })).toBe(true)
    })

    it('are deleted after the retention time, and not before', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const [node] = await addNodes(store, 1)
      await settled(store)
      const [submission] = await store.tasks.claimSubmissions(CLAIM)
      await store.tasks.recordSubmission(submission!, { outcome: 'submitted' })
      await admitted(store)
      bench.clock.now = NOW + 1_000
      expect(await store.tasks.deleteOld(1_000)).toEqual({ deleted: 0, abandoned: [] })
      expect(await store.tasks.deleteOld(999)).toEqual({ deleted: 1, abandoned: [] })
      // Open tasks are never deleted.
      bench.clock.now = NOW + 100_000
      expect(await store.tasks.deleteOld(0)).toMatchObject({ deleted: 0 })
      expect(await store.tasks.leaseOldest(node!, LEASE)).not.toBeNull()
    })

    it('that no relay makes become dead letters, which are then deleted', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const task = await settled(store, newTask({ upstream: 'taken out of the configuration' }))
      bench.clock.now = NOW + 1_000
      expect(await store.tasks.deleteOld(0)).toEqual({
        deleted: 0,
        abandoned: [task.uuid],
      })
      bench.clock.now = NOW + 1_001
      expect(await store.tasks.deleteOld(0)).toEqual({ deleted: 1, abandoned: [] })
    })
  })
})
