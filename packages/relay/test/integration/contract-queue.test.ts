import { until } from '@warren/testkit'
import { expect, it } from 'vitest'

import { describeQueues } from './queue-bench.ts'
import { addNodes, admitted, LEASE, newTask, settle } from './store-bench.ts'

// Messages expire with their task, so these tests use the current time.
const present = () => {
  return {
    lease: LEASE,
    task: (more = {}) => newTask(more),
  }
}

describeQueues('a node queue', (openBench) => {
  it('hands out published subtasks once, oldest first', async () => {
    await using bench = await openBench()
    const { store, queue } = await bench.relay()
    const [node] = await addNodes(store, 1)
    const { task, lease } = present()
    const tasks = [task(), task({ kind: 'distribution', type: 'generic' }), task()]
    for (const one of tasks) await queue.publish((await admitted(store, one)).subtasks)
    const given = []
    for (let poll = 0; poll < 4; poll++) given.push((await queue.lease(node!, lease))?.taskUuid)
    expect(given).toEqual([...tasks.map(({ uuid }) => uuid), undefined])
  })

  it('does not ask the store for a node without work', async () => {
    await using bench = await openBench()
    const { store, queue, asked } = await bench.relay()
    const [node] = await addNodes(store, 1)
    const { task, lease } = present()
    await until(async () => {
      await queue.lease(node!, lease)
      return !queue.mayHaveWork(node!)
    })
    const before = asked()
    for (let poll = 0; poll < 100; poll++) expect(await queue.lease(node!, lease)).toBeNull()
    expect(asked()).toBe(before)
    await queue.publish((await admitted(store, task())).subtasks)
    expect(queue.mayHaveWork(node!)).toBe(true)
    expect(await queue.lease(node!, lease)).not.toBeNull()
  })

  it('does not ask the store again after it has leased the only subtask of a node', async () => {
    await using bench = await openBench()
    const { store, queue, asked } = await bench.relay()
    const [node] = await addNodes(store, 1)
    const { task, lease } = present()
    await until(async () => {
      await queue.lease(node!, lease)
      return store.events.live && !queue.mayHaveWork(node!)
    })
    await queue.publish((await admitted(store, task())).subtasks)
    const before = asked()
    expect(await queue.lease(node!, lease)).not.toBeNull()
    expect(queue.mayHaveWork(node!)).toBe(false)
    expect(await queue.lease(node!, lease)).toBeNull()
    expect(asked() - before).toBe(1)
  })

  it('ends a held poll at another relay when work is published', async () => {
    await using bench = await openBench()
    const here = await bench.relay()
    const there = await bench.relay()
    const [node, other] = await addNodes(here.store, 2)
    const { task, lease } = present()
    // The other relay has seen the new nodes, so that only the task can wake it.
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    for (const id of [node!, other!]) {
      await until(async () => {
        await there.queue.lease(id, lease)
        return !there.queue.mayHaveWork(id)
      })
    }
    const waiting = there.queue.waitForWork(node!, 20_000)
    const started = performance.now()
    await here.queue.publish((await admitted(here.store, task())).subtasks)
    expect(await waiting).toBe(true)
    // Far less than 20 s, with a margin for a busy machine.
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(await there.queue.lease(node!, lease)).not.toBeNull()
  })

  it('hands out subtasks that were committed but never published', async () => {
    await using bench = await openBench()
    const { store, queue } = await bench.relay()
    const [node] = await addNodes(store, 1)
    const { task, lease } = present()
    await until(async () => {
      await queue.lease(node!, lease)
      return !queue.mayHaveWork(node!)
    })
    // As if the process had crashed between commit and publish, and the event was lost.
    await admitted(store, task())
    bench.stores.clock.now += 10_000
    await queue.sweep()
    expect(await queue.lease(node!, lease)).not.toBeNull()
    expect(await queue.lease(node!, lease)).toBeNull()
  })

  it('does not hand out subtasks of a task that has settled since', async () => {
    await using bench = await openBench()
    const { store, queue } = await bench.relay()
    const [node] = await addNodes(store, 1)
    const { task, lease } = present()
    const stale = []
    for (let number = 0; number < 5; number++) {
      const { taskId, subtasks } = await admitted(store, task())
      await queue.publish(subtasks)
      stale.push(taskId)
    }
    for (const taskId of stale) {
      await settle(store, taskId)
    }
    const live = task()
    await queue.publish((await admitted(store, live)).subtasks)
    expect((await queue.lease(node!, lease))?.taskUuid).toBe(live.uuid)
    expect(await queue.lease(node!, lease)).toBeNull()
  })

  it('hands out only the requested kind', async () => {
    await using bench = await openBench()
    const { store, queue } = await bench.relay()
    const [node] = await addNodes(store, 1)
    const { task, lease } = present()
    const distribution = task({ kind: 'distribution', type: 'generic' })
    await queue.publish((await admitted(store, distribution)).subtasks)
    const availability = { ...lease, kind: 'availability' as const }
    expect(await queue.lease(node!, availability)).toBeNull()
    expect(queue.mayHaveWork(node!)).toBe(true)
    expect((await queue.lease(node!, lease))?.taskUuid).toBe(distribution.uuid)
  })

  it('hands out a returned subtask again, at any relay', async () => {
    await using bench = await openBench()
    const here = await bench.relay()
    const there = await bench.relay()
    const [node] = await addNodes(here.store, 1)
    const { task, lease } = present()
    await here.queue.publish((await admitted(here.store, task())).subtasks)
    const first = (await here.queue.lease(node!, lease))!
    expect(await here.queue.lease(node!, lease)).toBeNull()
    expect(await there.queue.lease(node!, lease)).toBeNull()
    bench.stores.clock.now += 60_000
    await there.store.tasks.returnExpiredLeases(5)
    const second = await until(() => here.queue.lease(node!, lease))
    expect(second).toMatchObject({ subtaskId: first.subtaskId, attempt: 2 })
  })

  it('hands out each subtask once to thirty pollers at two relays', async () => {
    await using bench = await openBench()
    const relays = [await bench.relay(), await bench.relay()]
    const nodes = await addNodes(relays[0]!.store, 3)
    const { task, lease } = present()
    const published = []
    for (let number = 0; number < 20; number++) {
      published.push(...(await admitted(relays[0]!.store, task())).subtasks)
    }
    const stop = new AbortController()
    const given: string[] = []
    const pollers = Array.from({ length: 30 }, async (_, poller) => {
      const { queue } = relays[poller % 2]!
      const node = nodes[poller % 3]!
      while (!stop.signal.aborted) {
        const found = await queue.lease(node, lease)
        if (found !== null) given.push(found.subtaskId)
        else await queue.waitForWork(node, 5_000, { signal: stop.signal })
      }
    })
    await relays[0]!.queue.publish(published)
    await until(
      async () => {
        bench.stores.clock.now += 2_000
        await relays[0]!.queue.sweep()
        return given.length >= published.length
      },
      { timeoutMs: 20_000, everyMs: 200, what: 'all subtasks to be handed out' },
    )
    stop.abort()
    await Promise.all(pollers)
    expect(given.length).toBe(60)
    expect(new Set(given).size).toBe(60)
    expect((await relays[0]!.store.tasks.countByState()).queuedSubtasks).toBe(0)
  })

  it('passes a check, and reports the traffic of a broker', async () => {
    await using bench = await openBench()
    const { queue } = await bench.relay()
    await queue.check()
    const { available, traffic } = queue.status()
    expect(available).toBe(true)
    expect(traffic).toEqual(
      bench.technology === 'database'
        ? null
        : {
            connections: 1,
            connectedSince: expect.any(Number),
            published: 0,
            fetched: 0,
            failed: 0,
          },
    )
  })

  it('stops waiting when aborted, and counts the waiting polls', async () => {
    await using bench = await openBench()
    const { store, queue } = await bench.relay()
    const [node] = await addNodes(store, 1)
    const { lease } = present()
    await until(async () => {
      await queue.lease(node!, lease)
      return !queue.mayHaveWork(node!)
    })
    const stop = new AbortController()
    const waiting = queue.waitForWork(node!, 60_000, { signal: stop.signal })
    await until(() => queue.status().waiting === 1)
    stop.abort()
    expect(await waiting).toBe(false)
    expect(queue.status()).toMatchObject({ available: true, detail: null, waiting: 0 })
  })
})
