import { setTimeout as after } from 'node:timers/promises'
import { ResultFormatError } from '@warren/task-api'
import { until } from '@warren/testkit'
import { expect, it } from 'vitest'

import { addNodes, describeStores } from './store-bench.ts'
import { countOf, failure, openTaskService, upstreamTask, settledResults } from './tasks-bench.ts'

const poll = { requestId: 'r1' }

describeStores('the task service', (openBench) => {
  it('admits a task, hands it to every node and combines their results', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, records, events } = bench
    const [a, b] = await addNodes(store, 2)
    const task = upstreamTask()
    expect(await taskService.admit('national', task)).toEqual({
      outcome: 'admitted',
      taskId: task.uuid,
      nodes: 2,
    })
    for (const [node, people] of [
      [a!, 44],
      [b!, 61],
    ] as const) {
      const leased = (await taskService.lease(node, poll))!
      expect(leased).toMatchObject({ taskId: task.uuid, attempt: 1 })
      expect(JSON.parse(leased.json)).toEqual({
        ...task,
        uuid: leased.subtaskId,
        collection: node,
        owner: 'north',
        protocol_version: 'v2',
        char_salt: '',
      })
      expect(
        await taskService.storeResult(node, leased.subtaskId.toUpperCase(), countOf(people), 'r2'),
      ).toBe('stored')
    }
    await taskService.idle()
    const result = (await settledResults(store)).get(task.uuid)
    expect(result).toMatchObject({
      uuid: task.uuid,
      collection_id: 'RQ-CC-EXAMPLE',
      status: 'ok',
      message: 'answered by 2 of 2 nodes',
      queryResult: { count: 110 },
    })
    expect(records.map(({ msg }) => msg)).toEqual([
      'task received',
      'task admitted',
      'task handed out',
      'result stored',
      'task handed out',
      'result stored',
      'task settled',
    ])
    expect(records.find(({ msg }) => msg === 'task handed out')).toMatchObject({
      taskId: task.uuid,
      node: a,
      attempt: 1,
      requestId: 'r1',
    })
    expect(records.at(-1)).toMatchObject({ asked: 2, answered: 2, failed: 0, late: 0 })
    expect(events.map(({ event }) => event)).toEqual([
      'task admitted',
      'task handed out',
      'result stored',
      'task handed out',
      'result stored',
      'task settled',
    ])
    // The log contains no count of a node and no combined count.
    expect(JSON.stringify(records)).not.toMatch(/\b(44|61|105|110)\b/)
  })

  it('settles a task immediately if no node can answer it', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, records } = bench
    const unasked = upstreamTask()
    expect(await taskService.admit('national', unasked)).toEqual({
      outcome: 'settled',
      taskId: unasked.uuid,
    })
    await addNodes(store, 1)
    const icd = upstreamTask({ analysis: 'DISTRIBUTION', code: 'PHEWAS' })
    const broken = upstreamTask({ collection: {} })
    expect((await taskService.admit('national', icd)).outcome).toBe('settled')
    expect((await taskService.admit('national', broken)).outcome).toBe('settled')
    const results = await settledResults(store)
    expect(results.get(unasked.uuid)).toMatchObject({ status: 'error', message: 'no node to ask' })
    expect(results.get(icd.uuid)).toMatchObject({
      status: 'error',
      message: 'analysis DISTRIBUTION PHEWAS is not supported',
    })
    expect(results.get(broken.uuid)?.message).toMatch(/not a valid task: collection/)
    expect(records.filter(({ msg }) => msg === 'task settled')).toHaveLength(3)
    const { outcome } = await taskService.admit('national', { no: 'uuid' })
    expect(outcome).toBe('unreadable')
    expect(records.at(-1)).toMatchObject({ msg: 'task unreadable', upstream: 'national' })
  })

  it('submits the stored result again when the upstream sends a task again', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, clock, records } = bench
    const [node] = await addNodes(store, 1)
    const task = upstreamTask()
    await taskService.admit('national', task)
    expect(await taskService.admit('national', { ...task, char_salt: 'another' })).toEqual({
      outcome: 'known',
      taskId: task.uuid,
    })
    const leased = (await taskService.lease(node!, poll))!
    expect(await taskService.lease(node!, poll)).toBeNull()
    await taskService.storeResult(node!, leased.subtaskId, countOf(50), 'r')
    await taskService.idle()
    const [submission] = await store.tasks.claimSubmissions({ limit: 1, claimMs: 1 })
    await store.tasks.recordSubmission(submission!, { outcome: 'submitted' })
    clock.now += 5_000
    expect((await taskService.admit('national', task)).outcome).toBe('settled')
    expect(await taskService.lease(node!, poll)).toBeNull()
    const again = await settledResults(store)
    expect(again.get(task.uuid)?.queryResult.count).toBe(50)
    expect(records.filter(({ msg }) => msg === 'task redelivered')).toHaveLength(2)
  })

  it('treats a failure as a result, and never as 0 people', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store } = bench
    const [a, b] = await addNodes(store, 2)
    const task = upstreamTask()
    await taskService.admit('national', task)
    const first = (await taskService.lease(a!, poll))!
    const second = (await taskService.lease(b!, poll))!
    await taskService.storeResult(a!, first.subtaskId, failure(), 'r')
    await taskService.storeResult(b!, second.subtaskId, failure(), 'r')
    await taskService.idle()
    const results = await settledResults(store)
    expect(results.get(task.uuid)).toMatchObject({
      status: 'error',
      message: 'no valid answer from 2 nodes: 2 could not answer (the database is unavailable)',
    })
  })

  it('settles with the results it has at the deadline, and reports later ones as late', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, clock, records } = bench
    const [a] = await addNodes(store, 1)
    const [b] = await addNodes(store, 1, 'south')
    const task = upstreamTask()
    await taskService.admit('national', task)
    const mine = (await taskService.lease(a!, poll))!
    const slow = (await taskService.lease(b!, poll))!
    await taskService.storeResult(a!, mine.subtaskId, countOf(30), 'r')
    clock.now += 239_999
    await bench.sweep()
    expect((await settledResults(store)).size).toBe(0)
    clock.now += 1
    await bench.sweep()
    expect((await settledResults(store)).get(task.uuid)).toMatchObject({
      status: 'ok',
      message: 'answered by 1 of 2 nodes',
      queryResult: { count: 30 },
    })
    expect(await taskService.storeResult(b!, slow.subtaskId, countOf(30), 'r')).toBe('late')
    expect(records.find(({ msg }) => msg === 'task expired')).toMatchObject({
      taskId: task.uuid,
      kind: 'availability',
      missing: 1,
      users: ['south'],
      deadlineMs: 240_000,
    })
    expect(records.find(({ msg }) => msg === 'result late')).toMatchObject({ node: b })
  })

  it('accepts a result only from the node the task was handed to, with any spelling of the ID', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, records } = bench
    const [a, b] = await addNodes(store, 2)
    await taskService.admit('national', upstreamTask())
    const { subtaskId } = (await taskService.lease(a!, poll))!
    expect(await taskService.storeResult(b!, subtaskId, countOf(9), 'r')).toBe('not-assigned')
    expect(await taskService.storeResult(a!, 'not-a-guid', countOf(9), 'r')).toBe('not-assigned')
    expect(await taskService.storeResult(a!, b!, countOf(9), 'r')).toBe('not-assigned')
    const braces = `{${subtaskId.toUpperCase()}}`
    expect(await taskService.storeResult(a!, braces, countOf(9), 'r')).toBe('stored')
    expect(records.filter(({ msg }) => msg === 'result rejected')).toHaveLength(3)
  })

  it('rejects a body that is not a result, stores nothing, and hands the task out again later', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, clock, records } = bench
    const [node] = await addNodes(store, 1)
    await taskService.admit('national', upstreamTask())
    const { subtaskId } = (await taskService.lease(node!, poll))!
    for (const nonsense of ['', '{', 'null', '"x"', '{}', '{"queryResult":{"count":1.5}}']) {
      await expect(
        taskService.storeResult(node!, subtaskId, Buffer.from(nonsense), 'r'),
      ).rejects.toBeInstanceOf(ResultFormatError)
    }
    clock.now += 60_000
    await bench.sweep()
    expect(records.find(({ msg }) => msg === 'lease returned')).toMatchObject({ node, attempt: 1 })
    expect(await taskService.lease(node!, poll)).toMatchObject({ subtaskId, attempt: 2 })
  })

  it('holds a long poll until there is a task', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store } = bench
    const [node] = await addNodes(store, 1)
    const waiting = taskService.lease(node!, { ...poll, waitMs: 20_000 })
    await until(() => bench.queue.status().waiting === 1)
    const task = upstreamTask()
    await taskService.admit('national', task)
    expect(await waiting).toMatchObject({ taskId: task.uuid })
  })

  it('ends a long poll after its waiting time if there is no task', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const [node] = await addNodes(bench.store, 1)
    const started = performance.now()
    expect(await bench.taskService.lease(node!, { ...poll, waitMs: 120 })).toBeNull()
    expect(performance.now() - started).toBeGreaterThanOrEqual(100)
  })

  it('does not hold a long poll longer when the clock is set back', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, queue, clock } = bench
    const [node] = await addNodes(store, 1)
    const waiting = taskService.lease(node!, { ...poll, waitMs: 500 })
    await until(() => queue.status().waiting === 1)
    clock.now -= 3_600_000
    // A wake-up without a task makes it check the time again.
    const leftMs = 1_000
    await queue.publish([{ subtaskId: '-', nodeId: node!, kind: 'availability', leftMs }])
    expect(await Promise.race([waiting, after(5_000, 'held')])).toBeNull()
  })

  it('returns the lease when the client disconnects before the task is sent', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store } = bench
    const [node] = await addNodes(store, 1)
    await taskService.admit('national', upstreamTask())
    const gone = new AbortController()
    const leasing = taskService.lease(node!, { ...poll, signal: gone.signal })
    gone.abort()
    expect(await leasing).toBeNull()
    const leased = (await taskService.lease(node!, poll))!
    expect(leased.attempt).toBe(1)
    await taskService.returnLease(leased)
    expect(await taskService.lease(node!, poll)).toMatchObject({ attempt: 1 })
  })

  it('returns the lease of a poll whose login has ended, with the login that the database has now', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store } = bench
    const [node] = await addNodes(store, 1)
    await taskService.admit('national', upstreamTask())
    const user = await store.users.findUser('north')
    await store.users.setPasswordHash(user!.id, 'reset')
    const ended = await taskService.lease(node!, {
      ...poll,
      isAllowed: ({ passwordVersion }) => passwordVersion === user?.passwordVersion,
    })
    expect(ended).toBeNull()
    expect(await taskService.lease(node!, poll)).toMatchObject({ attempt: 1 })
  })

  it('deletes tasks after the retention time, and abandons results that no relay submitted', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores, { resultRetentionMs: 1_000 })
    const { taskService, store, clock, records } = bench
    await taskService.admit('national', upstreamTask())
    const [submission] = await store.tasks.claimSubmissions({ limit: 1, claimMs: 1 })
    await store.tasks.recordSubmission(submission!, { outcome: 'submitted' })
    const lost = upstreamTask()
    await taskService.admit('taken out of the configuration', lost)
    clock.now += 120_000
    await bench.sweep()
    expect((await stores.listTasks()).map(({ state }) => state)).toEqual(['dead'])
    expect(records.find(({ msg }) => msg === 'submission abandoned')).toMatchObject({
      taskId: lost.uuid,
    })
    clock.now += 120_000
    await until(async () => {
      await bench.sweep()
      return (await stores.listTasks()).length === 0
    })
  })

  it('continues with the other steps of a sweep when one fails', async () => {
    await using stores = await openBench()
    const store = stores.open()
    const [node] = await addNodes(store, 1)
    const broken = Object.assign(openTaskService(stores).queue, {
      sweep: () => Promise.reject(new Error('queue is broken')),
    })
    await using bench = openTaskService(stores, { queue: broken })
    const { taskService, clock, records } = bench
    const task = upstreamTask()
    await taskService.admit('national', task)
    await taskService.lease(node!, poll)
    clock.now += 240_000
    await bench.sweep()
    expect(records.find(({ msg }) => msg === 'sweep failed')).toMatchObject({ step: 'queue' })
    expect((await settledResults(store)).has(task.uuid)).toBe(true)
  })

  it('submits an error when results cannot be combined', async () => {
    await using stores = await openBench()
    // No configuration accepts this policy. Rounding throws an exception for it.
    await using bench = openTaskService(stores, { suppressionThreshold: 0.5 })
    const { taskService, store, records } = bench
    const [node] = await addNodes(store, 1)
    const task = upstreamTask()
    await taskService.admit('national', task)
    const leased = (await taskService.lease(node!, poll))!
    await taskService.storeResult(node!, leased.subtaskId, countOf(50), 'r')
    await taskService.idle()
    expect((await settledResults(store)).get(task.uuid)).toMatchObject({
      status: 'error',
      message: 'the results could not be combined',
    })
    expect(records.some(({ msg }) => msg === 'results cannot be combined')).toBe(true)
  })

  it('settles in the background, so that storing the last result does not wait for it', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, events } = bench
    const [node] = await addNodes(store, 1)
    await taskService.admit('national', upstreamTask())
    const leased = (await taskService.lease(node!, poll))!
    await taskService.storeResult(node!, leased.subtaskId, countOf(50), 'r')
    expect(events.some(({ event }) => event === 'task settled')).toBe(false)
    await until(() => events.some(({ event }) => event === 'task settled'))
  })
})

