import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bareRequest, BareNode, type BareResponse, pythonHeaders } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

describe('an empty poll that is answered before Fastify', () => {
  let resources: AsyncDisposableStack
  let relay: TestRelay
  let node: BareNode
  let user: { username: string; password: string; collectionId: string }

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const store = resources.use(await openSqlite())
    relay = resources.use(await startTestRelay({ RELAY_STORE: store.url }))
    user = await relay.users.add('site-a')
    node = new BareNode(relay.url, user)
    // From here on, the login is cached and the node is known to have no work.
    await node.poll()
    await node.poll()
  })
  afterEach(() => resources.disposeAsync())

  /** The same poll in a spelling that Fastify has to read. */
  const byRoute = (headers: Record<string, string>): Promise<BareResponse> =>
    bareRequest(`${relay.url}/link_connector_api/task/nextjob/${user.collectionId}/`, { headers })
  const direct = (headers: Record<string, string>): Promise<BareResponse> =>
    bareRequest(`${relay.url}/link_connector_api/task/nextjob/${user.collectionId}`, { headers })

  it('has the same headers and log lines as one that the route answers', async () => {
    const headers = { ...node.headers, 'X-Request-Id': 'request-1' }
    const [first, second] = [await byRoute(headers), await direct(headers)]
    expect(second.status).toBe(204)
    expect({ ...second.headers, date: '' }).toEqual({ ...first.headers, date: '' })

    const lines = relay.records.filter(({ requestId }) => requestId === 'request-1')
    const [validated, completed, ...others] = lines.map(({ level, msg, user: name, node: id }) => ({
      level,
      msg,
      name,
      id,
    }))
    expect(others).toEqual([validated, completed])
    expect(completed).toEqual({
      level: 20,
      msg: 'request completed',
      name: 'site-a',
      id: user.collectionId,
    })
  })

  it('is counted like any other', async () => {
    const polls = async (): Promise<string[]> => {
      const text = await fetch(`${relay.url}/metrics`).then((response) => response.text())
      return text.match(/^warren_relay_\w+_(total|count)\{.*(nextjob|site-a).*$/gm) ?? []
    }
    const before = await polls()
    await direct(node.headers)
    const after = await polls()
    const increases = after.map(
      (line, at) => Number(line.split(' ')[1]) - Number(before[at]?.split(' ')[1]),
    )
    expect(increases).toEqual([1, 1, 1])
  })

  it('is rejected with another password, and after the password was reset', async () => {
    const wrong = await direct(pythonHeaders(user.username, 'wrong'))
    expect(wrong.status).toBe(401)
    expect((await direct(node.headers)).status).toBe(204)
    await relay.users.resetPassword(user.username)
    expect((await direct(node.headers)).status).toBe(401)
  })

  it('is rejected for the node of another user', async () => {
    const other = await relay.users.add('site-b')
    await new BareNode(relay.url, other).poll()
    expect((await direct(pythonHeaders(other.username, other.password))).status).toBe(401)
  })

  it('has an ID of its own if the client sends none', async () => {
    const ids = [await direct(node.headers), await direct(node.headers)].map(
      (response) => response.headers['x-request-id'],
    )
    expect(ids[0]).toMatch(/^[0-9a-f]{16}$/)
    expect(ids[0]).not.toBe(ids[1])
  })
})

describe('a held poll that gets a task before Fastify', () => {
  it('has the same response, log lines and counts as one that the route answers', async () => {
    await using store = await openSqlite()
    await using upstream = await ScriptedUpstream.start()
    await using relay = await startTestRelay({ RELAY_STORE: store.url, ...upstream.env() })
    const user = await relay.users.add('site-a')
    const node = new BareNode(relay.url, user)
    await node.poll()
    const path = `${relay.url}/link_connector_api/task/nextjob/${user.collectionId}`
    const task = availabilityTask('RQ-CC-EXAMPLE')
    const count = async (): Promise<number> => {
      const text = await fetch(`${relay.url}/metrics`).then((response) => response.text())
      const line = /^warren_relay_requests_total\{.*nextjob.*status="200".*\} (\d+)$/m
      return Number(line.exec(text)?.[1] ?? 0)
    }

    const held = async (url: string, id: string) => {
      const before = await count()
      const headers = { ...node.headers, 'X-Request-Id': id, Prefer: 'wait=20' }
      const response = bareRequest(url, { headers })
      await until(async () => {
        const text = await fetch(`${relay.url}/metrics`).then((metrics) => metrics.text())
        return text.includes('warren_relay_held_polls 1')
      })
      upstream.handOut({ ...task, uuid: crypto.randomUUID() })
      const { status, headers: received, text } = await response
      const body: Record<string, unknown> = JSON.parse(text)
      await until(async () => (await count()) === before + 1)
      const lines = relay.records
        .filter(({ requestId }) => requestId === id)
        .map(({ level, msg, status: logged, user: name, node: of, attempt }) => {
          return { level, msg, logged, name, of, attempt }
        })
      return {
        status,
        headers: { ...received, date: '', 'x-request-id': '' },
        body: { ...body, uuid: '' },
        lines,
      }
    }
    // The second spelling is one that Fastify has to read.
    const direct = await held(path, 'request-1')
    const byRoute = await held(`${path}/`, 'request-2')
    expect(direct.status).toBe(200)
    expect(direct).toEqual(byRoute)
    expect(direct.lines.map(({ msg }) => msg)).toContain('task handed out')
  }, 60_000)
})
