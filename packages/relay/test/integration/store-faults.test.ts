import { parsePostgresAddress } from '@warren/database'
import { setTimeout as after } from 'node:timers/promises'
import {
  createDatabase,
  describePostgres,
  FaultProxy,
  startPrivatePostgres,
  until,
} from '@warren/testkit'
import { Client } from 'pg'
import { expect, it } from 'vitest'

import { openPostgresStore } from '../../src/store/postgres-store.ts'
import { StoreError } from '../../src/store/store-error.ts'
import {
  addNodes,
  admitted,
  LEASE,
  newTask,
  postgresBench,
  quietLog,
  recordingLog,
} from './store-bench.ts'
import { countOf, openTaskService, upstreamTask, settledResults, startLoad } from './tasks-bench.ts'

describePostgres('a PostgreSQL that fails', () => {
  it('closes every connection repeatedly under load: no task is lost or settled twice', async () => {
    await using stores = await postgresBench()
    await using one = openTaskService(stores)
    await using two = openTaskService(stores)
    const nodes = await addNodes(one.store, 4)
    await until(() => one.store.events.live && two.store.events.live)
    await using running = new AsyncDisposableStack()
    const loads = [one, two].map((service) => running.use(startLoad(service, nodes)))
    const askedSoFar = (): number => loads.reduce((sum, { asked }) => sum + asked.length, 0)
    // A busy machine needs more cuts to reach the same number of tasks.
    for (let cut = 0; cut < 6 || (cut < 40 && askedSoFar() < 30); cut++) {
      await after(500)
      await cutConnections(stores.url)
    }
    await after(500)
    // Leases whose response was lost in a cut are returned, as they would be after a minute.
    const late = stores.open({ clock: () => stores.clock.now + 61_000 })
    await late.tasks.returnExpiredLeases(9)
    await Promise.all(loads.map((load) => load.stopAsking()))
    const asked = loads.flatMap((load) => load.asked)
    const events = () => [...one.events, ...two.events]
    const settled = (): string[] =>
      events().flatMap((event) => (event.event === 'task settled' ? [event.taskId] : []))
    await until(
      async () => {
        await late.tasks.returnExpiredLeases(9)
        return (await one.store.tasks.countByState()).tasks.open === 0
      },
      { timeoutMs: 30_000, everyMs: 200 },
    )
    await Promise.all(loads.map((load) => load.stop()))

    // A cut between a commit and its response hides an event and never duplicates one.
    expect(new Set(settled()).size).toBe(settled().length)
    const results = await settledResults(one.store)
    for (const uuid of asked) expect(results.get(uuid)?.queryResult.count).toBe(100)
    expect(asked.length).toBeGreaterThanOrEqual(30)
    for (const error of loads.flatMap(({ errors }) => errors)) {
      expect(error).toBeInstanceOf(StoreError)
    }
    // No transaction is left open that would block others.
    expect(await idleInTransaction(stores.url)).toBe(0)
  }, 90_000)

  it('restarts: the relay logs the outage once, rejects calls meanwhile, and recovers by itself', async () => {
    await using server = await startPrivatePostgres()
    const { log, records } = recordingLog()
    await using store = openPostgresStore({
      address: parsePostgresAddress(server.url),
      log,
      poolSize: 5,
    })
    await store.migrate()
    const [node] = await addNodes(store, 1)
    const leader = store.leadership('poller')
    await until(() => leader.acquire())
    await server.stop()
    const error = await store.check().catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'StoreError', unavailable: true })
    await expect(store.tasks.leaseOldest(node!, LEASE)).rejects.toBeInstanceOf(StoreError)
    await expect(leader.acquire()).rejects.toBeInstanceOf(StoreError)
    await until(() => !store.events.live)
    let resyncs = 0
    using _ = store.events.subscribe(({ kind }) => {
      if (kind === 'resync') resyncs++
    })
    await server.start()
    await until(async () => store.check().then(() => true), { timeoutMs: 30_000 })
    await until(() => store.events.live, { timeoutMs: 30_000 })
    expect(resyncs).toBeGreaterThan(0)
    expect(await until(() => leader.acquire())).toBe(true)
    expect(await store.tasks.leaseOldest(node!, LEASE)).toBeNull()
    // The recovery is logged after a few seconds without a failure.
    await until(
      async () => {
        await store.check()
        return records.some(({ msg }) => msg === 'database recovered')
      },
      { timeoutMs: 15_000, everyMs: 200 },
    )
    const logged = records.map(({ msg }) => msg).filter((msg) => /^database (un|rec)/.test(msg))
    expect(logged).toEqual(['database unavailable', 'database recovered'])
  }, 90_000)

  it('stops responding (half-open): waits are bounded, and the events are reported as not live', async () => {
    await using database = await createDatabase()
    await using proxy = await FaultProxy.start(database.url)
    await using store = openPostgresStore({
      address: parsePostgresAddress(proxy.url(database.url)),
      log: quietLog(),
      poolSize: 3,
      timing: { connectMs: 1_000, queryMs: 1_500, heartbeatMs: 500, responseMs: 1_000 },
    })
    await using direct = openPostgresStore({
      address: parsePostgresAddress(database.url),
      log: quietLog(),
    })
    await store.migrate()
    const [node] = await addNodes(store, 1)
    await until(() => store.events.live)
    proxy.blackhole()
    const started = performance.now()
    await expect(store.tasks.leaseOldest(node!, LEASE)).rejects.toMatchObject({ unavailable: true })
    await until(() => !store.events.live)
    expect(performance.now() - started).toBeLessThan(20_000)
    const connections = proxy.accepted
    const received: string[] = []
    using _ = store.events.subscribe(({ kind }) => received.push(kind))
    await direct.users.setNodeActive(node!, false)
    await proxy.forward()
    await until(() => store.events.live)
    // A resync makes up for the missed events.
    expect(received).toContain('resync')
    await until(async () => (await store.users.listNodes())[0]?.active === false)
    // The connection that did not respond was not used again.
    expect(proxy.accepted).toBeGreaterThan(connections)
  }, 60_000)

  it('holds a lock of another relay: leasing skips the locked subtask and does not wait', async () => {
    await using stores = await postgresBench()
    const store = stores.open()
    const [node] = await addNodes(store, 1)
    const [oldest, next] = [newTask(), newTask({ ageMs: -1 })]
    await admitted(store, oldest)
    await admitted(store, next)
    await admin(stores.url, async (client) => {
      await client.query('begin')
      await client.query(
        `select 1 from relay_subtasks s join relay_tasks t on t.id = s.task_id
         where t.uuid = $1 for update of s`,
        [oldest.uuid],
      )
      expect((await store.tasks.leaseOldest(node!, LEASE))?.taskUuid).toBe(next.uuid)
      expect(await store.tasks.leaseOldest(node!, LEASE)).toBeNull()
      await client.query('rollback')
    })
    expect((await store.tasks.leaseOldest(node!, LEASE))?.taskUuid).toBe(oldest.uuid)
  })

  it('loses the response to an admission: the task is kept', async () => {
    await using stores = await postgresBench()
    await using bench = openTaskService(stores)
    const { taskService, store } = bench
    const late = stores.open({ clock: () => stores.clock.now + 61_000 })
    const [node] = await addNodes(store, 1)
    for (let round = 0; round < 10; round++) {
      const task = upstreamTask()
      const admission = taskService
        .admit('national', task)
        .catch(() => taskService.admit('national', task))
      await Promise.all([admission, cutConnections(stores.url)])
      await until(async () => {
        const leased = await taskService.lease(node!, { requestId: 'r' }).catch(() => null)
        if (leased === null) await late.tasks.returnExpiredLeases(99)
        if (leased?.taskId !== task.uuid) return false
        return taskService.storeResult(node!, leased.subtaskId, countOf(20), 'r')
      })
    }
    await taskService.idle()
    await bench.sweep()
    expect((await settledResults(store)).size).toBe(10)
  }, 60_000)
})

async function admin<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'test' })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function cutConnections(url: string): Promise<unknown> {
  return admin(url, (client) =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'warren-relay'`,
    ),
  )
}

function idleInTransaction(url: string): Promise<number> {
  return admin(url, async (client) => {
    const { rowCount } = await client.query(
      `select 1 from pg_stat_activity
       where datname = current_database() and state like 'idle in transaction%'`,
    )
    return rowCount ?? 0
  })
}