describeStores('two task services on one database', (openBench) => {
  it('never hand a subtask to two pollers, settle each task once and combine every result', async () => {
    await using stores = await openBench()
    await using one = openTaskService(stores)
    await using two = openTaskService(stores)
    const services = [one, two]
    const nodes = await addNodes(one.store, 5)
    await until(() => services.every(({ store }) => store.events.live))
    const tasks = Array.from({ length: 12 }, () => upstreamTask())
    const stop = new AbortController()
    const handedOut: string[] = []
    const pollers = Array.from({ length: 20 }, async (_, poller) => {
      const { taskService } = services[poller % 2]!
      const node = nodes[poller % 5]!
      while (!stop.signal.aborted) {
        const leased = await taskService.lease(node, { ...poll, waitMs: 500, signal: stop.signal })
        if (leased === null) continue
        handedOut.push(leased.subtaskId)
        await after(Math.random() * 10)
        await taskService.storeResult(node, leased.subtaskId, countOf(100), 'r')
      }
    })
    const sweeping = (async () => {
      while (!stop.signal.aborted) {
        await Promise.all(services.map(({ sweep }) => sweep()))
        await after(20)
      }
    })()
    // Both upstream pollers receive every task, as from an upstream without locks.
    await Promise.all(
      tasks.flatMap((task) =>
        services.map(({ taskService }) => taskService.admit('national', task)),
      ),
    )
    const settled = (): string[] =>
      services.flatMap(({ events }) =>
        events.flatMap((event) => (event.event === 'task settled' ? [event.taskId] : [])),
      )
    await until(() => settled().length >= tasks.length, { timeoutMs: 25_000 })
    stop.abort()
    await Promise.all([...pollers, sweeping])
    expect(handedOut).toHaveLength(60)
    expect(new Set(handedOut).size).toBe(60)
    expect(settled().sort()).toEqual(tasks.map(({ uuid }) => uuid).sort())
    const results = await settledResults(one.store)
    expect(results.size).toBe(12)
    for (const result of results.values()) {
      expect(result).toMatchObject({
        status: 'ok',
        message: 'answered by 5 of 5 nodes',
        queryResult: { count: 500 },
      })
    }
  })
})
