import { setTimeout as delay } from 'node:timers/promises'
import { createDatabase, describePostgres, FaultProxy, freePort, until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BareNode, nodeResult } from '../harness/bare-client.ts'
import { runCli } from '../harness/run-cli.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay } from '../harness/test-relay.ts'

let resources: AsyncDisposableStack
beforeEach(() => {
  resources = new AsyncDisposableStack()
})
afterEach(() => resources.disposeAsync())

describePostgres('while the database is unavailable', () => {
  it('empty polls are answered, because they need neither the database nor the broker', async () => {
    const database = resources.use(await createDatabase())
    const proxy = resources.use(await FaultProxy.start(database.url))
    const relay = resources.use(await startTestRelay({ RELAY_STORE: proxy.url(database.url) }))
    const node = new BareNode(relay.url, await relay.users.add('site-a'))
    await node.poll()
    await node.poll()
    proxy.blackhole()
    const started = performance.now()
    for (let i = 0; i < 20; i += 1) expect((await node.poll()).status).toBe(204)
    // Every statement would have hung for seconds.
    expect(performance.now() - started).toBeLessThan(10_000)
    await proxy.forward()
  })

  it('nodes get 503, nothing is lost, and work continues after the recovery', async () => {
    const database = resources.use(await createDatabase())
    const proxy = resources.use(await FaultProxy.start(database.url))
    const upstream = resources.use(await ScriptedUpstream.start())
    const relay = resources.use(
      await startTestRelay({ RELAY_STORE: proxy.url(database.url), ...upstream.env() }),
    )
    const node = new BareNode(relay.url, await relay.users.add('site-a'))
    const uuid = crypto.randomUUID()
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
    const task = await node.nextTask()

    await proxy.refuse()
    const rejected = await until(async () => {
      const response = await node.poll()
      return response.status === 204 ? undefined : response
    })
    // Nodes retry after a 5xx, but not after a 4xx.
    expect(rejected.status).toBe(503)
    expect(rejected.headers['retry-after']).toBe('5')
    expect(rejected.json()).toMatchObject({ code: 'RELAY_STORE_UNAVAILABLE' })
    const rejectedResult = await node.post(task.uuid, nodeResult(task, 40))
    expect(rejectedResult.status).toBe(503)
    const health = await fetch(`${relay.url}/healthz`)
    expect([health.status, await health.text()]).toEqual([503, 'Unhealthy'])
    const ready = await fetch(`${relay.url}/readyz`)
    expect(await ready.json()).toMatchObject({
      status: 'unready',
      checks: { store: { ok: false } },
    })
    expect((await fetch(`${relay.url}/livez`)).status).toBe(200)
    expect((await fetch(`${relay.url}/metrics`)).status).toBe(200)

    await proxy.forward()
    await until(async () => (await node.post(task.uuid, nodeResult(task, 40))).status === 200, {
      timeoutMs: 30_000,
      everyMs: 200,
    })
    const submitted = await until(() => upstream.results()[0], { timeoutMs: 15_000 })
    expect(JSON.parse(submitted.body)).toMatchObject({ uuid, queryResult: { count: 40 } })
    expect((await fetch(`${relay.url}/readyz`)).status).toBe(200)
    expect(relay.logged('database unavailable')).toHaveLength(1)
    await until(() => relay.logged('database recovered')[0], { timeoutMs: 15_000 })
    expect(relay.logged('request failed')).toEqual([])
  }, 90_000)

  it('a task received from the upstream is kept on disk until it can be stored', async () => {
    const database = resources.use(await createDatabase())
    const proxy = resources.use(await FaultProxy.start(database.url))
    const upstream = resources.use(await ScriptedUpstream.start())
    const env = {
      RELAY_STORE: proxy.url(database.url),
      DownstreamUsers__site__Password: 'password',
      DownstreamUsers__site__SubNode: '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11',
      ...upstream.env({ RELAY_UPSTREAM_QUEUE_TYPES: 'a' }),
    }
    const uuid = crypto.randomUUID()
    // Hands the task out and cuts off the database before the relay can store it.
    const handedOut = Promise.withResolvers<void>()
    upstream.script('a', async (_request, response) => {
      await proxy.refuse()
      response.end(JSON.stringify(availabilityTask('RQ-CC-EXAMPLE', uuid)))
      handedOut.resolve()
    })
    const relay = resources.use(await startTestRelay(env))
    await handedOut.promise
    await until(() => relay.logged('task spooled')[0], { timeoutMs: 15_000 })
    const polls = upstream.polls('a').length
    await delay(1_000)
    // A second task could not be stored either.
    expect(upstream.polls('a')).toHaveLength(polls)
    await proxy.forward()
    await until(() => relay.logged('task admitted')[0], { timeoutMs: 20_000 })
  }, 60_000)
})

describePostgres('a database that fails during a submission', () => {
  it('gets the outcome when it is back, and the upstream gets the result once', async () => {
    const database = resources.use(await createDatabase())
    const proxy = resources.use(await FaultProxy.start(database.url))
    const upstream = resources.use(await ScriptedUpstream.start())
    const relay = resources.use(
      await startTestRelay({ RELAY_STORE: proxy.url(database.url), ...upstream.env() }),
    )
    const node = new BareNode(relay.url, await relay.users.add('site-a'))
    upstream.script('result', async (_request, response) => {
      await proxy.refuse()
      response.end('Job saved')
    })
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    expect((await node.submit(await node.nextTask(), 40)).status).toBe(200)
    await until(() => relay.logged('submission not recorded yet').length >= 3, {
      timeoutMs: 15_000,
    })
    await proxy.forward()
    const tasks = () =>
      runCli({ RELAY_STORE: database.url }, 'tasks', 'list', '--state', 'submitted')
    await until(async () => (await tasks()).stdout !== '', { everyMs: 200 })
    expect(upstream.results()).toHaveLength(1)
  }, 60_000)
})

describe('while the broker is unavailable', () => {
  it('the relay is degraded but ready, and hands out tasks from the database', async () => {
    const store = resources.use(await openSqlite())
    const upstream = resources.use(await ScriptedUpstream.start())
    const relay = resources.use(
      await startTestRelay(
        {
          RELAY_STORE: store.url,
          RELAY_QUEUE: `amqp://guest:hare@127.0.0.1:${await freePort()}`,
          ...upstream.env(),
        },
        { summaryMs: 600 },
      ),
    )
    const node = new BareNode(relay.url, await relay.users.add('site-a'))
    const ready = await fetch(`${relay.url}/readyz`)
    expect(ready.status).toBe(200)
    expect(await ready.json()).toMatchObject({
      status: 'degraded',
      checks: { store: { ok: true }, queue: { ok: false, technology: 'rabbitmq' } },
    })
    const metrics = await fetch(`${relay.url}/metrics`).then((response) => response.text())
    expect(metrics).toContain('warren_relay_queue_available 0')
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    expect((await node.submit(await node.nextTask(), 40)).status).toBe(200)
    await until(() => upstream.results()[0])
    const summary = (dependency: string) =>
      relay.logged('dependency summary').findLast((record) => record['dependency'] === dependency)
    await until(() => summary('broker')?.['detail'] !== undefined)
    expect(summary('database')).toMatchObject({
      technology: 'sqlite',
      checks: { error: 0 },
      state: 'ok',
    })
    expect(summary('broker')).toMatchObject({
      technology: 'rabbitmq',
      checks: { ok: 0 },
      state: 'failing',
    })
    expect(summary('broker')?.['detail']).toContain('ECONNREFUSED')
    expect(JSON.stringify(relay.records)).not.toContain('hare')
  })
})
