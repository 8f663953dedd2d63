import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BareNode, bareRequest, nodeResult, pythonHeaders } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

type User = Awaited<ReturnType<TestRelay['users']['add']>>

describe('results at the size limit', () => {
  const resources = new AsyncDisposableStack()
  let relay: TestRelay
  let upstream: ScriptedUpstream
  let user: User
  let node: BareNode

  beforeAll(async () => {
    const store = resources.use(await openSqlite())
    upstream = resources.use(await ScriptedUpstream.start())
    relay = resources.use(
      await startTestRelay({
        RELAY_STORE: store.url,
        ...upstream.env(),
      }),
    )
    user = await relay.users.add('site-a')
    node = new BareNode(relay.url, user)
  })
  afterAll(() => resources.disposeAsync())

  const nextTask = () => {
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    return node.nextTask()
  }
  const resultUrl = (uuid: string) =>
    `${relay.url}/link_connector_api/task/result/${uuid}/${user.collectionId}`

  it('are stored with 29 MB', async () => {
    const task = await nextTask()
    const file = { file_name: 'big', file_data: 'A'.repeat(29_000_000) }
    const result = nodeResult(task, 40)
    const big = { ...result, queryResult: { ...result.queryResult, files: [file] } }
    expect((await node.post(task.uuid, big)).status).toBe(200)
  })

  it('are rejected with 50 MB, and the client receives the 413', async () => {
    const text = `{"x":"${'A'.repeat(50_000_000)}"}`
    const response = await node.postText((await nextTask()).uuid, text)
    expect(response.status).toBe(413)
    expect(response.json()).toMatchObject({ code: 'RELAY_BODY_TOO_LARGE' })
  })

  it('are rejected with 50 MB in chunks without a Content-Length', async () => {
    const response = await bareRequest(resultUrl((await nextTask()).uuid), {
      method: 'POST',
      headers: {
        ...pythonHeaders('site-a', user.password),
        'Content-Type': 'application/json',
        'Transfer-Encoding': 'chunked',
      },
      body: Buffer.alloc(50_000_000, 0x20),
    })
    expect(response.status).toBe(413)
  })

  it('do not harm the relay if the client disconnects in the middle', async () => {
    const { uuid } = await nextTask()
    const { hostname, port } = new URL(relay.url)
    const socket = connect({ host: hostname, port: Number(port) })
    const { Authorization = '' } = pythonHeaders('site-a', user.password)
    socket.write(
      `POST ${new URL(resultUrl(uuid)).pathname} HTTP/1.1\r\nHost: relay\r\nAuthorization: ${Authorization}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"half":',
    )
    await delay(200)
    socket.destroy()
    const done = await until(() =>
      relay.logged('request completed').find((line) => String(line['path']).includes(uuid)),
    )
    expect([400, 499]).toContain(done['status'])
    expect((await node.poll()).status).toBe(204)
    expect(relay.logged('request failed')).toEqual([])
  })
})

describe('a late result', () => {
  it('receives the 409 that existing bunnies expect, after the relay has submitted an error', async () => {
    await using resources = new AsyncDisposableStack()
    const store = resources.use(await openSqlite())
    const upstream = resources.use(await ScriptedUpstream.start())
    const env = { RELAY_STORE: store.url, RELAY_AVAILABILITY_DEADLINE: '4s', ...upstream.env() }
    const relay = resources.use(await startTestRelay(env))
    const node = new BareNode(relay.url, await relay.users.add('site-a'))
    const uuid = crypto.randomUUID()
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE', uuid))
    const task = await node.nextTask()
    await until(() => relay.logged('task settled').some((line) => line['taskId'] === uuid))
    const late = await node.submit(task, 40)
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
    // No node answered in time. That is an error, and must not look like a count of 0.
    expect(JSON.parse(submitted.body)).toMatchObject({ uuid, status: 'error' })
    await until(() => relay.logged('result late').length > 0)
    expect(relay.logged('result late')).toMatchObject([{ taskId: uuid, level: 40 }])
  })
})
