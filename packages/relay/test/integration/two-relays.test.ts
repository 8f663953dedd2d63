import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@warren/testkit'
import { expect, it } from 'vitest'
import { BareNode, servedTask } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { describeStores, startTestRelay } from '../harness/test-relay.ts'

describeStores('two relays on one database', (open) => {
  const setUp = async () => {
    const resources = new AsyncDisposableStack()
    const store = resources.use(await open())
    const upstream = resources.use(await ScriptedUpstream.start())
    const env = { RELAY_STORE: store.url, ...upstream.env({ RELAY_UPSTREAM_QUEUE_TYPES: 'a' }) }
    const one = resources.use(await startTestRelay({ ...env, RELAY_WORKER_ID: 'one' }))
    const two = resources.use(await startTestRelay({ ...env, RELAY_WORKER_ID: 'two' }))
    return { resources, upstream, one, two }
  }

  it('poll an upstream once, and one takes over when the other stops', async () => {
    const { resources, upstream, one, two } = await setUp()
    await using _ = resources
    await until(() => upstream.polls('a').length >= 5)
    const workers = () => new Set(upstream.polls('a').map((poll) => poll.headers['x-worker-id']))
    expect(workers().size).toBe(1)
    const [leader, other] = workers().has('one') ? [one, two] : [two, one]
    await leader[Symbol.asyncDispose]()
    await until(() => workers().size === 2, { timeoutMs: 15_000 })
    await until(() => other.logged('polling started').length > 0)
    expect(other.logged('polling started')).toHaveLength(1)
  })

  it('hand each task to each node once, and submit one result', async () => {
    const { resources, upstream, one, two } = await setUp()
    await using _ = resources
    const siteA = await one.users.add('site-a')
    const siteB = await two.users.add('site-b')
    const uuid = crypto.randomUUID()
    const onOne = new BareNode(one.url, siteA).poll({ wait: 10 })
    const onTwo = new BareNode(two.url, siteA).poll({ wait: 10 })
    const onTwoForB = new BareNode(two.url, siteB).poll({ wait: 10 })
    await delay(300)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
    const b = new BareNode(one.url, siteB)
    // Polls at both relays return the task. A result may be submitted to the other relay.
    expect((await b.submit(servedTask(await onTwoForB), 30)).status).toBe(200)
    // One of the two polls of site-a returns the task. Its result goes to the relay that did not hand it out.
    const first = await Promise.race([
      onOne.then((response) => ({ response, other: two })),
      onTwo.then((response) => ({ response, other: one })),
    ])
    const forA = servedTask(first.response)
    expect((await new BareNode(first.other.url, siteA).submit(forA, 12)).status).toBe(200)

    const submitted = await until(() => upstream.results()[0])
    expect(JSON.parse(submitted.body)).toMatchObject({ uuid, queryResult: { count: 40 } })
    await delay(1_000)
    expect(upstream.results()).toHaveLength(1)
    const handedOut = [...one.logged('task handed out'), ...two.logged('task handed out')]
    expect(handedOut).toHaveLength(2)
  })
})
