import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BareNode, servedTask } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

describe('a held poll', () => {
  let resources: AsyncDisposableStack
  let relay: TestRelay
  let upstream: ScriptedUpstream
  let node: BareNode

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const store = resources.use(await openSqlite())
    upstream = resources.use(await ScriptedUpstream.start())
    const env = { RELAY_STORE: store.url, RELAY_MAX_WAIT: '20s', ...upstream.env() }
    relay = resources.use(await startTestRelay(env))
    node = new BareNode(relay.url, await relay.users.add('site-a'))
    // From here on, the login is cached and the node is known to have no work.
    await node.poll()
  })
  afterEach(() => resources.disposeAsync())

  const heldPolls = async () => {
    const metrics = await fetch(`${relay.url}/metrics`).then((response) => response.text())
    return Number(/warren_relay_held_polls (\d+)/.exec(metrics)?.[1])
  }

  it('is answered as soon as there is a task', async () => {
    const started = performance.now()
    const held = node.poll({ wait: 18 })
    await until(async () => (await heldPolls()) === 1)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    const response = await held
    expect(response.status).toBe(200)
    expect(response.headers['preference-applied']).toBe('wait=18')
    // The upstream is polled every 100 ms; the relay adds the rest.
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  it('is answered 204 after the requested time, or after RELAY_MAX_WAIT if that is shorter', async () => {
    const store = resources.use(await openSqlite())
    const env = { RELAY_STORE: store.url, RELAY_MAX_WAIT: '3s' }
    relay = resources.use(await startTestRelay(env))
    node = new BareNode(relay.url, await relay.users.add('site-a'))
    await node.poll()
    const started = performance.now()
    const response = await node.poll({ wait: 1 })
    expect(response.status).toBe(204)
    expect(performance.now() - started).toBeGreaterThan(950)
    const long = performance.now()
    const capped = await node.poll({ wait: 100_000 })
    expect(capped.headers['preference-applied']).toBe('wait=3')
    expect(performance.now() - long).toBeGreaterThan(2_900)
    expect(performance.now() - long).toBeLessThan(60_000)
  })

  it('requires Prefer: wait', async () => {
    const response = await node.poll({ signal: AbortSignal.timeout(15_000) })
    expect(response.status).toBe(204)
    expect(response.headers['preference-applied']).toBeUndefined()
  })

  it('leases no task after the client has disconnected', async () => {
    const client = new AbortController()
    const held = node.poll({ wait: 18, signal: client.signal }).catch(() => 'gone')
    await until(async () => (await heldPolls()) === 1)
    client.abort()
    expect(await held).toBe('gone')
    await until(async () => (await heldPolls()) === 0)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    await until(() => relay.logged('task admitted').length === 1)
    await delay(200)
    expect(relay.logged('task handed out')).toHaveLength(0)
    // The first attempt: the disconnected poll did not use one.
    servedTask(await node.poll({ wait: 10 }))
    await until(() => relay.logged('task handed out').length > 0)
    expect(relay.logged('task handed out')).toMatchObject([{ attempt: 1 }])
  })

  it('is answered when the relay stops', async () => {
    const held = node.poll({ wait: 18 })
    await until(async () => (await heldPolls()) === 1)
    const started = performance.now()
    await relay[Symbol.asyncDispose]()
    expect((await held).status).toBe(204)
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  it('does not prevent the relay from stopping on a keep-alive connection', async () => {
    const url = `${relay.url}/link_connector_api/task/nextjob/${node.collection}`
    const held = fetch(url, { headers: { ...node.headers, Prefer: 'wait=18' } })
    await until(async () => (await heldPolls()) === 1)
    const started = performance.now()
    await relay[Symbol.asyncDispose]()
    expect((await held).status).toBe(204)
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  it('is logged with the time it was held, which is not part of its duration', async () => {
    await node.poll({ wait: 4 })
    const line = await until(() =>
      relay.logged('request completed').find(({ heldMs }) => Number(heldMs) > 3_900),
    )
    expect(line['durationMs']).toBeLessThan(3_900)
    expect(line['durationMs']).toBeGreaterThan(0)
  })

  it('is logged with the time it was held after the client has disconnected', async () => {
    const url = `${relay.url}/link_connector_api/task/nextjob/${node.collection}`
    const leaving = new AbortController()
    const held = fetch(url, {
      headers: { ...node.headers, Prefer: 'wait=20' },
      signal: leaving.signal,
    })
    await until(async () => (await heldPolls()) === 1)
    await delay(4_000)
    leaving.abort()
    await expect(held).rejects.toThrow()
    await until(() => relay.logged('request completed').at(-1)?.['status'] === 499)
    const line = relay.logged('request completed').at(-1)
    expect(line?.['heldMs']).toBeGreaterThan(3_000)
    expect(line?.['durationMs']).toBeLessThan(3_000)
  })
})
