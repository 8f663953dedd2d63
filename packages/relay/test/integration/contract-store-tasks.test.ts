import { until } from '@warren/testkit'
import { describe, expect, it } from 'vitest'

import type { LeasedSubtask } from '../../src/store/task-store.ts'
import type { StoreEvent } from '../../src/store/relay-store.ts'
import { addNodes, admitted, describeStores, LEASE, newTask, NOW } from './store-bench.ts'

describeStores('admitting a task', (openBench) => {
  it('creates one subtask per active node and keeps the body of the task unchanged', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b, c] = await addNodes(store, 3)
    await store.users.setNodeActive(b!, false)
    const body = '{"uuid":"x","new":{"deep":[1,2.50,"ü\\u0000"]}}'
    const { subtasks } = await admitted(store, newTask({ body }))
    expect(subtasks.map(({ nodeId }) => nodeId)).toEqual([a, c])
    const lease = await store.tasks.leaseOldest(a!, LEASE)
    expect(lease).toMatchObject({ body, owner: 'north', attempt: 1, nodeId: a })
    const north = await store.users.findUser('north')
    expect(lease?.login).toEqual({ userId: north?.id, passwordVersion: 1, earlierVersion: null })
    expect(await store.tasks.leaseOldest(b!, LEASE)).toBeNull()
  })

  it('is idempotent by upstream and uuid', async () => {
    await using bench = await openBench()
    const store = bench.open()
    await addNodes(store, 2)
    const task = newTask()
    const { taskId } = await admitted(store, task)
    expect(await store.tasks.admit(task)).toEqual({ outcome: 'known', taskId })
    const other = await store.tasks.admit({ ...task, upstream: 'other' })
    expect(other.outcome).toBe('admitted')
    expect(await store.tasks.countByState()).toMatchObject({
      tasks: { open: 2 },
      queuedSubtasks: 4,
    })
  })

  it('admits a task once that twenty pollers of two relays receive at the same moment', async () => {
    await using bench = await openBench()
    const stores = [bench.open(), bench.open()]
    await addNodes(stores[0]!, 5)
    for (let round = 0; round < 5; round++) {
      const task = newTask()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) => stores[index % 2]!.tasks.admit(task)),
      )
      expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual([
        'admitted',
        ...Array.from({ length: 19 }, () => 'known'),
      ])
      expect(new Set(outcomes.map(({ taskId }) => taskId)).size).toBe(1)
    }
    expect((await stores[0]!.tasks.countByState()).queuedSubtasks).toBe(25)
  })

  it('settles a task immediately if there is no node, or if it has an immediate result', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const unasked = await store.tasks.admit(newTask({ resultWithoutNodes: '{"no":"node"}' }))
    expect(unasked).toMatchObject({ outcome: 'settled', fresh: true })
    await addNodes(store, 1)
    const known = await store.tasks.admit(
      newTask({ type: 'none', immediateResult: '{"is":"known"}' }),
    )
    expect(known).toMatchObject({ outcome: 'settled', fresh: true })
    const due = await store.tasks.claimSubmissions({ limit: 10, claimMs: 1_000 })
    const results = due.map(({ result }) => result.toString())
    expect(results).toEqual(['{"no":"node"}', '{"is":"known"}'])
  })

  it('succeeds while nodes are added and removed', async () => {
    await using bench = await openBench()
    const [one, two] = [bench.open(), bench.open()]
    const nodes = await addNodes(one, 20)
    const [, ...admissions] = await Promise.all([
      (async () => {
        for (const node of nodes.slice(0, 10)) await two.users.removeNode(node)
      })(),
      ...Array.from({ length: 10 }, () => one.tasks.admit(newTask())),
    ])
    for (const admission of admissions) expect(admission?.outcome).toBe('admitted')
    const { queuedSubtasks } = await one.tasks.countByState()
    expect(queuedSubtasks).toBe(100)
  })

  it('notifies every relay of all nodes with work, even hundreds of them', async () => {
    await using bench = await openBench()
    const [here, there] = [bench.open(), bench.open()]
    const nodes = await addNodes(here, 400)
    await until(() => there.events.live)
    const received = new Set<string>()
    let resyncs = 0
    using subscriptions = new DisposableStack()
    const listener = (event: StoreEvent): void => {
      if (event.kind === 'work') for (const id of event.nodeIds) received.add(id)
      if (event.kind === 'resync') resyncs++
    }
    subscriptions.use(there.events.subscribe(listener))
    let own: readonly string[] = []
    subscriptions.use(
      here.events.subscribe((event) => {
        if (event.kind === 'work') own = event.nodeIds
      }),
    )
    await admitted(here)
    expect(own).toEqual(nodes)
    // A relay on the same SQLite file is only notified that something changed.
    await until(() => received.size === nodes.length || resyncs > 0)
    if (bench.technology === 'postgresql') expect([...received].sort()).toEqual(nodes)
  })
})

