import { setTimeout as after } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'

import type { NewTask, NodeResult, RelayStore } from '../../src/store/relay-store.ts'
import { addNodes, admitted, describeStores, LEASE, newTask, NOW } from './store-bench.ts'

const KEEP = { keepNodeResults: true }
const DROP = { keepNodeResults: false }

/** Leases and answers for each node, in the order given. */
async function answerAll(store: RelayStore, answers: Readonly<Record<string, string>>) {
  const outcomes = []
  for (const [nodeId, result] of Object.entries(answers)) {
    const lease = (await store.tasks.leaseOldest(nodeId, LEASE))!
    const { subtaskId } = lease
    const answer = { subtaskId, nodeId, result, status: 'ok' as const, now: NOW }
    outcomes.push(await store.tasks.storeResult(answer))
  }
  return outcomes
}

async function cannotAdd(): Promise<string> {
  throw new RangeError('too much')
}

async function collect(answers: AsyncIterable<NodeResult>): Promise<string> {
  const all = []
  for await (const answer of answers) all.push(answer)
  return JSON.stringify(all)
}

/** A task that has its final result. */
async function settled(store: RelayStore, task = newTask()): Promise<NewTask> {
  await store.tasks.admit({ ...task, immediateResult: `result of ${task.uuid}` })
  return task
}

/** Settles with the answers themselves as the result. */
async function settledAnswers(store: RelayStore, taskId: string): Promise<NodeResult[]> {
  const settling = await store.tasks.settle(taskId, NOW, (_, answers) => collect(answers), DROP)
  if (settling.outcome !== 'settled') throw new Error('it was settled before')
  const answers: NodeResult[] = JSON.parse(settling.result)
  return answers
}

describeStores('answers', (openBench) => {
  it('are taken from the node they were asked of, and complete the task', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b] = await addNodes(store, 2)
    const task = newTask()
    const { taskId, subtasks } = await admitted(store, task)
    const lease = (await store.tasks.leaseOldest(a!, LEASE))!
    const answer = { subtaskId: lease.subtaskId, result: '{}', status: 'ok' as const, now: NOW }
    expect(await store.tasks.storeResult({ ...answer, nodeId: b! })).toEqual({
      outcome: 'not-assigned',
    })
    const unknown = { ...answer, nodeId: a!, subtaskId: taskId }
    expect(await store.tasks.storeResult(unknown)).toEqual({ outcome: 'not-assigned' })
    expect(await store.tasks.storeResult({ ...answer, nodeId: a! })).toEqual({
      outcome: 'stored',
      taskId,
      taskUuid: task.uuid,
      allAnswered: false,
    })
    // Never handed out, so nobody can know its id honestly.
    const guessed = { ...answer, nodeId: b!, subtaskId: subtasks[1]!.subtaskId }
    expect(await store.tasks.storeResult(guessed)).toEqual({ outcome: 'not-assigned' })
    const [last] = await answerAll(store, { [b!]: '{}' })
    expect(last).toMatchObject({ outcome: 'stored', allAnswered: true })
  })

  it('count as long as the task is open, whatever became of the lease', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    await admitted(store)
    const { subtaskId } = (await store.tasks.leaseOldest(node!, LEASE))!
    await store.tasks.returnExpiredLeases(NOW + 60_000, 5)
    const answer = { subtaskId, nodeId: node!, result: '{}', status: 'ok' as const, now: NOW }
    expect(await store.tasks.storeResult(answer)).toMatchObject({
      outcome: 'stored',
      allAnswered: true,
    })
    // Nobody is asked again what has been answered.
    expect(await store.tasks.leaseOldest(node!, LEASE)).toBeNull()
  })

  it('may be repeated: the last one counts, but a failure never replaces an answer', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const { taskId } = await admitted(store)
    const { subtaskId } = (await store.tasks.leaseOldest(node!, LEASE))!
    const say = (result: string, status: 'ok' | 'error') =>
      store.tasks.storeResult({ subtaskId, nodeId: node!, result, status, now: NOW })
    for (const [result, status] of [
      ['failed', 'error'],
      ['failed again', 'error'],
      ['first', 'ok'],
      ['second', 'ok'],
      ['failed late', 'error'],
    ] as const) {
      expect(await say(result, status)).toMatchObject({ outcome: 'stored', allAnswered: true })
    }
    expect(await settledAnswers(store, taskId)).toEqual([
      { nodeId: node, status: 'ok', result: 'second' },
    ])
  })

  it('given by two nodes at once complete the task for at least one of them', async () => {
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
          const answer = { subtaskId, nodeId, result: '{}', status: 'ok' as const, now: NOW }
          return stores[index]!.tasks.storeResult(answer)
        }),
      )
      const last = outcomes.filter((one) => one.outcome === 'stored' && one.allAnswered)
      expect(last.length).toBeGreaterThanOrEqual(1)
    }
  })

  it('are late once the task is settled, as long as it is remembered', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const task = newTask()
    const { taskId } = await admitted(store, task)
    const { subtaskId } = (await store.tasks.leaseOldest(node!, LEASE))!
    await store.tasks.settle(taskId, NOW, async () => '{}', DROP)
    const answer = { subtaskId, nodeId: node!, result: '{}', status: 'ok' as const, now: NOW }
    const late = { outcome: 'late', taskId, taskUuid: task.uuid }
    expect(await store.tasks.storeResult(answer)).toEqual(late)
    const [delivery] = await store.tasks.claimSubmissions(NOW, { limit: 1, claimMs: 1 })
    await store.tasks.recordSubmission(delivery!, { outcome: 'submitted' }, NOW)
    expect(await store.tasks.storeResult(answer)).toEqual(late)
    await store.tasks.deleteOld(NOW + 1, NOW + 1)
    expect(await store.tasks.storeResult(answer)).toEqual({ outcome: 'not-assigned' })
  })
})

