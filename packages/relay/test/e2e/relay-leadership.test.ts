import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createDatabase,
  describePostgres,
  FaultProxy,
  type ServerProcess,
  until,
} from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { BareNode } from '../harness/bare-client.ts'
import { startRelayProcess } from '../harness/relay-process.ts'
import { availabilityTask, hang, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { describeStores, openSqlite, startTestRelay } from '../harness/test-relay.ts'

const TAKEOVER_MS = 15_000

let resources: AsyncDisposableStack
let upstream: ScriptedUpstream
beforeEach(async () => {
  resources = new AsyncDisposableStack()
  upstream = resources.use(await ScriptedUpstream.start())
})
afterEach(() => resources.disposeAsync())

const start = async (
  store: string,
  worker: string,
  skewMs: number | readonly number[] = 0,
): Promise<ServerProcess> =>
  resources.use(
    await startRelayProcess(
      {
        ...upstream.env({ RELAY_UPSTREAM_QUEUE_TYPES: 'a' }),
        RELAY_STORE: store,
        RELAY_WORKER_ID: worker,
      },
      { skewMs },
    ),
  )

/** Worker IDs of the polls since `from`. */
const pollersSince = (from: number): Set<unknown> =>
  new Set(
    upstream
      .polls('a')
      .slice(from)
      .map(({ headers }) => headers['x-worker-id']),
  )

describePostgres('of two relays on one database, the leader', () => {
  it.each(['killed', 'frozen', 'cut off'] as const)(
    'is %s: the other one polls within 15 s, and only one polls afterwards',
    async (fault) => {
      const database = resources.use(await createDatabase())
      const proxy = resources.use(await FaultProxy.start(database.url))
      const leader = await start(proxy.url(database.url), 'leader')
      await until(() => upstream.polls('a').length > 2)
      const other = await start(database.url, 'other')
      await delay(500)
      expect(pollersSince(0)).toEqual(new Set(['leader']))

      const since = performance.now()
      if (fault === 'killed') leader.process.kill('SIGKILL')
      if (fault === 'frozen') leader.process.kill('SIGSTOP')
      if (fault === 'cut off') proxy.blackhole()
      await until(
        () => upstream.polls('a').some((poll) => poll.headers['x-worker-id'] === 'other'),
        {
          timeoutMs: TAKEOVER_MS,
        },
      )
      expect(performance.now() - since).toBeLessThan(TAKEOVER_MS)
      // A leader that was cut off has stopped before the other one started.
      const first = upstream.polls('a').findIndex((poll) => poll.headers['x-worker-id'] === 'other')
      if (fault === 'frozen') leader.process.kill('SIGCONT')
      await delay(1_500)
      expect(pollersSince(first)).toEqual(new Set(['other']))
      await until(() => other.logged('polling started').length > 0)
      expect(other.logged('polling started')).toHaveLength(1)
    },
    60_000,
  )

  it('is killed while the database is unavailable: a task that was handed out once is not lost', async () => {
    const database = resources.use(await createDatabase())
    const admin = resources.use(await startTestRelay({ RELAY_STORE: database.url }))
    const user = await admin.users.add('site-a')
    const proxy = resources.use(await FaultProxy.start(database.url))
    const folder = await mkdtemp(join(tmpdir(), 'warren-spool-'))
    resources.defer(() => rm(folder, { recursive: true }))
    const env = {
      ...upstream.env({ RELAY_UPSTREAM_QUEUE_TYPES: 'a' }),
      RELAY_STORE: proxy.url(database.url),
      RELAY_SPOOL_DIR: folder,
    }
    const uuid = crypto.randomUUID()
    const handedOut = Promise.withResolvers<void>()
    upstream.script('a', async (_request, response) => {
      await proxy.refuse()
      response.end(JSON.stringify(availabilityTask('RQ-CC-EXAMPLE', uuid)))
      handedOut.resolve()
    })
    const killed = resources.use(await startRelayProcess(env))
    await handedOut.promise
    await until(async () => (await readdir(folder)).some((name) => name.endsWith('.json')))
    await killed[Symbol.asyncDispose]()
    await proxy.forward()
    const next = resources.use(await startRelayProcess(env))
    const task = await new BareNode(next.url, user).nextTask()
    expect((await new BareNode(next.url, user).submit(task, 40)).status).toBe(200)
    const submitted = await until(() => upstream.results()[0])
    expect(JSON.parse(submitted.body)).toMatchObject({ uuid, queryResult: { count: 40 } })
    expect(await readdir(folder)).toEqual([])
  }, 60_000)

  it('has a clock that is ten minutes off: no task ends early, and no lease returns early', async () => {
    const database = resources.use(await createDatabase())
    const admin = resources.use(await startTestRelay({ RELAY_STORE: database.url }))
    const users = [await admin.users.add('site-a'), await admin.users.add('site-b')]
    const ahead = await start(database.url, 'ahead', 600_000)
    const behind = await start(database.url, 'behind', -600_000)
    const uuid = crypto.randomUUID()
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
    const nodes = [new BareNode(ahead.url, users[0]!), new BareNode(behind.url, users[1]!)]
    const tasks = await Promise.all(nodes.map((node) => node.nextTask()))
    // Three sweeps of each relay.
    await delay(6_500)
    for (const relay of [ahead, behind, admin]) {
      for (const msg of ['lease returned', 'task expired', 'task settled']) {
        expect(relay.logged(msg)).toEqual([])
      }
    }
    const statuses = [
      (await new BareNode(behind.url, users[0]!).submit(tasks[0]!, 30)).status,
      (await new BareNode(ahead.url, users[1]!).submit(tasks[1]!, 40)).status,
    ]
    expect(statuses).toEqual([200, 200])
    const submitted = await until(() => upstream.results()[0])
    expect(JSON.parse(submitted.body)).toMatchObject({ uuid, queryResult: { count: 70 } })
  }, 60_000)
})

describe('a relay on SQLite', () => {
  it('submits a result within seconds after it was killed during the submission', async () => {
    const { url } = resources.use(await openSqlite())
    const killed = await start(url, 'killed')
    const admin = await startTestRelay({ RELAY_STORE: url })
    const node = new BareNode(killed.url, await admin.users.add('site-a'))
    await admin[Symbol.asyncDispose]()
    upstream.script('result', hang)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    expect((await node.submit(await node.nextTask(), 40)).status).toBe(200)
    await until(() => upstream.results().length === 1)
    await killed[Symbol.asyncDispose]()
    const again = await start(url, 'again')
    const started = performance.now()
    await until(() => again.logged('result submitted')[0], { timeoutMs: 10_000 })
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(upstream.results()).toHaveLength(2)
  }, 60_000)

  it('polls again within 3 s of its start after it was killed', async () => {
    const { url } = resources.use(await openSqlite())
    const killed = await start(url, 'killed')
    await until(() => upstream.polls('a').length > 0)
    await killed[Symbol.asyncDispose]()
    const again = await start(url, 'again')
    const started = performance.now()
    await until(() => pollersSince(0).has('again'))
    // Before the row of the dead process expires, which takes 9 s.
    expect(performance.now() - started).toBeLessThan(6_000)
    await until(() => again.logged('polling started').length > 0)
    expect(again.logged('polling started')).toHaveLength(1)
  }, 60_000)
})

const CLOCKS: readonly [string, readonly number[]][] = [
  ['ten minutes ahead and back', [0, 600_000, 0]],
  ['ten minutes back and ahead', [0, -600_000, 0]],
]

describeStores('a relay whose clock jumps while it runs', (open) => {
  it.each(CLOCKS)(
    '%s: nothing ends early or late',
    async (_, skews) => {
      const { url } = resources.use(await open())
      const admin = await startTestRelay({ RELAY_STORE: url })
      const users = [await admin.users.add('site-a'), await admin.users.add('site-b')]
      await admin[Symbol.asyncDispose]()
      const relay = await start(url, 'relay', skews)
      const nodes = users.map((user) => new BareNode(relay.url, user))
      const uuid = crypto.randomUUID()
      upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
      const [taskA, taskB] = [await nodes[0]!.nextTask(), await nodes[1]!.nextTask()]
      for (const skew of skews.slice(1)) {
        const polls = upstream.polls('a').length
        const held = nodes[0]!.poll({ wait: 3 })
        const started = performance.now()
        relay.process.kill('SIGUSR2')
        // Held polls, the polls of the upstream and two sweeps go on as before.
        expect([skew, (await held).status]).toEqual([skew, 204])
        expect(performance.now() - started).toBeGreaterThan(2_500)
        await until(() => upstream.polls('a').length > polls + 2)
        await delay(4_500)
      }
      for (const msg of ['lease returned', 'task expired', 'task settled', 'polling stopped']) {
        expect(relay.logged(msg)).toEqual([])
      }
      expect((await nodes[0]!.submit(taskA, 30)).status).toBe(200)
      expect((await nodes[1]!.submit(taskB, 40)).status).toBe(200)
      const submitted = await until(() => upstream.results()[0])
      expect(JSON.parse(submitted.body)).toMatchObject({ uuid, queryResult: { count: 70 } })
      expect(relay.logged('polling started')).toHaveLength(1)
      const periods = relay.logged('link summary').map(({ periodMs }) => Number(periodMs))
      for (const periodMs of periods) {
        expect(periodMs).toBeGreaterThanOrEqual(0)
        expect(periodMs).toBeLessThan(300_000)
      }
    },
    120_000,
  )
})
