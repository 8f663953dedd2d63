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
  NOW,
  postgresBench,
  quietLog,
  recordingLog,
} from './store-bench.ts'
import { countOf, openTaskService, question, settledResults, startLoad } from './tasks-bench.ts'

describePostgres('a PostgreSQL that fails', () => {
  it('cuts every connection again and again under load: nothing is lost or doubled', async () => {
    await using stores = await postgresBench()
    await using one = openTaskService(stores, { now: Date.now })
    await using two = openTaskService(stores, { now: Date.now })
    const nodes = await addNodes(one.store, 4)
    await until(() => one.store.events.live && two.store.events.live)
    const loads = [startLoad(one, nodes), startLoad(two, nodes)]
    const askedSoFar = (): number => loads.reduce((sum, { asked }) => sum + asked.length, 0)
    // On a busy machine less happens between two cuts.
    for (let cut = 0; cut < 6 || (cut < 40 && askedSoFar() < 30); cut++) {
      await after(500)
      await cutConnections(stores.url)
    }
    await after(500)
    // Leases whose reply was lost in a cut come back as they would after a minute.
    for (const { store } of [one, two])
      await store.tasks.returnExpiredLeases(Date.now() + 61_000, 9)
    await Promise.all(loads.map((load) => load.stopAsking()))
    const asked = loads.flatMap((load) => load.asked)
    const events = () => [...one.events, ...two.events]
    const settled = (): string[] =>
      events().flatMap((event) => (event.event === 'task settled' ? [event.taskId] : []))
    await until(
      async () => {
        await one.store.tasks.returnExpiredLeases(Date.now() + 61_000, 9)
        return (await one.store.tasks.counts()).tasks.open === 0
      },
      { timeoutMs: 30_000, everyMs: 200 },
    )
    await Promise.all(loads.map((load) => load.stop()))

    // A cut between a commit and its reply hides an event, and never doubles one.
    expect(new Set(settled()).size).toBe(settled().length)
    const results = await settledResults(one.store, Date.now())
    for (const uuid of asked) expect(results.get(uuid)?.queryResult.count).toBe(100)
    expect(asked.length).toBeGreaterThanOrEqual(30)
    for (const error of loads.flatMap(({ errors }) => errors)) {
      expect(error).toBeInstanceOf(StoreError)
    }
    // Nothing is left behind that would block others.
    expect(await idleInTransaction(stores.url)).toBe(0)
  }, 90_000)

  it('restarts: the relay says so once, answers 503 meanwhile, and goes on by itself', async () => {
    await using server = await startPrivatePostgres()
    const { log, records } = recordingLog()
    await using store = openPostgresStore({ url: server.url, log, poolSize: 5 })
    await store.migrate()
    const [node] = await addNodes(store, 1)
    const leader = store.leadership('poller')
    await until(() => leader.acquire())
    await server.stop()
    const error = await store.check().catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'StoreError', unavailable: true })
    await expect(store.tasks.leaseOldest(node!, LEASE)).rejects.toBeInstanceOf(StoreError)
    expect(await leader.acquire()).toBe(false)
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
    const said = records.map(({ msg }) => msg).filter((msg) => /^store (un|rec)/.test(msg))
    expect(said).toEqual(['database unavailable', 'database recovered'])
  }, 90_000)

  it('goes silent (half-open): waits are bounded, and events are not believed meanwhile', async () => {
    await using database = await createDatabase()
    await using proxy = await FaultProxy.start(database.url)
    await using store = openPostgresStore({
      url: proxy.url(database.url),
      log: quietLog(),
      poolSize: 3,
      timing: { connectMs: 1_000, queryMs: 1_500, heartbeatMs: 500, answerMs: 1_000 },
    })
    await using direct = openPostgresStore({ url: database.url, log: quietLog() })
    await store.migrate()
    const [node] = await addNodes(store, 1)
    await until(() => store.events.live)
    proxy.blackhole()
    const started = performance.now()
    await expect(store.tasks.leaseOldest(node!, LEASE)).rejects.toMatchObject({ unavailable: true })
    await until(() => !store.events.live)
    expect(performance.now() - started).toBeLessThan(5_000)
    const connections = proxy.accepted
    const heard: string[] = []
    using _ = store.events.subscribe(({ kind }) => heard.push(kind))
    await direct.users.setNodeActive(node!, false)
    await proxy.forward()
    await until(() => store.events.live)
    // What was missed is made up for.
    expect(heard).toContain('resync')
    await until(async () => (await store.users.listNodes())[0]?.active === false)
    // The connection that did not answer was not used again.
    expect(proxy.accepted).toBeGreaterThan(connections)
  }, 60_000)

  it('passes over what another relay is just leasing, and does not wait for it', async () => {
    await using stores = await postgresBench()
    const store = stores.open()
    const [node] = await addNodes(store, 1)
    const [oldest, next] = [newTask(), newTask({ receivedAt: NOW + 1 })]
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

  it('ends the session of the leader: another relay takes over', async () => {
    await using stores = await postgresBench()
    const [a, b] = [stores.open(), stores.open()]
    await until(() => a.events.live && b.events.live)
    const [first, second] = [a.leadership('poller'), b.leadership('poller')]
    expect(await first.acquire()).toBe(true)
    expect(await second.acquire()).toBe(false)
    await cutConnections(stores.url)
    const won = await until(async () => {
      const both = await Promise.all([second.acquire(), first.acquire()])
      return both.some(Boolean) ? both : null
    })
    expect(won.filter(Boolean)).toHaveLength(1)
  })

  it('keeps a task that was admitted though the reply was lost', async () => {
    await using stores = await postgresBench()
    await using bench = openTaskService(stores, { now: Date.now })
    const { taskService, store } = bench
    const [node] = await addNodes(store, 1)
    for (let round = 0; round < 10; round++) {
      const task = question()
      const intake = taskService
        .admit('national', task)
        .catch(() => taskService.admit('national', task))
      await Promise.all([intake, cutConnections(stores.url)])
      await until(async () => {
        const given = await taskService.lease(node!, { requestId: 'r' }).catch(() => null)
        if (given === null) await store.tasks.returnExpiredLeases(Date.now() + 61_000, 99)
        if (given?.taskId !== task.uuid) return false
        return taskService.storeResult(node!, given.subtaskId, countOf(20), 'r')
      })
    }
    await taskService.idle()
    await taskService.sweep()
    expect((await settledResults(store, Date.now())).size).toBe(10)
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