describeStores('settling', (openBench) => {
  it('is due when all have answered, or when the deadline has passed', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b] = await addNodes(store, 2)
    const done = newTask()
    const waiting = newTask({ receivedAt: NOW + 1, deadlineAt: NOW + 500 })
    await admitted(store, done)
    await admitted(store, waiting)
    await answerAll(store, { [a!]: '{}', [b!]: '{}' })
    const due = async (now: number) =>
      (await store.tasks.dueForSettling(now, 10)).map(({ uuid, reason }) => [uuid, reason])
    expect(await due(NOW)).toEqual([[done.uuid, 'all answered']])
    expect(await due(NOW + 500)).toEqual([
      [waiting.uuid, 'deadline'],
      [done.uuid, 'all answered'],
    ])
    expect(await store.tasks.dueForSettling(NOW + 500, 1)).toHaveLength(1)
  })

  it('is due when the only node that had not answered is removed', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b] = await addNodes(store, 2)
    const { taskId } = await admitted(store)
    await answerAll(store, { [a!]: '{}' })
    await store.users.removeNode(b!)
    expect(await store.tasks.dueForSettling(NOW, 10)).toMatchObject([{ reason: 'all answered' }])
    await store.tasks.settle(taskId, NOW, async ({ asked }) => `${asked} asked`, DROP)
    const [delivery] = await store.tasks.claimSubmissions(NOW, { limit: 1, claimMs: 1 })
    expect(delivery?.result).toBe('2 asked')
  })

  it('gives the answers in order of node id, also many of them', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const nodes = await addNodes(store, 220)
    const { taskId } = await admitted(store)
    const unordered = nodes.toReversed()
    for (let start = 0; start < unordered.length; start += 20) {
      const some = unordered.slice(start, start + 20)
      await Promise.all(some.map((node) => answerAll(store, { [node]: `of ${node}` })))
    }
    const given = await settledAnswers(store, taskId)
    expect(given.map(({ nodeId }) => nodeId)).toEqual(nodes)
    expect(given.every(({ nodeId, result }) => result === `of ${nodeId}`)).toBe(true)
  })

  it('happens exactly once, however many try', async () => {
    await using bench = await openBench()
    const stores = [bench.open({ poolSize: 10 }), bench.open({ poolSize: 10 })]
    await addNodes(stores[0]!, 2)
    for (let round = 0; round < 5; round++) {
      const { taskId } = await admitted(stores[0]!)
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          stores[index % 2]!.tasks.settle(
            taskId,
            NOW,
            async () => {
              await after(5)
              return String(index)
            },
            DROP,
          ),
        ),
      )
      expect(outcomes.filter(({ outcome }) => outcome === 'settled')).toHaveLength(1)
      expect(await stores[0]!.tasks.settle(taskId, NOW, async () => '', DROP)).toEqual({
        outcome: 'already',
      })
    }
  })

  it('changes nothing if adding up fails', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const { taskId } = await admitted(store)
    await answerAll(store, { [node!]: 'kept' })
    await expect(store.tasks.settle(taskId, NOW, cannotAdd, DROP)).rejects.toThrow('too much')
    const again = await store.tasks.settle(taskId, NOW, (_, answers) => collect(answers), DROP)
    expect(again).toMatchObject({ outcome: 'settled' })
    expect(again).toMatchObject({ result: expect.stringContaining('kept') })
  })

  it.each([
    [DROP, 0],
    [KEEP, 1],
  ])('with %j leaves %i answers of nodes in the database', async (options, left) => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const task = newTask()
    const { taskId } = await admitted(store, task)
    await answerAll(store, { [node!]: 'kept' })
    await store.tasks.settle(taskId, NOW, async () => '{}', options)
    expect(await store.tasks.listTasks({ limit: 1 })).toMatchObject([
      { uuid: task.uuid, state: 'settled', subtasks: { answered: 1 }, settledAt: NOW },
    ])
    expect(await bench.countKeptResults()).toBe(left)
  })

  it('waits for no late answer, and lets none in half-way', async () => {
    await using bench = await openBench()
    const [one, two] = [bench.open(), bench.open()]
    const [a, b] = await addNodes(one, 2)
    const { taskId } = await admitted(one)
    await answerAll(one, { [a!]: 'in time' })
    const { subtaskId } = (await two.tasks.leaseOldest(b!, LEASE))!
    const reading = Promise.withResolvers<void>()
    const settled = one.tasks.settle(
      taskId,
      NOW,
      async (_, answers) => {
        const all = await collect(answers)
        reading.resolve()
        await after(100)
        return all
      },
      DROP,
    )
    await reading.promise
    const answer = { subtaskId, nodeId: b!, result: 'late', status: 'ok' as const, now: NOW }
    const [late, { outcome }] = await Promise.all([two.tasks.storeResult(answer), settled])
    expect(outcome).toBe('settled')
    expect(late.outcome).toBe('late')
    expect(await one.tasks.listTasks({ limit: 1 })).toMatchObject([
      { subtasks: { answered: 1, missed: 1 } },
    ])
  })

  it('ends hand-outs of what was not answered', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b] = await addNodes(store, 2)
    const { taskId } = await admitted(store)
    await store.tasks.leaseOldest(a!, LEASE)
    await store.tasks.settle(taskId, NOW, async () => '{}', DROP)
    expect(await store.tasks.leaseOldest(b!, LEASE)).toBeNull()
    expect(await store.tasks.returnExpiredLeases(NOW + 1e9, 5)).toEqual([])
    expect(await store.tasks.nodesWithWork()).toEqual([])
  })
})

