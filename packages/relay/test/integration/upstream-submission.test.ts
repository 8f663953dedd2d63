import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BareNode } from '../harness/bare-client.ts'
import {
  availabilityTask,
  cutOff,
  hang,
  say,
  type Script,
  ScriptedUpstream,
  slowly,
} from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

describe('delivering an answer', () => {
  let resources: AsyncDisposableStack
  let upstream: ScriptedUpstream
  let hub: TestRelay
  let node: BareNode
  let storeUrl: string

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    storeUrl = resources.use(await openSqlite()).url
    upstream = resources.use(await ScriptedUpstream.start())
    hub = resources.use(await startTestRelay(env()))
    node = new BareNode(hub.url, await hub.users.add('site-a'))
  })
  afterEach(() => resources.disposeAsync())

  const env = (more: NodeJS.ProcessEnv = {}) => ({ RELAY_STORE: storeUrl, ...upstream.env(more) })

  /** Asks a question and has the node answer it; resolves when the node heard "saved". */
  async function askAndAnswer(uuid: string = crypto.randomUUID(), count = 40): Promise<string> {
    upstream.publish(availabilityTask('RQ-CC-EXAMPLE', uuid))
    const saved = await node.submit(await node.nextTask(), count)
    expect(saved.status).toBe(200)
    return uuid
  }

  it.each<[string, Script]>([
    ['200 and the words of old', say(200, 'Job saved')],
    ['201 and JSON', say(201, '{"message":"saved"}', { 'content-type': 'application/json' })],
    ['200 and the words quoted', say(200, '"Job saved"')],
    ['204', say(204)],
    ['409, because it has it already', say(409, '{"status":"CONFLICT"}')],
  ])('is done with %s', async (_, script) => {
    upstream.script('result', script)
    const uuid = await askAndAnswer()
    const delivered = await until(() => hub.logged('result submitted')[0])
    expect(delivered).toMatchObject({
      level: 30,
      taskId: uuid,
      attempt: 1,
      requestId: expect.any(String) as unknown,
    })
    const [submitted] = upstream.results()
    expect(submitted?.path).toBe(`/link_connector_api/task/result/${uuid}/RQ-CC-EXAMPLE`)
    expect(submitted?.headers['x-request-id']).toBe(delivered['requestId'])
    expect(JSON.parse(submitted?.body ?? '')).toMatchObject({
      uuid,
      collection_id: 'RQ-CC-EXAMPLE',
      status: 'ok',
      protocolVersion: 'v2',
      queryResult: { count: 40, datasetCount: 0, files: [] },
    })
    await delay(300)
    expect(upstream.results()).toHaveLength(1)
  })

  it.each<[string, Script, object]>([
    ['500', say(500), { kind: 'unavailable', status: 500 }],
    ['503', say(503), { kind: 'unavailable', status: 503 }],
    ['401, which a person mends', say(401), { kind: 'authentication', status: 401 }],
    ['a closed connection', cutOff, { kind: 'transport' }],
  ])('is tried again after %s', async (_, script, expected) => {
    upstream.script('result', script, script)
    const uuid = await askAndAnswer()
    const delivered = await until(() => hub.logged('result submitted')[0], { timeoutMs: 15_000 })
    expect(delivered).toMatchObject({ taskId: uuid, attempt: 3 })
    const [first, second] = hub.logged('submission failed')
    expect(first).toMatchObject({ level: 40, taskId: uuid, attempt: 1, ...expected })
    expect(Number(second?.['retryInMs'])).toBeGreaterThan(Number(first?.['retryInMs']) * 1.5)
    const bodies = upstream.results().map((request) => request.body)
    expect(new Set(bodies).size).toBe(1)
  })

  it('waits as long as the upstream says', async () => {
    upstream.script('result', say(429, '', { 'retry-after': '2' }))
    await askAndAnswer()
    await until(() => upstream.results().length === 2)
    const [first, second] = upstream.results()
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_990)
  })

  it('ends with a refusal, which is kept with its cause', async () => {
    upstream.script('result', say(400, '{"message":"count is missing"}'))
    const uuid = await askAndAnswer()
    const abandoned = await until(() => hub.logged('submission abandoned')[0])
    expect(abandoned).toMatchObject({
      level: 50,
      taskId: uuid,
      reason: expect.stringMatching(/HTTP_400.*count is missing/) as unknown,
    })
    await delay(1_500)
    expect(upstream.results()).toHaveLength(1)
    const metrics = await fetch(`${hub.url}/metrics`).then((answer) => answer.text())
    expect(metrics).toContain('warren_relay_tasks{state="dead"} 1')
  })

  it('keeps no node waiting, however long the upstream takes', async () => {
    upstream.script('result', hang)
    const started = performance.now()
    await askAndAnswer()
    await until(() => upstream.results().length === 1)
    expect((await node.poll()).status).toBe(204)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('goes on while one answer hangs', async () => {
    upstream.script('result', hang)
    await askAndAnswer()
    await until(() => upstream.results().length === 1)
    const second = await askAndAnswer()
    const delivered = await until(() => hub.logged('result submitted')[0])
    expect(delivered['taskId']).toBe(second)
  })

  it('sends the very same answer again when the upstream asks again', async () => {
    const uuid = await askAndAnswer()
    await until(() => hub.logged('result submitted').length === 1)
    upstream.publish(availabilityTask('RQ-CC-EXAMPLE', uuid))
    await until(() => hub.logged('result submitted').length === 2)
    const [first, second] = upstream.results()
    expect(second?.body).toBe(first?.body)
    expect((await node.poll()).status).toBe(204)
  })

  it('is not cut off by a stop while the upstream takes it', async () => {
    upstream.script('result', slowly(say(200, 'Job saved')))
    await askAndAnswer()
    await until(() => upstream.results().length === 1)
    await hub[Symbol.asyncDispose]()
    expect(hub.logged('result submitted')).toHaveLength(1)
  })

  it('is taken up by the next process where a stopped one left it', async () => {
    upstream.script('result', hang)
    const uuid = await askAndAnswer()
    await until(() => upstream.results().length === 1)
    await hub[Symbol.asyncDispose]()
    const next = resources.use(await startTestRelay(env()))
    const delivered = await until(() => next.logged('result submitted')[0])
    expect(delivered).toMatchObject({ taskId: uuid, attempt: 2 })
    expect(next.logged('task admitted')).toEqual([])
  })
})

