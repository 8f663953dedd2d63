import { setTimeout as after } from 'node:timers/promises'
import { ResultFormatError } from '@warren/task-api'
import { until } from '@warren/testkit'
import { expect, it } from 'vitest'

import { addNodes, describeStores, NOW } from './store-bench.ts'
import { countOf, failure, openTaskService, question, settledResults } from './tasks-bench.ts'

const ask = { requestId: 'r1' }

describeStores('the task service', (openBench) => {
  it('takes a task from intake over its nodes to one final result', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, records, events } = bench
    const [a, b] = await addNodes(store, 2)
    const task = question()
    expect(await taskService.admit('national', task)).toEqual({
      outcome: 'admitted',
      taskId: task.uuid,
      nodes: 2,
    })
    for (const [node, people] of [
      [a!, 44],
      [b!, 61],
    ] as const) {
      const given = (await taskService.lease(node, ask))!
      expect(given).toMatchObject({ taskId: task.uuid, attempt: 1 })
      expect(given.body).toEqual({
        ...task,
        uuid: given.subtaskId,
        collection: node,
        owner: 'north',
        protocol_version: 'v2',
        char_salt: '',
      })
      expect(
        await taskService.storeResult(node, given.subtaskId.toUpperCase(), countOf(people), 'r2'),
      ).toBe('stored')
    }
    await taskService.idle()
    const result = (await settledResults(store, NOW)).get(task.uuid)
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
    // Not one answer of a node, and no count, has reached the log.
    expect(JSON.stringify(records)).not.toMatch(/\b(44|61|105|110)\b/)
  })

  it('answers a task at once that nobody can answer', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, records } = bench
    const nobody = question()
    expect(await taskService.admit('national', nobody)).toEqual({
      outcome: 'settled',
      taskId: nobody.uuid,
    })
    await addNodes(store, 1)
    const icd = question({ analysis: 'DISTRIBUTION', code: 'ICD-MAIN' })
    const broken = question({ collection: {} })
    expect((await taskService.admit('national', icd)).outcome).toBe('settled')
    expect((await taskService.admit('national', broken)).outcome).toBe('settled')
    const results = await settledResults(store, NOW)
    expect(results.get(nobody.uuid)).toMatchObject({ status: 'error', message: 'no node to ask' })
    expect(results.get(icd.uuid)).toMatchObject({
      status: 'error',
      message: 'analysis DISTRIBUTION ICD-MAIN is not supported',
    })
    expect(results.get(broken.uuid)?.message).toMatch(/not a valid task: collection/)
    expect(records.filter(({ msg }) => msg === 'task settled')).toHaveLength(3)
    const { outcome } = await taskService.admit('national', { no: 'uuid' })
    expect(outcome).toBe('unreadable')
    expect(records.at(-1)).toMatchObject({ msg: 'task unreadable', upstream: 'national' })
  })

  it('gives the same stored answer to a task that comes again', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, clock, records } = bench
    const [node] = await addNodes(store, 1)
    const task = question()
    await taskService.admit('national', task)
    expect(await taskService.admit('national', { ...task, char_salt: 'another' })).toEqual({
      outcome: 'known',
      taskId: task.uuid,
    })
    const given = (await taskService.lease(node!, ask))!
    expect(await taskService.lease(node!, ask)).toBeNull()
    await taskService.storeResult(node!, given.subtaskId, countOf(50), 'r')
    await taskService.idle()
    const [delivery] = await store.tasks.claimSubmissions(NOW, { limit: 1, claimMs: 1 })
    await store.tasks.recordSubmission(delivery!, { outcome: 'submitted' }, NOW)
    clock.now += 5_000
    expect((await taskService.admit('national', task)).outcome).toBe('settled')
    expect(await taskService.lease(node!, ask)).toBeNull()
    const again = await settledResults(store, clock.now)
    expect(again.get(task.uuid)?.queryResult.count).toBe(50)
    expect(records.filter(({ msg }) => msg === 'task redelivered')).toHaveLength(2)
  })

  it('counts a failure as an answer, and never as zero people', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store } = bench
    const [a, b] = await addNodes(store, 2)
    const task = question()
    await taskService.admit('national', task)
    const first = (await taskService.lease(a!, ask))!
    const second = (await taskService.lease(b!, ask))!
    await taskService.storeResult(a!, first.subtaskId, failure(), 'r')
    await taskService.storeResult(b!, second.subtaskId, failure(), 'r')
    await taskService.idle()
    const results = await settledResults(store, NOW)
    expect(results.get(task.uuid)).toMatchObject({
      status: 'error',
      message: 'no valid answer from 2 nodes: 2 could not answer',
    })
  })

  it('settles with what it has when the deadline passes, and calls later answers late', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, clock, records } = bench
    const [a] = await addNodes(store, 1)
    const [b] = await addNodes(store, 1, 'south')
    const task = question()
    await taskService.admit('national', task)
    const mine = (await taskService.lease(a!, ask))!
    const slow = (await taskService.lease(b!, ask))!
    await taskService.storeResult(a!, mine.subtaskId, countOf(30), 'r')
    clock.now += 239_999
    await taskService.sweep()
    expect((await settledResults(store, clock.now)).size).toBe(0)
    clock.now += 1
    await taskService.sweep()
    expect((await settledResults(store, clock.now)).get(task.uuid)).toMatchObject({
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

  it('takes answers only from the node that was asked, in any spelling of the id', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, records } = bench
    const [a, b] = await addNodes(store, 2)
    await taskService.admit('national', question())
    const { subtaskId } = (await taskService.lease(a!, ask))!
    expect(await taskService.storeResult(b!, subtaskId, countOf(9), 'r')).toBe('not-assigned')
    expect(await taskService.storeResult(a!, 'not-a-guid', countOf(9), 'r')).toBe('not-assigned')
    expect(await taskService.storeResult(a!, b!, countOf(9), 'r')).toBe('not-assigned')
    const braces = `{${subtaskId.toUpperCase()}}`
    expect(await taskService.storeResult(a!, braces, countOf(9), 'r')).toBe('stored')
    expect(records.filter(({ msg }) => msg === 'result rejected')).toHaveLength(3)
  })

  it('refuses what is not a result, stores nothing of it, and asks again later', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, clock, records } = bench
    const [node] = await addNodes(store, 1)
    await taskService.admit('national', question())
    const { subtaskId } = (await taskService.lease(node!, ask))!
    for (const nonsense of [null, 'x', {}, { status: 'ok', queryResult: { count: 1.5 } }]) {
      await expect(taskService.storeResult(node!, subtaskId, nonsense, 'r')).rejects.toBeInstanceOf(
        ResultFormatError,
      )
    }
    clock.now += 60_000
    await taskService.sweep()
    expect(records.find(({ msg }) => msg === 'lease returned')).toMatchObject({ node, attempt: 1 })
    expect(await taskService.lease(node!, ask)).toMatchObject({ subtaskId, attempt: 2 })
  })

  it('holds a long poll until there is work', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store } = bench
    const [node] = await addNodes(store, 1)
    const waiting = taskService.lease(node!, { ...ask, waitMs: 20_000 })
    await until(() => bench.queue.status().waiting === 1)
    const task = question()
    await taskService.admit('national', task)
    expect(await waiting).toMatchObject({ taskId: task.uuid })
  })

  it('ends a long poll without work after its time', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const [node] = await addNodes(bench.store, 1)
    const started = performance.now()
    expect(await bench.taskService.lease(node!, { ...ask, waitMs: 120 })).toBeNull()
    expect(performance.now() - started).toBeGreaterThanOrEqual(100)
  })

  it('holds a long poll no longer because the clock is put back', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, queue, clock } = bench
    const [node] = await addNodes(store, 1)
    const waiting = taskService.lease(node!, { ...ask, waitMs: 500 })
    await until(() => queue.status().waiting === 1)
    clock.now -= 3_600_000
    // Woken for nothing, it looks at the time again.
    const deadlineAt = clock.now + 1_000
    await queue.publish([{ subtaskId: '-', nodeId: node!, kind: 'availability', deadlineAt }])
    expect(await Promise.race([waiting, after(5_000, 'held')])).toBeNull()
  })

  it('puts a task back when the client is gone before it could be sent', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store } = bench
    const [node] = await addNodes(store, 1)
    await taskService.admit('national', question())
    const gone = new AbortController()
    const poll = taskService.lease(node!, { ...ask, signal: gone.signal })
    gone.abort()
    expect(await poll).toBeNull()
    const given = (await taskService.lease(node!, ask))!
    expect(given.attempt).toBe(1)
    await taskService.returnLease(given)
    expect(await taskService.lease(node!, ask)).toMatchObject({ attempt: 1 })
  })

  it('forgets final results after their time', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores, { resultRetentionMs: 1_000 })
    const { taskService, store, clock, records } = bench
    await taskService.admit('national', question())
    const [delivery] = await store.tasks.claimSubmissions(NOW, { limit: 1, claimMs: 1 })
    await store.tasks.recordSubmission(delivery!, { outcome: 'submitted' }, NOW)
    const lost = question()
    await taskService.admit('taken out of the configuration', lost)
    clock.now += 120_000
    await taskService.sweep()
    expect((await store.tasks.listTasks({ limit: 9 })).map(({ state }) => state)).toEqual(['dead'])
    expect(records.find(({ msg }) => msg === 'submission abandoned')).toMatchObject({
      taskId: lost.uuid,
    })
    clock.now += 120_000
    await taskService.sweep()
    expect(await store.tasks.listTasks({ limit: 9 })).toEqual([])
  })

  it('goes on with the other steps of a sweep when one fails', async () => {
    await using stores = await openBench()
    const store = stores.open()
    const [node] = await addNodes(store, 1)
    const broken = Object.assign(openTaskService(stores).queue, {
      sweep: () => Promise.reject(new Error('queue is broken')),
    })
    await using bench = openTaskService(stores, { queue: broken })
    const { taskService, clock, records } = bench
    const task = question()
    await taskService.admit('national', task)
    await taskService.lease(node!, ask)
    clock.now += 240_000
    await taskService.sweep()
    expect(records.find(({ msg }) => msg === 'sweep failed')).toMatchObject({ step: 'queue' })
    expect((await settledResults(store, clock.now)).has(task.uuid)).toBe(true)
  })

  it('answers with an error, not with silence, when answers cannot be added up', async () => {
    await using stores = await openBench()
    // A policy no configuration lets through: rounding refuses it with an exception.
    await using bench = openTaskService(stores, { disclosure: { threshold: 0.5, nearest: 10 } })
    const { taskService, store, records } = bench
    const [node] = await addNodes(store, 1)
    const task = question()
    await taskService.admit('national', task)
    const given = (await taskService.lease(node!, ask))!
    await taskService.storeResult(node!, given.subtaskId, countOf(50), 'r')
    await taskService.idle()
    expect((await settledResults(store, NOW)).get(task.uuid)).toMatchObject({
      status: 'error',
      message: 'the answers could not be added up',
    })
    expect(records.some(({ msg }) => msg === 'results cannot be combined')).toBe(true)
  })

  it('settles in the background: storing the last answer does not wait for it', async () => {
    await using stores = await openBench()
    await using bench = openTaskService(stores)
    const { taskService, store, events } = bench
    const [node] = await addNodes(store, 1)
    await taskService.admit('national', question())
    const given = (await taskService.lease(node!, ask))!
    await taskService.storeResult(node!, given.subtaskId, countOf(50), 'r')
    expect(events.some(({ event }) => event === 'task settled')).toBe(false)
    await until(() => events.some(({ event }) => event === 'task settled'))
  })
})