describe('deliveries', () => {
  describeStores('of final results', (openBench) => {
    const CLAIM = { limit: 10, claimMs: 60_000 }

    it('are claimed by one relay at a time, until recorded or the claim runs out', async () => {
      await using bench = await openBench()
      const stores = [bench.open(), bench.open()]
      const tasks = []
      for (let number = 0; number < 20; number++) tasks.push(await settled(stores[0]!))
      const claims = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          stores[index % 2]!.tasks.claimSubmissions(NOW, { ...CLAIM, limit: 5 }),
        ),
      )
      const claimed = claims.flat().map(({ uuid }) => uuid)
      expect(new Set(claimed).size).toBe(claimed.length)
      // Nobody had more than five, and what was passed over is there for the next.
      const rest = await stores[0]!.tasks.claimSubmissions(NOW, { ...CLAIM, limit: 20 })
      expect([...claimed, ...rest.map(({ uuid }) => uuid)].sort()).toEqual(
        tasks.map(({ uuid }) => uuid).sort(),
      )
      expect(await stores[0]!.tasks.claimSubmissions(NOW, CLAIM)).toEqual([])
      const again = await stores[0]!.tasks.claimSubmissions(NOW + 60_000, CLAIM)
      expect(again[0]?.attempt).toBe(2)
    })

    it('go to the upstream they came from', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const task = await settled(store)
      await settled(store, newTask({ upstream: 'other' }))
      const due = await store.tasks.claimSubmissions(NOW, { ...CLAIM, upstream: 'national' })
      expect(due).toEqual([
        {
          taskId: expect.any(String),
          uuid: task.uuid,
          upstream: 'national',
          kind: 'availability',
          collection: task.collection,
          result: `result of ${task.uuid}`,
          attempt: 1,
          receivedAt: NOW,
          settledAt: NOW,
        },
      ])
    })

    it('are tried again at the time that is said, and never after success', async () => {
      await using bench = await openBench()
      const store = bench.open()
      await settled(store)
      const [first] = await store.tasks.claimSubmissions(NOW, CLAIM)
      const retry = { outcome: 'retry' as const, at: NOW + 5_000, cause: 'HTTP 503' }
      expect(await store.tasks.recordSubmission(first!, retry, NOW)).toBe(true)
      expect(await store.tasks.claimSubmissions(NOW + 4_999, CLAIM)).toEqual([])
      const [second] = await store.tasks.claimSubmissions(NOW + 5_000, CLAIM)
      expect(second?.attempt).toBe(2)
      expect(await store.tasks.listTasks({ limit: 1 })).toMatchObject([
        { submissionAttempts: 2, submissionCause: 'HTTP 503' },
      ])
      await store.tasks.recordSubmission(second!, { outcome: 'submitted' }, NOW)
      expect(await store.tasks.claimSubmissions(NOW + 1e9, CLAIM)).toEqual([])
      expect(await store.tasks.recordSubmission(second!, { outcome: 'submitted' }, NOW)).toBe(false)
    })

    it('are kept as dead letters with their cause', async () => {
      await using bench = await openBench()
      const store = bench.open()
      await settled(store)
      const [delivery] = await store.tasks.claimSubmissions(NOW, CLAIM)
      const dead = { outcome: 'abandoned' as const, cause: `HTTP 400: ${'x'.repeat(10_000)}` }
      expect(await store.tasks.recordSubmission(delivery!, dead, NOW)).toBe(true)
      const [task] = await store.tasks.listTasks({ state: 'dead', limit: 1 })
      expect(task?.submissionCause).toHaveLength(500)
      expect(await store.tasks.claimSubmissions(NOW + 1e9, CLAIM)).toEqual([])
    })

    it('take no failure from a claim that has run out, but a success', async () => {
      await using bench = await openBench()
      const store = bench.open()
      await settled(store)
      const [slow] = await store.tasks.claimSubmissions(NOW, CLAIM)
      const [fast] = await store.tasks.claimSubmissions(NOW + 60_000, CLAIM)
      const dead = { outcome: 'abandoned' as const, cause: 'HTTP 400' }
      expect(await store.tasks.recordSubmission(slow!, dead, NOW)).toBe(false)
      const retry = { outcome: 'retry' as const, at: NOW, cause: 'HTTP 503' }
      expect(await store.tasks.recordSubmission(slow!, retry, NOW)).toBe(false)
      // The claim of the fast one still stands.
      expect(await store.tasks.claimSubmissions(NOW + 60_001, CLAIM)).toEqual([])
      expect(await store.tasks.recordSubmission(slow!, { outcome: 'submitted' }, NOW)).toBe(true)
      expect(await store.tasks.recordSubmission(fast!, { outcome: 'submitted' }, NOW)).toBe(false)
    })

    it.each(['submitted', 'abandoned'] as const)(
      'happen again with the same result when the upstream asks again for what is %s',
      async (end) => {
        await using bench = await openBench()
        const store = bench.open()
        const task = await settled(store)
        const [delivery] = await store.tasks.claimSubmissions(NOW, CLAIM)
        const outcome = end === 'abandoned' ? { outcome: end, cause: 'HTTP 400' } : { outcome: end }
        await store.tasks.recordSubmission(delivery!, outcome, NOW)
        await addNodes(store, 1)
        const again = await store.tasks.admit({ ...task, receivedAt: NOW + 9 })
        expect(again).toMatchObject({ outcome: 'settled', fresh: false, result: delivery!.result })
        const [second] = await store.tasks.claimSubmissions(NOW + 9, CLAIM)
        expect(second).toMatchObject({ result: delivery!.result, attempt: 1, receivedAt: NOW + 9 })
      },
    )

    it('are not doubled when the upstream asks again while one is under way', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const task = await settled(store)
      const [delivery] = await store.tasks.claimSubmissions(NOW, CLAIM)
      expect((await store.tasks.admit({ ...task, receivedAt: NOW + 1 })).outcome).toBe('settled')
      expect(await store.tasks.claimSubmissions(NOW + 1, CLAIM)).toEqual([])
      expect(await store.tasks.recordSubmission(delivery!, { outcome: 'submitted' }, NOW)).toBe(
        true,
      )
    })

    it('are forgotten some time after they ended, and not before', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const [node] = await addNodes(store, 1)
      await settled(store)
      const [delivery] = await store.tasks.claimSubmissions(NOW, CLAIM)
      await store.tasks.recordSubmission(delivery!, { outcome: 'submitted' }, NOW)
      await admitted(store)
      expect(await store.tasks.deleteOld(NOW, NOW)).toEqual({ deleted: 0, abandoned: [] })
      expect(await store.tasks.deleteOld(NOW + 1, NOW + 1)).toEqual({ deleted: 1, abandoned: [] })
      // What is open is never forgotten.
      expect(await store.tasks.deleteOld(NOW + 1e9, NOW + 1e9)).toMatchObject({ deleted: 0 })
      expect(await store.tasks.leaseOldest(node!, LEASE)).not.toBeNull()
    })

    it('that nobody makes end as dead letters, and are forgotten after that', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const task = await settled(store, newTask({ upstream: 'taken out of the configuration' }))
      const late = NOW + 1_000
      expect(await store.tasks.deleteOld(late, late)).toEqual({
        deleted: 0,
        abandoned: [task.uuid],
      })
      expect(await store.tasks.deleteOld(late + 1, late + 1)).toEqual({ deleted: 1, abandoned: [] })
    })
  })
})