describeStores('leasing', (openBench) => {
  it('leases the oldest subtask first and never leases one twice', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const later = newTask({ ageMs: -1 })
    const earlier = newTask()
    await admitted(store, later)
    await admitted(store, earlier)
    const leases = [
      await store.tasks.leaseOldest(node!, LEASE),
      await store.tasks.leaseOldest(node!, LEASE),
      await store.tasks.leaseOldest(node!, LEASE),
    ]
    expect(leases.map((lease) => lease?.taskUuid)).toEqual([earlier.uuid, later.uuid, undefined])
    expect(leases.map((lease) => lease?.isLast)).toEqual([false, true, undefined])
  })

  it('leases only the requested kind, with the lease time of that kind', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    await admitted(store, newTask({ kind: 'distribution', type: 'generic' }))
    expect(await store.tasks.leaseOldest(node!, { ...LEASE, kind: 'availability' })).toBeNull()
    const lease = await store.tasks.leaseOldest(node!, { ...LEASE, kind: 'distribution' })
    expect(lease).toMatchObject({ kind: 'distribution', leasedUntil: NOW + 1_800_000 })
    expect(lease).toMatchObject({ isLast: true })
    await admitted(store)
    const other = await store.tasks.leaseOldest(node!, LEASE)
    expect(other).toMatchObject({ kind: 'availability', leasedUntil: NOW + 60_000 })
  })

  it('leases nothing after the deadline and nothing to an inactive node', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    await admitted(store)
    bench.clock.now = NOW + 240_000
    expect(await store.tasks.leaseOldest(node!, LEASE)).toBeNull()
    bench.clock.now = NOW
    await store.users.setNodeActive(node!, false)
    expect(await store.tasks.leaseOldest(node!, LEASE)).toBeNull()
    await store.users.setNodeActive(node!, true)
    expect(await store.tasks.leaseOldest(node!, LEASE)).not.toBeNull()
  })

  it('never leases a subtask to two of forty pollers at two relays', async () => {
    await using bench = await openBench()
    const stores = [bench.open({ poolSize: 10 }), bench.open({ poolSize: 10 })]
    const [node] = await addNodes(stores[0]!, 1)
    for (let number = 0; number < 100; number++) await admitted(stores[0]!)
    const leases: LeasedSubtask[] = []
    await Promise.all(
      Array.from({ length: 40 }, async (_, poller) => {
        for (;;) {
          const lease = await stores[poller % 2]!.tasks.leaseOldest(node!, LEASE)
          if (lease === null) return
          leases.push(lease)
        }
      }),
    )
    // A poller that skipped rows locked by others may stop early. Those rows are leased here.
    for (;;) {
      const lease = await stores[0]!.tasks.leaseOldest(node!, LEASE)
      if (lease === null) break
      leases.push(lease)
    }
    expect(leases).toHaveLength(100)
    expect(new Set(leases.map(({ subtaskId }) => subtaskId)).size).toBe(100)
    expect(leases.every(({ attempt }) => attempt === 1)).toBe(true)
  })

  it('leases a task to a thousand nodes that ask at once, in a few statements', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const nodes = await addNodes(store, 1_000)
    await admitted(store)
    const started = performance.now()
    const leases = await Promise.all(
      // Each node asks twice.
      [...nodes, ...nodes].map((node) => store.tasks.leaseOldest(node, LEASE)),
    )
    const found = leases.filter((lease) => lease !== null)
    expect(found.map(({ nodeId }) => nodeId).sort()).toEqual(nodes)
    expect(new Set(found.map(({ subtaskId }) => subtaskId)).size).toBe(1_000)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('leases a subtask again after its lease expired, and stops after the last attempt', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    const task = newTask()
    await admitted(store, task)
    const options = { ...LEASE, maxAttempts: 2 }
    const first = (await store.tasks.leaseOldest(node!, options))!
    bench.clock.now = first.leasedUntil - 1
    expect(await store.tasks.returnExpiredLeases(2)).toEqual([])
    bench.clock.now = first.leasedUntil
    expect(await store.tasks.returnExpiredLeases(2)).toEqual([
      {
        subtaskId: first.subtaskId,
        taskUuid: task.uuid,
        nodeId: node,
        kind: 'availability',
        attempt: 1,
        exhausted: false,
        leftMs: task.deadlineMs - 60_000,
      },
    ])
    const second = (await store.tasks.leaseOldest(node!, options))!
    expect(second).toMatchObject({ subtaskId: first.subtaskId, attempt: 2 })
    bench.clock.now = second.leasedUntil
    const [last] = await store.tasks.returnExpiredLeases(2)
    expect(last).toMatchObject({ attempt: 2, exhausted: true })
    expect(await store.tasks.leaseOldest(node!, options)).toBeNull()
    bench.clock.now = NOW + 1e9
    expect(await store.tasks.returnExpiredLeases(2)).toEqual([])
  })

  it('returns an expired lease once for any number of relays', async () => {
    await using bench = await openBench()
    const stores = [bench.open(), bench.open(), bench.open()]
    const nodes = await addNodes(stores[0]!, 20)
    await admitted(stores[0]!)
    for (const node of nodes) await stores[0]!.tasks.leaseOldest(node, LEASE)
    bench.clock.now = NOW + 60_000
    const returned = await Promise.all(stores.map((store) => store.tasks.returnExpiredLeases(5)))
    const ids = returned.flat().map(({ subtaskId }) => subtaskId)
    expect(ids).toHaveLength(20)
    expect(new Set(ids).size).toBe(20)
  })

  it('returns a lease without counting the attempt', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [node] = await addNodes(store, 1)
    await admitted(store)
    const lease = (await store.tasks.leaseOldest(node!, LEASE))!
    let work: readonly string[] = []
    using _ = store.events.subscribe((event) => {
      if (event.kind === 'work') work = event.nodeIds
    })
    expect(await store.tasks.returnLease(lease.subtaskId, lease.attempt)).toBe(true)
    expect(work).toEqual([node])
    expect(await store.tasks.returnLease(lease.subtaskId, lease.attempt)).toBe(false)
    expect(await store.tasks.leaseOldest(node!, LEASE)).toMatchObject({ attempt: 1 })
  })

  it('lists subtasks as unpublished until they are marked as published', async () => {
    await using bench = await openBench()
    const store = bench.open()
    const [a, b] = await addNodes(store, 2)
    const { subtasks } = await admitted(store)
    expect(await store.tasks.findUnpublished(1, 10)).toEqual([])
    expect(await store.tasks.findUnpublished(0, 10)).toEqual(subtasks)
    expect(await store.tasks.findUnpublished(0, 1)).toHaveLength(1)
    expect([...(await store.tasks.findNodesWithWork())].sort()).toEqual([a, b])
    await store.tasks.markPublished([subtasks[0]!.subtaskId])
    expect(await store.tasks.findUnpublished(0, 10)).toEqual([subtasks[1]])
    await store.tasks.leaseOldest(subtasks[1]!.nodeId, LEASE)
    expect(await store.tasks.findUnpublished(0, 10)).toEqual([])
    expect(await store.tasks.findNodesWithWork()).toEqual([subtasks[0]!.nodeId])
    // A returned lease must be published again.
    await store.tasks.leaseOldest(subtasks[0]!.nodeId, LEASE)
    bench.clock.now = NOW + 60_000
    await store.tasks.returnExpiredLeases(5)
    expect(await store.tasks.findUnpublished(0, 10)).toHaveLength(2)
  })
})

describe('an overview', () => {
  describeStores('of tasks', (openBench) => {
    it('lists the newest first, with the states of their subtasks', async () => {
      await using bench = await openBench()
      const store = bench.open()
      const [a] = await addNodes(store, 2)
      const old = newTask()
      const young = newTask({ ageMs: -5 })
      await admitted(store, old)
      await admitted(store, young)
      await store.tasks.leaseOldest(a!, LEASE)
      const tasks = await bench.listTasks()
      expect(tasks.map(({ uuid, subtasks }) => [uuid, subtasks])).toEqual([
        [young.uuid, { queued: 2 }],
        [old.uuid, { leased: 1, queued: 1 }],
      ])
      expect(await store.tasks.countByState()).toEqual({
        tasks: { open: 2, settled: 0, submitted: 0, dead: 0 },
        queuedSubtasks: 3,
        leasedSubtasks: 1,
      })
    })
  })
})
