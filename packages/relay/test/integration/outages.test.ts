import { createDatabase, describePostgres, FaultProxy, freePort, until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BareNode, nodeResult } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay } from '../harness/test-relay.ts'

let resources: AsyncDisposableStack
beforeEach(() => {
  resources = new AsyncDisposableStack()
})
afterEach(() => resources.disposeAsync())

describePostgres('while the database is away', () => {
  it('a poll that finds nothing is answered all the same: it asks neither database nor broker', async () => {
    const database = resources.use(await createDatabase())
    const proxy = resources.use(await FaultProxy.start(database.url))
    const hub = resources.use(await startTestRelay({ RELAY_STORE: proxy.url(database.url) }))
    const node = new BareNode(hub.url, await hub.users.add('site-a'))
    await node.poll()
    await node.poll()
    proxy.blackhole()
    const started = performance.now()
    for (let i = 0; i < 20; i += 1) expect((await node.poll()).status).toBe(204)
    // A single statement would have hung for seconds.
    expect(performance.now() - started).toBeLessThan(3_000)
    await proxy.forward()
  })

  it('nodes are told to come back, nothing is lost, and all goes on when it returns', async () => {
    const database = resources.use(await createDatabase())
    const proxy = resources.use(await FaultProxy.start(database.url))
    const upstream = resources.use(await ScriptedUpstream.start())
    const hub = resources.use(
      await startTestRelay({ RELAY_STORE: proxy.url(database.url), ...upstream.env() }),
    )
    const node = new BareNode(hub.url, await hub.users.add('site-a'))
    const uuid = crypto.randomUUID()
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
    const task = await node.nextTask()

    await proxy.refuse()
    const away = await until(async () => {
      const answer = await node.poll()
      return answer.status === 204 ? undefined : answer
    })
    // A 4xx would make nodes give up; this one makes them come back.
    expect(away.status).toBe(503)
    expect(away.headers['retry-after']).toBe('5')
    expect(away.json()).toMatchObject({ code: 'RELAY_STORE_UNAVAILABLE' })
    const refused = await node.post(task.uuid, nodeResult(task, 40))
    expect(refused.status).toBe(503)
    const health = await fetch(`${hub.url}/healthz`)
    expect([health.status, await health.text()]).toEqual([503, 'Unhealthy'])
    const ready = await fetch(`${hub.url}/readyz`)
    expect(await ready.json()).toMatchObject({
      status: 'unready',
      checks: { store: { ok: false } },
    })
    expect((await fetch(`${hub.url}/livez`)).status).toBe(200)
    expect((await fetch(`${hub.url}/metrics`)).status).toBe(200)

    await proxy.forward()
    await until(async () => (await node.post(task.uuid, nodeResult(task, 40))).status === 200, {
      timeoutMs: 30_000,
      everyMs: 200,
    })
    const submitted = await until(() => upstream.results()[0], { timeoutMs: 15_000 })
    expect(JSON.parse(submitted.body)).toMatchObject({ uuid, queryResult: { count: 40 } })
    expect((await fetch(`${hub.url}/readyz`)).status).toBe(200)
    expect(hub.logged('database unavailable')).toHaveLength(1)
    expect(hub.logged('database recovered').length).toBeGreaterThanOrEqual(1)
    expect(hub.logged('request failed')).toEqual([])
  }, 90_000)

  it('a task already taken from the upstream is held until it can be kept', async () => {
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
    // Hands the task out and cuts the database off before the hub can store it.
    const gone = Promise.withResolvers<void>()
    upstream.script('a', async (_request, response) => {
      await proxy.refuse()
      response.end(JSON.stringify(availabilityTask('RQ-CC-EXAMPLE', uuid)))
      gone.resolve()
    })
    const hub = resources.use(await startTestRelay(env))
    await gone.promise
    await until(() => hub.logged('task not stored, retrying')[0])
    await proxy.forward()
    await until(() => hub.logged('task admitted')[0], { timeoutMs: 20_000 })
    expect(upstream.polls('a').length).toBeLessThan(10)
  }, 60_000)
})

describe('while the broker is away', () => {
  it('the hub says so, stays in the balancer, and works from the database', async () => {
    const store = resources.use(await openSqlite())
    const upstream = resources.use(await ScriptedUpstream.start())
    const hub = resources.use(
      await startTestRelay(
        {
          RELAY_STORE: store.url,
          RELAY_QUEUE: `amqp://guest:hare@127.0.0.1:${await freePort()}`,
          ...upstream.env(),
        },
        { summaryMs: 600 },
      ),
    )
    const node = new BareNode(hub.url, await hub.users.add('site-a'))
    const ready = await fetch(`${hub.url}/readyz`)
    expect(ready.status).toBe(200)
    expect(await ready.json()).toMatchObject({
      status: 'degraded',
      checks: { store: { ok: true }, queue: { ok: false, technology: 'rabbitmq' } },
    })
    const metrics = await fetch(`${hub.url}/metrics`).then((answer) => answer.text())
    expect(metrics).toContain('warren_relay_queue_available 0')
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    expect((await node.submit(await node.nextTask(), 40)).status).toBe(200)
    await until(() => upstream.results()[0])
    const summary = (dependency: string) =>
      hub.logged('dependency summary').findLast((record) => record['dependency'] === dependency)
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
    expect(JSON.stringify(hub.records)).not.toContain('hare')
  })
})
