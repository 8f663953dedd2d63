import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BareNode, servedTask } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

describe('a poll that asks to be held', () => {
  let resources: AsyncDisposableStack
  let hub: TestRelay
  let upstream: ScriptedUpstream
  let node: BareNode

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const store = resources.use(await openSqlite())
    upstream = resources.use(await ScriptedUpstream.start())
    const env = { RELAY_STORE: store.url, RELAY_MAX_WAIT: '3s', ...upstream.env() }
    hub = resources.use(await startTestRelay(env))
    node = new BareNode(hub.url, await hub.users.add('site-a'))
    // The login is checked and the node known to have nothing: what follows is about waiting only.
    await node.poll()
  })
  afterEach(() => resources.disposeAsync())

  const heldPolls = async () => {
    const metrics = await fetch(`${hub.url}/metrics`).then((answer) => answer.text())
    return Number(/warren_relay_held_polls (\d+)/.exec(metrics)?.[1])
  }

  it('is answered at once when there is something', async () => {
    const started = performance.now()
    const held = node.poll({ wait: 3 })
    await until(async () => (await heldPolls()) === 1)
    const published = performance.now()
    upstream.publish(availabilityTask('RQ-CC-EXAMPLE'))
    const answer = await held
    expect(answer.status).toBe(200)
    expect(answer.headers['preference-applied']).toBe('wait=3')
    expect(performance.now() - started).toBeLessThan(2_900)
    // The upstream is polled every 100 ms; the rest is ours.
    expect(performance.now() - published).toBeLessThan(2_000)
  })

  it('is answered 204 when the time is over, and no later than the hub allows', async () => {
    const started = performance.now()
    const answer = await node.poll({ wait: 1 })
    expect(answer.status).toBe(204)
    expect(performance.now() - started).toBeGreaterThan(950)
    const long = performance.now()
    const capped = await node.poll({ wait: 100_000 })
    expect(capped.headers['preference-applied']).toBe('wait=3')
    expect(performance.now() - long).toBeGreaterThan(2_900)
    expect(performance.now() - long).toBeLessThan(6_000)
  })

  it('is an ordinary poll for a client that does not ask', async () => {
    const started = performance.now()
    const answer = await node.poll()
    expect(answer.headers['preference-applied']).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('takes no task for a client that has hung up', async () => {
    const client = new AbortController()
    const held = node.poll({ wait: 3, signal: client.signal }).catch(() => 'gone')
    await until(async () => (await heldPolls()) === 1)
    client.abort()
    expect(await held).toBe('gone')
    await until(async () => (await heldPolls()) === 0)
    upstream.publish(availabilityTask('RQ-CC-EXAMPLE'))
    await until(() => hub.logged('task admitted').length === 1)
    await delay(200)
    expect(hub.logged('task handed out')).toHaveLength(0)
    // First hand-out, first attempt: the poll that was given up has cost it nothing.
    servedTask(await node.poll({ wait: 1 }))
    expect(hub.logged('task handed out')).toMatchObject([{ attempt: 1 }])
  })

  it('is answered when the hub stops, and not cut off', async () => {
    const held = node.poll({ wait: 3 })
    await until(async () => (await heldPolls()) === 1)
    const started = performance.now()
    await hub[Symbol.asyncDispose]()
    expect((await held).status).toBe(204)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('does not keep the hub from stopping on a connection that would be kept alive', async () => {
    const url = `${hub.url}/link_connector_api/task/nextjob/${node.collection}`
    const held = fetch(url, { headers: { ...node.headers, Prefer: 'wait=3' } })
    await until(async () => (await heldPolls()) === 1)
    const started = performance.now()
    await hub[Symbol.asyncDispose]()
    expect((await held).status).toBe(204)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('does not count as slow: the time it was held is no work of the hub', async () => {
    await node.poll({ wait: 1 })
    const line = hub.logged('request completed').at(-1)
    expect(line?.['durationMs']).toBeLessThan(900)
    expect(line?.['durationMs']).toBeGreaterThan(0)
    expect(line?.['heldMs']).toBeGreaterThan(900)
  })

  it('says how long it held a poll that its client gave up, so that nobody takes it for a slow answer', async () => {
    const url = `${hub.url}/link_connector_api/task/nextjob/${node.collection}`
    const leaving = new AbortController()
    const held = fetch(url, {
      headers: { ...node.headers, Prefer: 'wait=20' },
      signal: leaving.signal,
    })
    await until(async () => (await heldPolls()) === 1)
    await delay(150)
    leaving.abort()
    await expect(held).rejects.toThrow()
    await until(() => hub.logged('request completed').at(-1)?.['status'] === 499)
    const line = hub.logged('request completed').at(-1)
    expect(line?.['heldMs']).toBeGreaterThan(100)
    expect(line?.['durationMs']).toBeLessThan(100)
  })
})
