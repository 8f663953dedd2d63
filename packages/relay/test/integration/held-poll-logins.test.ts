import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BareNode, nodeResult, servedTask } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { describeStores, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

type User = Awaited<ReturnType<TestRelay['users']['add']>>

describeStores('a held poll whose login ends', (open) => {
  let resources: AsyncDisposableStack
  let upstream: ScriptedUpstream
  /** Holds the poll. */
  let relay: TestRelay
  /** Another relay on the same database, which changes the users. */
  let other: TestRelay
  let user: User
  let node: BareNode

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    const store = resources.use(await open())
    upstream = resources.use(await ScriptedUpstream.start())
    relay = resources.use(await startTestRelay({ RELAY_STORE: store.url, ...upstream.env() }))
    other = resources.use(await startTestRelay({ RELAY_STORE: store.url }))
    user = await relay.users.add('site-a')
    node = new BareNode(relay.url, user)
    await node.poll()
  })
  afterEach(() => resources.disposeAsync())

  it.each<[string, (users: TestRelay['users']) => Promise<unknown>]>([
    ['its password is reset', (users) => users.resetPassword('site-a')],
    ['its node is removed', (users) => users.removeNodes('site-a', [user.collectionId])],
    ['its user is removed', (users) => users.remove('site-a')],
    ['its user is disabled', (users) => users.setDisabled('site-a', true)],
  ])('because %s is answered 401, in every relay', async (_, change) => {
    const held = node.poll({ wait: 20 })
    await delay(300)
    const started = performance.now()
    await change(other.users)
    const response = await held
    expect(response.status).toBe(401)
    expect(response.json()).toMatchObject({ code: 'RELAY_UNAUTHORIZED' })
    expect(performance.now() - started).toBeLessThan(12_000)
  })

  it('is never given a task, and the task stays for the next login', async () => {
    const held = node.poll({ wait: 20 })
    await delay(300)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    const [reset] = await Promise.all([relay.users.resetPassword('site-a'), delay(100)])
    const response = await held
    // The task may have arrived before the password was reset.
    if (response.status === 200) return
    expect(response.status).toBe(401)
    expect(relay.logged('task handed out')).toEqual([])
    const next = new BareNode(relay.url, { ...user, password: reset.password })
    servedTask(await next.poll({ wait: 10 }))
    await until(() => relay.logged('task handed out').length === 1)
    expect(relay.logged('task handed out')).toMatchObject([{ attempt: 1 }])
  })

  it('is held on if another user changes', async () => {
    await other.users.add('site-b')
    const held = node.poll({ wait: 20 })
    await delay(300)
    await other.users.resetPassword('site-b')
    await delay(1_500)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    servedTask(await held)
  })
})

describeStores('a node whose password is rotated', (open) => {
  it('gets tasks with both passwords, until the old one ends', async () => {
    await using resources = new AsyncDisposableStack()
    const store = resources.use(await open())
    const upstream = resources.use(await ScriptedUpstream.start())
    const relay = resources.use(await startTestRelay({ RELAY_STORE: store.url, ...upstream.env() }))
    const user = await relay.users.add('site-a')
    const old = new BareNode(relay.url, user)
    await old.poll()
    const held = old.poll({ wait: 20 })
    const { password } = await relay.users.rotatePassword('site-a', 4_000)
    const rotated = new BareNode(relay.url, { ...user, password })
    expect((await rotated.poll()).status).toBe(204)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    servedTask(await held)
    await until(async () => (await old.poll()).status === 401)
    expect((await rotated.poll()).status).toBe(204)
    expect(relay.logged('authentication failed')[0]).toMatchObject({ reason: 'wrong password' })
  })
})

describeStores('a disabled user', (open) => {
  it('gets 401 and is not asked, until it is enabled again', async () => {
    await using resources = new AsyncDisposableStack()
    const store = resources.use(await open())
    const upstream = resources.use(await ScriptedUpstream.start())
    const relay = resources.use(await startTestRelay({ RELAY_STORE: store.url, ...upstream.env() }))
    const siteA = new BareNode(relay.url, await relay.users.add('site-a'))
    const siteB = new BareNode(relay.url, await relay.users.add('site-b'))
    await Promise.all([siteA.poll(), siteB.poll()])
    await relay.users.setDisabled('SITE-A', true)
    await until(async () => (await siteA.poll()).status === 401)
    expect(relay.logged('authentication failed')[0]).toMatchObject({
      reason: 'disabled user',
      user: 'site-a',
    })
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    const task = await siteB.nextTask()
    await siteB.post(task.uuid, nodeResult(task, 40))
    await until(() => upstream.results().length === 1)
    expect(relay.logged('task settled')[0]).toMatchObject({ asked: 1, answered: 1 })
    await relay.users.setDisabled('site-a', false)
    await until(async () => (await siteA.poll()).status === 204)
  })
})

describeStores('held polls of one node', (open) => {
  it('are limited: the others are answered immediately, and those of another node are held', async () => {
    await using resources = new AsyncDisposableStack()
    const store = resources.use(await open())
    const env = { RELAY_STORE: store.url, RELAY_MAX_WAIT: '12s' }
    const relay = resources.use(await startTestRelay(env))
    const siteA = new BareNode(relay.url, await relay.users.add('site-a'))
    const siteB = new BareNode(relay.url, await relay.users.add('site-b'))
    await Promise.all([siteA.poll(), siteB.poll()])
    const timed = async (node: BareNode) => {
      const started = performance.now()
      const { headers } = await node.poll({ wait: 12 })
      const held = headers['preference-applied'] !== undefined
      return { held, ms: performance.now() - started }
    }
    const ofA = Array.from({ length: 70 }, () => timed(siteA))
    const ofB = timed(siteB)
    const polls = await Promise.all(ofA)
    expect(polls.filter(({ held }) => held)).toHaveLength(64)
    expect(Math.max(...polls.filter(({ held }) => !held).map(({ ms }) => ms))).toBeLessThan(10_000)
    expect(await ofB).toMatchObject({ held: true })
  })
})
