import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@warren/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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

const HTML = { 'content-type': 'text/html; charset=utf-8' }

describe('submitting a result', () => {
  let resources: AsyncDisposableStack
  let upstream: ScriptedUpstream
  let relay: TestRelay
  let node: BareNode
  let storeUrl: string

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    storeUrl = resources.use(await openSqlite()).url
    upstream = resources.use(await ScriptedUpstream.start())
    relay = resources.use(await startTestRelay(env()))
    node = new BareNode(relay.url, await relay.users.add('site-a'))
  })
  afterEach(() => resources.disposeAsync())

  const env = (more: NodeJS.ProcessEnv = {}) => ({ RELAY_STORE: storeUrl, ...upstream.env(more) })

  /** Hands out a task and submits its result as the node. Resolves to the uuid when the relay has stored the result. */
  async function answerTask(uuid: string = crypto.randomUUID(), count = 40): Promise<string> {
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
    const saved = await node.submit(await node.nextTask(), count)
    expect(saved.status).toBe(200)
    return uuid
  }

  it.each<[string, Script]>([
    ['200 and Job saved', respond(200, 'Job saved')],
    ['201 and JSON', respond(201, '{"message":"saved"}', { 'content-type': 'application/json' })],
    ['200 and "Job saved" in quotes', respond(200, '"Job saved"')],
    ['204', respond(204)],
    ['Job saved as HTML, which is the default of some servers', respond(200, 'Job saved', HTML)],
    ['409 for a duplicate', respond(409, '{"status":"CONFLICT"}')],
  ])('succeeds with %s', async (_, script) => {
    upstream.script('result', script)
    const uuid = await answerTask()
    const event = await until(() => relay.logged('result submitted')[0])
    expect(event).toMatchObject({
      level: 30,
      taskId: uuid,
      attempt: 1,
      requestId: expect.any(String) as unknown,
    })
    const [submitted] = upstream.results()
    expect(submitted?.path).toBe(`/link_connector_api/task/result/${uuid}/RQ-CC-EXAMPLE`)
    expect(submitted?.headers['x-request-id']).toBe(event['requestId'])
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
    ['500', respond(500), { kind: 'unavailable', status: 500 }],
    ['503', respond(503), { kind: 'unavailable', status: 503 }],
    ['401, which an operator can fix', respond(401), { kind: 'authentication', status: 401 }],
    ['a closed connection', closeConnection, { kind: 'transport' }],
    [
      'the page of an ingress',
      respond(200, '<div>Welcome</div>', HTML),
      { kind: 'invalid-response', code: 'WEB_PAGE', status: 200 },
    ],
    [
      'a page without a content type',
      respond(200, '\n<!DOCTYPE html><html><body>Log in</body></html>'),
      { kind: 'invalid-response', code: 'WEB_PAGE', status: 200 },
    ],
  ])('is retried after %s', async (_, script, expected) => {
    upstream.script('result', script, script)
    const uuid = await answerTask()
    const event = await until(() => relay.logged('result submitted')[0], { timeoutMs: 15_000 })
    expect(event).toMatchObject({ taskId: uuid, attempt: 3 })
    const [first, second] = relay.logged('submission failed')
    expect(first).toMatchObject({ level: 40, taskId: uuid, attempt: 1, ...expected })
    expect(Number(second?.['retryInMs'])).toBeGreaterThan(Number(first?.['retryInMs']) * 1.5)
    const bodies = upstream.results().map((request) => request.body)
    expect(new Set(bodies).size).toBe(1)
  })

  it('waits for Retry-After', async () => {
    upstream.script('result', respond(429, '', { 'retry-after': '2' }))
    await answerTask()
    await until(() => upstream.results().length === 2)
    const [first, second] = upstream.results()
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_990)
  })

  it('ends with a rejection, whose cause is kept', async () => {
    upstream.script('result', respond(400, '{"message":"count is missing"}'))
    const uuid = await answerTask()
    const abandoned = await until(() => relay.logged('submission abandoned')[0])
    expect(abandoned).toMatchObject({
      level: 50,
      taskId: uuid,
      reason: expect.stringMatching(/HTTP_400.*count is missing/) as unknown,
    })
    await delay(1_500)
    expect(upstream.results()).toHaveLength(1)
    const metrics = await fetch(`${relay.url}/metrics`).then((response) => response.text())
    expect(metrics).toContain('warren_relay_tasks{state="dead"} 1')
  })

  it('is replaced by an error result if the upstream rejects its size, also when it sends the task again', async () => {
    upstream.script('result', respond(413))
    const uuid = await answerTask()
    await until(() => relay.logged('result submitted')[0])
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
    await until(() => relay.logged('result submitted').length === 2)
    const bodies = upstream.results().map(({ body }): unknown => JSON.parse(body))
    const error = {
      uuid,
      collection_id: 'RQ-CC-EXAMPLE',
      status: 'error',
      message: 'the combined result is larger than the upstream accepts',
    }
    expect(bodies).toMatchObject([{ uuid, status: 'ok' }, error, error])
    expect(relay.logged('result too large for the upstream')).toMatchObject([
      { level: 50, taskId: uuid, status: 413, bytes: expect.any(Number) as unknown },
    ])
  })

  it('is replaced only once: an error result that is rejected for its size is abandoned', async () => {
    upstream.script('result', respond(413), respond(400, '{"message":"Payload too large"}'))
    await answerTask()
    await until(() => relay.logged('submission abandoned')[0])
    expect(upstream.results()).toHaveLength(2)
  })

  it('does not delay a node while the upstream hangs', async () => {
    upstream.script('result', hang)
    const started = performance.now()
    await answerTask()
    await until(() => upstream.results().length === 1)
    expect((await node.poll()).status).toBe(204)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('continues while another submission hangs', async () => {
    upstream.script('result', hang)
    await answerTask()
    await until(() => upstream.results().length === 1)
    const second = await answerTask()
    const event = await until(() => relay.logged('result submitted')[0])
    expect(event['taskId']).toBe(second)
  })

  it('is repeated with the same result when the upstream sends the task again', async () => {
    const uuid = await answerTask()
    await until(() => relay.logged('result submitted').length === 1)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
    await until(() => relay.logged('result submitted').length === 2)
    const [first, second] = upstream.results()
    expect(second?.body).toBe(first?.body)
    expect((await node.poll()).status).toBe(204)
  })

  it('is completed when the relay stops during a submission', async () => {
    upstream.script('result', delayed(respond(200, 'Job saved')))
    await answerTask()
    await until(() => upstream.results().length === 1)
    await relay[Symbol.asyncDispose]()
    expect(relay.logged('result submitted')).toHaveLength(1)
  })

  it('is continued by the next process after the relay stopped', async () => {
    upstream.script('result', hang)
    const uuid = await answerTask()
    await until(() => upstream.results().length === 1)
    await relay[Symbol.asyncDispose]()
    const next = resources.use(await startTestRelay(env()))
    const event = await until(() => next.logged('result submitted')[0])
    expect(event).toMatchObject({ taskId: uuid, attempt: 2 })
    expect(next.logged('task admitted')).toEqual([])
  })
})

describe('a restart', () => {
  it('keeps users, leased tasks and stored results', async () => {
    await using resources = new AsyncDisposableStack()
    const store = resources.use(await openSqlite())
    const upstream = resources.use(await ScriptedUpstream.start())
    const env = { RELAY_STORE: store.url, ...upstream.env() }
    const uuid = crypto.randomUUID()
    const first = await startTestRelay(env)
    const [one, two] = [await first.users.add('one'), await first.users.add('two')]
    const nodeOne = new BareNode(first.url, one)
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
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
