import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BareNode } from '../harness/bare-client.ts'
import {
  availabilityTask,
  closeConnection,
  hang,
  respond,
  type Script,
  ScriptedUpstream,
  delayed,
} from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

describe('polling an upstream', () => {
  let resources: AsyncDisposableStack
  let upstream: ScriptedUpstream
  let storeUrl: string

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    storeUrl = resources.use(await openSqlite()).url
    upstream = resources.use(await ScriptedUpstream.start())
  })
  afterEach(() => resources.disposeAsync())

  const start = async (env: NodeJS.ProcessEnv = {}): Promise<TestRelay> =>
    resources.use(await startTestRelay({ RELAY_STORE: storeUrl, ...upstream.env(env) }))

  it('polls both queues with credentials, worker ID and version, even if no node is connected', async () => {
    await start({ RELAY_WORKER_ID: 'relay-1' })
    await until(() => upstream.polls('a').length >= 2 && upstream.polls('b').length >= 2)
    const [poll] = upstream.polls('a')
    expect(poll?.path).toBe('/link_connector_api/task/nextjob/RQ-CC-EXAMPLE.a')
    expect(poll?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('relay:relay secret').toString('base64')}`,
      'user-agent': expect.stringMatching(/^warren-relay\/\d+\.\d+\.\d+/) as unknown,
      'x-worker-id': 'relay-1',
      'x-request-id': expect.any(String) as unknown,
      prefer: 'wait=20',
    })
    expect(upstream.polls('unified')).toEqual([])
  })

  it.each<[string, ('a' | 'b' | 'unified')[]]>([
    ['a', ['a']],
    [' a , b ', ['a', 'b']],
    ['', ['unified']],
  ])('with the queue types %j polls %j', async (types, expected) => {
    const { RELAY_UPSTREAM_QUEUE_TYPES: _, ...env } = upstream.env()
    resources.use(
      await startTestRelay({ RELAY_STORE: storeUrl, ...env, UpstreamTaskApi__QueueTypes: types }),
    )
    await until(() => expected.every((kind) => upstream.polls(kind).length > 0))
    const polled = (['a', 'b', 'unified'] as const).filter(
      (kind) => upstream.polls(kind).length > 0,
    )
    expect(polled).toEqual(expected)
  })

  it('fails at start with exit code 78 if the proxy is not a valid URL', async () => {
    vi.stubEnv('http_proxy', 'http://[')
    try {
      await expect(start()).rejects.toMatchObject({ exitCode: 78 })
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it('sends no request when the upstream is disabled', async () => {
    await start({ UpstreamTaskApi__Enable: 'false' })
    await delay(300)
    expect(upstream.requests).toEqual([])
  })

  it('receives all waiting tasks before it pauses', async () => {
    const tasks = Array.from({ length: 5 }, () => availabilityTask('RQ-CC-EXAMPLE'))
    for (const task of tasks) upstream.handOut(task)
    const relay = await start({
      RELAY_UPSTREAM_POLL_INTERVAL: '60s',
      DownstreamUsers__site__Password: 'password',
      DownstreamUsers__site__SubNode: '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11',
    })
    await until(() => relay.logged('task received').length === 5)
  })

  it('pauses between polls that return the same task repeatedly', async () => {
    const task = availabilityTask('RQ-CC-EXAMPLE')
    const relay = await start({
      RELAY_UPSTREAM_POLL_INTERVAL: '200ms',
      RELAY_UPSTREAM_QUEUE_TYPES: 'a',
    })
    const node = new BareNode(relay.url, await relay.users.add('site-a'))
    for (let i = 0; i < 50; i += 1) upstream.handOut(task)
    await delay(1_100)
    expect(relay.logged('task received').length).toBeLessThan(9)
    await node.nextTask()
    // All these hand-outs are one task.
    await until(() => relay.logged('task admitted').length > 0)
    expect(relay.logged('task admitted')).toHaveLength(1)
    expect((await node.poll()).status).toBe(204)
  })

  it.each<[string, Script, object]>([
    ['500', respond(500), { kind: 'unavailable', code: 'HTTP_500', status: 500 }],
    ['401', respond(401), { kind: 'authentication', code: 'HTTP_401', status: 401 }],
    ['404', respond(404), { kind: 'rejected', code: 'HTTP_404', status: 404 }],
    [
      'a login page',
      respond(200, '<html>', { 'content-type': 'text/html' }),
      { kind: 'invalid-response' },
    ],
    ['truncated JSON', respond(200, '{"uuid":'), { kind: 'invalid-response', code: 'NOT_JSON' }],
    ['a closed connection', closeConnection, { kind: 'transport' }],
  ])('logs %s and continues', async (_, script, expected) => {
    upstream.script('a', script)
    const relay = await start({ RELAY_UPSTREAM_QUEUE_TYPES: 'a' })
    const failure = await until(() => relay.logged('upstream poll failed')[0])
    expect(failure).toMatchObject({ level: 50, upstream: 'upstream', type: 'a', ...expected })
    expect(failure['retryInMs']).toBeGreaterThanOrEqual(800)
    expect(failure['retryInMs']).toBeLessThanOrEqual(1_000)
    const before = upstream.polls('a').length
    await until(() => upstream.polls('a').length > before)
    expect((await fetch(`${relay.url}/readyz`)).status).toBe(200)
  })

  it('waits for Retry-After', async () => {
    upstream.script('a', respond(429, '', { 'retry-after': '2' }))
    const relay = await start({ RELAY_UPSTREAM_QUEUE_TYPES: 'a' })
    await until(() => relay.logged('upstream poll failed')[0])
    await until(() => upstream.polls('a').length >= 2)
    const [first, second] = upstream.polls('a')
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_990)
  })

  it('waits longer after each failure', async () => {
    upstream.script('a', respond(503), respond(503), respond(503))
    const relay = await start({ RELAY_UPSTREAM_QUEUE_TYPES: 'a' })
    await until(() => relay.logged('upstream poll failed').length >= 2)
    const [first, second] = relay
      .logged('upstream poll failed')
      .map((line) => Number(line['retryInMs']))
    expect(second).toBeGreaterThan((first ?? 0) * 1.5)
  })

  it('of one queue continues while the other hangs, which does not keep the relay from stopping', async () => {
    upstream.script('a', hang, hang)
    const relay = await start()
    await until(() => upstream.polls('b').length >= 3)
    expect(upstream.polls('a')).toHaveLength(1)
    const started = performance.now()
    await relay[Symbol.asyncDispose]()
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('loses no task whose response is in progress when the relay stops', async () => {
    const uuid = crypto.randomUUID()
    const task = JSON.stringify(availabilityTask('RQ-CC-EXAMPLE', uuid))
    const before = await start({ UpstreamTaskApi__Enable: 'false' })
    const user = await before.users.add('site-a')
    await before[Symbol.asyncDispose]()
    upstream.script('a', delayed(respond(200, task, { 'content-type': 'application/json' })))
    const first = await start()
    await until(() => upstream.polls('a').length === 1)
    await first[Symbol.asyncDispose]()
    expect(first.logged('task admitted')).toMatchObject([{ taskId: uuid, nodes: 1 }])
    const second = await start()
    expect(await new BareNode(second.url, user).nextTask()).toBeDefined()
  })

  it('answers an unsupported task immediately, and drops one without a uuid', async () => {
    const uuid = crypto.randomUUID()
    const unsupported = {
      uuid,
      owner: '1',
      collection: 'RQ-CC-EXAMPLE',
      analysis: 'PHEWAS',
      code: '',
    }
    upstream.handOut(unsupported, 'b')
    upstream.script('b', respond(200, '{"message":"not a task"}'))
    const relay = await start()
    await relay.users.add('site-a')
    const submitted = await until(() => upstream.results()[0])
    expect(submitted.path).toBe(`/link_connector_api/task/result/${uuid}/RQ-CC-EXAMPLE`)
    expect(JSON.parse(submitted.body)).toMatchObject({ uuid, status: 'error' })
    await until(() => relay.logged('task unreadable')[0])
    expect(upstream.results()).toHaveLength(1)
  })

  it('of two upstreams answers each one its own tasks', async () => {
    const other = resources.use(await ScriptedUpstream.start())
    const relay = await start({
      RELAY_UPSTREAM_2_NAME: 'other',
      RELAY_UPSTREAM_2_BASE_URL: `${other.url}/api/v1`,
      RELAY_UPSTREAM_2_COLLECTION_ID: 'C-2',
      RELAY_UPSTREAM_2_USERNAME: 'relay2',
      RELAY_UPSTREAM_2_PASSWORD: 'two',
      RELAY_UPSTREAM_2_POLL_INTERVAL: '100ms',
    })
    const node = new BareNode(relay.url, await relay.users.add('site-a'))
    // The same uuid from two upstreams means two tasks.
    const uuid = crypto.randomUUID()
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
    other.handOut(availabilityTask('C-2', uuid))
    await node.submit(await node.nextTask(), 40)
    await node.submit(await node.nextTask(), 40)
    const [mine] = await until(
      () => (upstream.results().length > 0 && upstream.results()) || undefined,
    )
    const [theirs] = await until(() => (other.results().length > 0 && other.results()) || undefined)
    expect(mine?.path).toBe(`/link_connector_api/task/result/${uuid}/RQ-CC-EXAMPLE`)
    expect(theirs?.path).toBe(`/api/v1/task/result/${uuid}/C-2`)
    expect(other.polls('a')[0]?.path).toBe('/api/v1/task/nextjob/C-2.a')
    await delay(200)
    expect([upstream.results().length, other.results().length]).toEqual([1, 1])
  })
})
