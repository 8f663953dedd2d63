import { setTimeout as delay } from 'node:timers/promises'
import { RawClient, until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BareNode, bareRequest, servedTask } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

describe('connections without a login', () => {
  let resources: AsyncDisposableStack
  let upstream: ScriptedUpstream
  let relay: TestRelay
  let node: BareNode

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const store = resources.use(await openSqlite())
    upstream = resources.use(await ScriptedUpstream.start())
    const env = { RELAY_STORE: store.url, RELAY_MAX_CONNECTIONS: '40', ...upstream.env() }
    relay = resources.use(await startTestRelay(env))
    node = new BareNode(relay.url, await relay.users.add('site-a'))
    await node.poll()
  })
  afterEach(() => resources.disposeAsync())

  const open = () => resources.use(new RawClient(relay.url))

  it('are closed beyond the limit, the oldest first, while held polls and new requests are served', async () => {
    const held = node.poll({ wait: 20 })
    await delay(200)
    const clients = Array.from({ length: 100 }, () => open())
    for (const client of clients) client.send('GET /livez HTTP/1.1\r\nHost: x\r\n')
    await until(() => clients.filter(({ closed }) => closed).length >= 80)
    expect((await bareRequest(`${relay.url}/livez`)).status).toBe(200)
    expect((await node.poll()).status).toBe(204)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    servedTask(await held)

    expect(relay.logged('connections closed by a limit')).toMatchObject([
      { level: 40, reason: 'address', address: '127.0.0.1' },
    ])
    const { text } = await bareRequest(`${relay.url}/metrics`)
    expect(text).toMatch(/warren_relay_closed_connections_total\{reason="address"\} \d\d/)
  })

  it('are closed if they pipeline requests', async () => {
    const poll = `GET /link_connector_api/task/nextjob/${node.collection} HTTP/1.1\r\nHost: x\r\n`
    const logins = Array.from({ length: 400 }, (_, i) => {
      const credentials = Buffer.from(`user-${i}:password`).toString('base64')
      return `${poll}Authorization: Basic ${credentials}\r\n\r\n`
    })
    const client = open().send(logins.join(''))
    await until(() => client.closed)
    await until(() => relay.logged('connections closed by a limit').length > 0)
    expect(relay.logged('connections closed by a limit')).toMatchObject([{ reason: 'pipelining' }])
    expect((await node.poll()).status).toBe(204)
  })
})