describe('a restart', () => {
  it('keeps users, tasks handed out, and answers of other nodes', async () => {
    await using resources = new AsyncDisposableStack()
    const store = resources.use(await openSqlite())
    const upstream = resources.use(await ScriptedUpstream.start())
    const env = { RELAY_STORE: store.url, ...upstream.env() }
    const uuid = crypto.randomUUID()
    const first = await startTestRelay(env)
    const [one, two] = [await first.users.add('one'), await first.users.add('two')]
    const nodeOne = new BareNode(first.url, one)
    upstream.publish(availabilityTask('RQ-CC-EXAMPLE', uuid))
    const forOne = await nodeOne.nextTask()
    const forTwo = await new BareNode(first.url, two).nextTask()
    await nodeOne.submit(forOne, 30)
    await first[Symbol.asyncDispose]()

    const second = resources.use(await startTestRelay(env))
    // Leased before the restart, answered after it.
    const nodeTwo = new BareNode(second.url, two)
    expect((await nodeTwo.submit(forTwo, 12)).status).toBe(200)
    const submitted = await until(() => upstream.results()[0])
    expect(JSON.parse(submitted.body)).toMatchObject({ uuid, queryResult: { count: 40 } })
    expect((await nodeTwo.poll()).status).toBe(204)
  })
})
