import { setTimeout as delay } from 'node:timers/promises'
import {
  describePostgres,
  FaultProxy,
  type PrivatePostgres,
  startPrivatePostgres,
  until,
} from '@warren/testkit'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { BareNode, nodeResult, type ServedTask } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { startTestRelay, type TestRelay } from '../harness/test-relay.ts'

const ROLE = 'hub'
const PASSWORD = 'relay-password'
/** A database that can be used again must be used within this time. */
const BACK_MS = 10_000
const MAX_CLIENTS = 250

let resources: AsyncDisposableStack
beforeEach(() => {
  resources = new AsyncDisposableStack()
})
afterEach(() => resources.disposeAsync())

async function openClient(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  // Its server may stop.
  client.on('error', () => {})
  await client.connect()
  return client
}

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = await openClient(url)
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

interface Hub {
  readonly proxy: FaultProxy
  readonly upstream: ScriptedUpstream
  readonly relay: TestRelay
  readonly node: BareNode
  /** A task that the node has, with its result still to be posted. */
  readonly task: ServedTask
}

/** A relay that reaches its database through a proxy, as through the address of a cluster, with one task in work. */
async function startHub(primary: PrivatePostgres): Promise<Hub> {
  await query(primary.url, `create role ${ROLE} login password '${PASSWORD}'`)
  await query(primary.url, `create database ${ROLE} owner ${ROLE}`)
  const proxy = resources.use(await FaultProxy.start(primary.url))
  const upstream = resources.use(await ScriptedUpstream.start())
  const store = new URL(proxy.url(primary.url))
  store.username = ROLE
  store.password = PASSWORD
  store.pathname = `/${ROLE}`
  const relay = resources.use(await startTestRelay({ RELAY_STORE: store.href, ...upstream.env() }))
  const node = new BareNode(relay.url, await relay.users.add('site-a'))
  upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
  return { proxy, upstream, relay, node, task: await node.nextTask() }
}

/** Two servers, of which the second follows the first. */
async function startCluster(): Promise<{ primary: PrivatePostgres; standby: string }> {
  const primary = resources.use(await startPrivatePostgres())
  const standby = resources.use(await primary.startStandby())
  return { primary, standby: standby.url }
}

/** Resolves when the standby has everything that was committed so far. */
async function catchUp(primary: string, standby: string): Promise<void> {
  // What was committed may not have been written yet: the server of a test does not wait for its disk.
  const [written] = await query(primary, 'select pg_current_wal_insert_lsn()::text as lsn')
  const lsn = String(written?.['lsn'])
  await until(async () => {
    const [row] = await query(standby, `select pg_last_wal_replay_lsn() >= '${lsn}' as done`)
    return row?.['done'] === true
  })
}

/** Resolves when the relay says `detail` at /readyz and rejects a result with 503; checks that the upstream is left alone. */
async function expectUnavailable(
  { relay, node, task, upstream }: Hub,
  detail: RegExp,
): Promise<void> {
  await until(async () => {
    const response = await fetch(`${relay.url}/readyz`)
    return response.status === 503 && detail.test(await response.text())
  })
  await until(async () => (await node.post(task.uuid, nodeResult(task, 40))).status === 503)
  // Polls that had started may finish.
  await delay(2_000)
  const polls = upstream.requests.length
  await delay(2_000)
  expect(upstream.requests).toHaveLength(polls)
}

/** The result that the node had in hand is taken, and the upstream is polled and answered. */
async function expectService({ relay, node, task, upstream }: Hub): Promise<void> {
  const polls = upstream.requests.length
  await until(async () => (await node.post(task.uuid, nodeResult(task, 40))).status === 200, {
    timeoutMs: BACK_MS,
  })
  await until(
    async () =>
      (await fetch(`${relay.url}/readyz`)).status === 200 && upstream.requests.length > polls,
    { timeoutMs: BACK_MS },
  )
  await until(() => upstream.results().length === 1)
  await until(() => relay.logged('database recovered').length > 0)
}

describePostgres('a relay whose PostgreSQL fails over', () => {
  it('is not ready at the standby, and continues there once it is promoted', async () => {
    const { primary, standby } = await startCluster()
    const hub = await startHub(primary)
    await catchUp(primary.url, standby)
    await primary.kill()
    hub.proxy.retarget(standby)
    await expectUnavailable(hub, /the database is read-only|recovery/)
    await query(standby, 'select pg_promote()')
    await expectService(hub)
  }, 90_000)

  it('leaves a standby it was led to, although the connections to it stay open', async () => {
    const { primary, standby } = await startCluster()
    const hub = await startHub(primary)
    await catchUp(primary.url, standby)
    hub.proxy.retarget(standby)
    hub.proxy.reset()
    await expectUnavailable(hub, /the database is read-only|recovery/)
    hub.proxy.retarget(primary.url)
    await expectService(hub)
    const sessions = await query(
      standby,
      `select count(*)::int as n from pg_stat_activity where datname = '${ROLE}'`,
    )
    expect(sessions).toEqual([{ n: 0 }])
  }, 90_000)
})

describePostgres('a relay whose PostgreSQL has no connection left', () => {
  it('is not ready, says so once, and continues when there is one', async () => {
    const primary = resources.use(await startPrivatePostgres())
    const hub = await startHub(primary)
    const clients: Client[] = []
    resources.defer(async () => {
      await Promise.all(clients.map((client) => client.end()))
    })
    const takeAll = async (): Promise<void> => {
      while (clients.length < MAX_CLIENTS) {
        try {
          clients.push(await openClient(primary.url))
        } catch (error: unknown) {
          if (error instanceof Error && 'code' in error && error.code === '53300') return
          throw error
        }
      }
      throw new Error('the server has more connections than a test may take')
    }
    await takeAll()
    await until(
      async () => {
        const ended = await clients[0]?.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${ROLE}'`,
        )
        await takeAll()
        return ended?.rowCount === 0
      },
      { everyMs: 200 },
    )
    await expectUnavailable(hub, /the database has no free connection/)
    await Promise.all(clients.splice(0).map((client) => client.end()))
    await expectService(hub)
    const lines = hub.relay.logged('database unavailable')
    expect(lines.filter(({ code }) => code === '53300')).toHaveLength(1)
  }, 90_000)
})
