import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bareRequest, BareNode, type BareResponse, pythonHeaders } from '../harness/bare-client.ts'
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
