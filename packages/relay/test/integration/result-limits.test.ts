import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BareNode, bareRequest, nodeResult, pythonHeaders } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

type Account = Awaited<ReturnType<TestRelay['users']['add']>>

describe('results at the edge of what is allowed', () => {
  const resources = new AsyncDisposableStack()
  let hub: TestRelay
  let upstream: ScriptedUpstream
  let account: Account
  let node: BareNode

  beforeAll(async () => {
    const store = resources.use(await openSqlite())
    upstream = resources.use(await ScriptedUpstream.start())
    hub = resources.use(
      await startTestRelay({
        RELAY_STORE: store.url,
        ...upstream.env(),
      }),
    )
    account = await hub.users.add('site-a')
    node = new BareNode(hub.url, account)
  })
  afterAll(() => resources.disposeAsync())

  const resultUrl = (uuid: string) =>
    `${hub.url}/link_connector_api/task/result/${uuid}/${account.collectionId}`

  it('of 29 MB are stored', async () => {
    upstream.publish(availabilityTask('RQ-CC-EXAMPLE'))
    const task = await node.nextTask()
    const file = { file_name: 'big', file_data: 'A'.repeat(29_000_000) }
    const result = nodeResult(task, 40)
    const big = { ...result, queryResult: { ...result.queryResult, files: [file] } }
    expect((await node.post(task.uuid, big)).status).toBe(200)
  })

  it('of 50 MB are refused with 413, which the client gets to see', async () => {
    const text = `{"x":"${'A'.repeat(50_000_000)}"}`
    const answer = await node.postText('00000000-0000-4000-8000-000000000000', text)
    expect(answer.status).toBe(413)
    expect(answer.json()).toMatchObject({ code: 'RELAY_BODY_TOO_LARGE' })
  })

  it('of 50 MB in chunks of unknown number are refused just the same', async () => {
    const answer = await bareRequest(resultUrl('00000000-0000-4000-8000-000000000000'), {
      method: 'POST',
      headers: {
        ...pythonHeaders('site-a', account.password),
        'Content-Type': 'application/json',
        'Transfer-Encoding': 'chunked',
      },
      body: Buffer.alloc(50_000_000, 0x20),
    })
    expect(answer.status).toBe(413)
  })

  it('that never end leave the hub in good health', async () => {
    const { hostname, port } = new URL(hub.url)
    const socket = connect({ host: hostname, port: Number(port) })
    const { Authorization = '' } = pythonHeaders('site-a', account.password)
    socket.write(
      `POST ${new URL(resultUrl('x')).pathname} HTTP/1.1\r\nHost: hub\r\nAuthorization: ${Authorization}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"half":',
    )
    await delay(200)
    socket.destroy()
    const done = await until(() =>
      hub.logged('request completed').find((line) => String(line['path']).includes('/result/x/')),
    )
    expect([400, 499]).toContain(done['status'])
    expect((await node.poll()).status).toBe(204)
    expect(hub.logged('request failed')).toEqual([])
  })
})

describe('a result that comes too late', () => {
  it('gets the conflict body of old, and the task had its answer in time', async () => {
    await using resources = new AsyncDisposableStack()
    const store = resources.use(await openSqlite())
    const upstream = resources.use(await ScriptedUpstream.start())
    const env = { RELAY_STORE: store.url, RELAY_AVAILABILITY_DEADLINE: '4s', ...upstream.env() }
    const hub = resources.use(await startTestRelay(env))
    const node = new BareNode(hub.url, await hub.users.add('site-a'))
    const uuid = crypto.randomUUID()
    upstream.publish(availabilityTask('RQ-CC-EXAMPLE', uuid))
    const task = await node.nextTask()
    await until(() => hub.logged('task settled').some((line) => line['taskId'] === uuid))
    const late = await node.answer(task, 40)
    expect(late.status).toBe(409)
    expect(late.json()).toEqual({
      status: 'CONFLICT',
      timestamp: expect.stringMatching(/^\d\d-\d\d-\d{4} \d\d:\d\d:\d\d$/) as unknown,
      message: 'Job file already uploaded',
      debugMessage: 'Job file already uploaded',
    })
    const submitted = await until(() =>
      upstream.results().find((request) => request.path.includes(uuid)),
    )
    // Nobody answered in time: that is an error and never "nobody is like this".
    expect(JSON.parse(submitted.body)).toMatchObject({ uuid, status: 'error' })
    expect(hub.logged('result late')).toMatchObject([{ taskId: uuid, level: 40 }])
  })
})
