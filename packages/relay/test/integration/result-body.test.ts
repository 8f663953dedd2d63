import { RawClient, until } from '@warren/testkit'
import { type FastifyInstance, fastify } from 'fastify'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { watchForDisconnect } from '../../src/http/disconnect.ts'
import { sendError, toApiError } from '../../src/http/error-response.ts'
import { ResultBodies } from '../../src/http/result-body.ts'
import { BareNode, bareRequest, nodeResult, type ServedTask } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay, type TestRelay } from '../harness/test-relay.ts'

describe('the body of a result', () => {
  const resources = new AsyncDisposableStack()
  let relay: TestRelay
  let siteA: BareNode
  let siteB: BareNode
  let forA: ServedTask
  let forB: ServedTask

  beforeAll(async () => {
    const store = resources.use(await openSqlite())
    const upstream = resources.use(await ScriptedUpstream.start())
    relay = resources.use(await startTestRelay({ RELAY_STORE: store.url, ...upstream.env() }))
    siteA = new BareNode(relay.url, await relay.users.add('site-a'))
    siteB = new BareNode(relay.url, await relay.users.add('site-b'))
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    forA = await siteA.nextTask()
    forB = await siteB.nextTask()
  })
  afterAll(() => resources.disposeAsync())

  /** Sends the head of a request of site A, with a body that is still to come. */
  const begin = (uuid: string, bodyHeader: string): RawClient => {
    const head = [
      `POST /link_connector_api/task/result/${uuid}/${siteA.collection} HTTP/1.1`,
      'Host: relay',
      `Authorization: ${siteA.headers['Authorization']}`,
      'Content-Type: application/json',
      bodyHeader,
    ]
    return new RawClient(relay.url).send(`${head.join('\r\n')}\r\n\r\n`)
  }

  it.each([
    ['unknown', () => '00000000-0000-4000-8000-000000000000'],
    ["another node's", () => forB.uuid],
  ])('for an %s task is not waited for: the relay returns 404 immediately', async (_, uuid) => {
    using client = begin(uuid(), 'Content-Length: 30000000')
    expect(await client.status(3_000)).toBe(404)
  })

  it('that is longer than the limit is not waited for: the relay returns 413 immediately', async () => {
    using client = begin(forA.uuid, 'Content-Length: 30000001')
    expect(await client.status(3_000)).toBe(413)
  })

  it.each([
    ['numbers', '0,'],
    ['empty objects', '{},'],
    ['empty strings', '"",'],
    ['arrays inside each other', '['],
    ['one long number', '1'],
  ])('of %s is rejected as it arrives, before it is complete', async (_, unit) => {
    using client = begin(forA.uuid, 'Content-Length: 20000000')
    client
      .send('{"status":"ok","queryResult":{"count":1,"files":[')
      .send(Buffer.alloc(200_000, unit))
    expect(await client.status(3_000)).toBe(400)
    await until(() => client.received.includes('RELAY_MALFORMED_RESULT'))
  })

  it('may begin with a byte order mark, which is not part of the result', async () => {
    const text = `\uFEFF${JSON.stringify(nodeResult(forB, 30))}`
    expect((await siteB.postText(forB.uuid, text)).status).toBe(200)
  })

  it('that drips in from one node never delays the results of another node', async () => {
    using clients = new DisposableStack()
    const bodies = Array.from({ length: 8 }, () =>
      clients.use(begin(forA.uuid, 'Content-Length: 29000000')).send(Buffer.alloc(3_000_000, 0x20)),
    )
    await until(() => bodies.every(({ socket }) => socket.writableLength < 3_000_000))
    const drip = setInterval(() => bodies.forEach((body) => body.send(' ')), 100)
    clients.defer(() => clearInterval(drip))
    const file = { file_name: 'big', file_data: 'A'.repeat(10_000_000) }
    const big = { ...nodeResult(forB, 40).queryResult, files: [file] }
    const started = performance.now()
    expect((await siteB.submit(forB, 40)).status).toBe(200)
    expect(
      (await siteB.post(forB.uuid, { ...nodeResult(forB, 40), queryResult: big })).status,
    ).toBe(200)
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(bodies.map(({ received }) => received)).toEqual(bodies.map(() => ''))
  })
})

describe('the memory for results', () => {
  let app: FastifyInstance
  let url: string
  let stored: PromiseWithResolvers<void>
  let arrived: number

  beforeEach(async () => {
    const bodies = new ResultBodies({
      maxBytes: 200_000,
      waitMs: 400,
      pace: { pauseMs: 1_000, bytesPerSecond: 65_536 },
    })
    app = fastify({ forceCloseConnections: true })
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    app.setErrorHandler((error, request, reply) => sendError(toApiError(error), request, reply))
    stored = Promise.withResolvers()
    arrived = 0
    app.post<{ Params: { node: string } }>('/:node', async (request, reply) => {
      using disconnect = watchForDisconnect(reply)
      using result = await bodies.receive(request.params.node, request, disconnect.signal)
      if (result.bytes.length > 0) arrived += 1
      await stored.promise
      return 'saved'
    })
    url = await app.listen({ host: '127.0.0.1', port: 0 })
  })
  afterEach(() => app.close())

  const post = (node: string, bytes: number) =>
    bareRequest(`${url}/${node}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Length': String(bytes) },
      body: JSON.stringify('x'.repeat(bytes - 2)),
    })

  it('is held until the result is stored, and only large results of the same node wait for it', async () => {
    const first = post('a', 190_000)
    await until(() => arrived === 1)
    const small = post('a', 1_000)
    await until(() => arrived === 2)
    expect((await post('a', 190_000)).status).toBe(503)
    stored.resolve()
    expect((await first).status).toBe(200)
    expect((await small).status).toBe(200)
    expect((await post('a', 190_000)).status).toBe(200)
  })

  it('is released if the client stops sending, which receives 408', async () => {
    using client = new RawClient(url).send(
      'POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 190000\r\n\r\n"xx',
    )
    expect((await post('a', 190_000)).status).toBe(503)
    stored.resolve()
    expect(await client.status()).toBe(408)
    expect((await post('a', 190_000)).status).toBe(200)
  })

  it('is released if the client disconnects', async () => {
    const client = new RawClient(url).send(
      'POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 190000\r\n\r\n"xx',
    )
    expect((await post('a', 190_000)).status).toBe(503)
    client.socket.destroy()
    stored.resolve()
    expect((await post('a', 190_000)).status).toBe(200)
  })
})