describeStores('two services on one database', (openBench) => {
  it('never ask two pollers the same, settle each task once and add up every answer', async () => {
    await using stores = await openBench()
    await using one = openTaskService(stores, { now: Date.now })
    await using two = openTaskService(stores, { now: Date.now })
    const services = [one, two]
    const nodes = await addNodes(one.store, 5)
    await until(() => services.every(({ store }) => store.events.live))
    const tasks = Array.from({ length: 12 }, () => question())
    const stop = new AbortController()
    const handedOut: string[] = []
    const pollers = Array.from({ length: 20 }, async (_, poller) => {
      const { taskService } = services[poller % 2]!
      const node = nodes[poller % 5]!
      while (!stop.signal.aborted) {
        const given = await taskService.lease(node, { ...ask, waitMs: 500, signal: stop.signal })
        if (given === null) continue
        handedOut.push(given.subtaskId)
        await after(Math.random() * 10)
        await taskService.storeResult(node, given.subtaskId, countOf(100), 'r')
      }
    })
    const sweeping = (async () => {
      while (!stop.signal.aborted) {
        await Promise.all(services.map(({ taskService }) => taskService.sweep()))
        await after(20)
      }
    })()
    // Every task comes from both upstream pollers at once, as from an upstream that locks nothing.
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
    const results = await settledResults(one.store, Date.now())
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
