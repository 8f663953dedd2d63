import type { IncomingHttpHeaders } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Exchange, countResult, parseTaskEnvelope } from '../../src/index.ts'
import { COLLECTION, PASSWORD, clientFor, errorOf, httpServer } from './loopback-server.ts'

interface Seen {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
}

interface Reply {
  status: number
  body?: string
  headers?: Record<string, string>
}

/** Answers every request the same way and records the requests. */
async function startServer(configured: Reply | ((seen: Seen) => Reply)) {
  const seen: Seen[] = []
  const { host, server } = await httpServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const entry = { method, url, headers, body }
      seen.push(entry)
      const reply = typeof configured === 'function' ? configured(entry) : configured
      response.writeHead(reply.status, reply.headers).end(reply.body ?? '')
    })
  })
  return { base: `http://${host}`, host, seen, server }
}

const RESULT = countResult({ uuid: 'task 1/2', collection: 'other' }, 44)
const BASIC = Buffer.from(`user:${PASSWORD}`).toString('base64')

describe('nextTask', () => {
  it.each([
    ['empty members', `{"uuid":"1","cohort":{${'"":{},'.repeat(1_400_000)}"":0}}`],
    ['empty arrays', `[${'[],'.repeat(3_000_000)}0]`],
    ['numbers', `[${'0,'.repeat(4_500_000)}0]`],
    ['nested arrays', '['.repeat(9_000_000)],
    ['digits', '9'.repeat(9_000_000)],
  ])(
    'refuses a task of 10 MB full of %s in seconds of the processor and without parsing it',
    async (_, body) => {
      const { base } = await startServer({ status: 200, body })
      const client = clientFor(base)
      const before = process.memoryUsage().rss
      const used = process.cpuUsage()
      const error = await errorOf(client.nextTask())
      const { user, system } = process.cpuUsage(used)
      expect((user + system) / 1_000).toBeLessThan(3_000)
      expect(error).toMatchObject({ kind: 'invalid-response', code: 'RESPONSE_TOO_COMPLEX' })
      expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(200)
    },
  )

  it.each([
    [undefined, `/link_connector_api/task/nextjob/${COLLECTION}`],
    ['a', `/link_connector_api/task/nextjob/${COLLECTION}.a`],
    ['b', `/link_connector_api/task/nextjob/${COLLECTION}.b`],
  ] as const)('polls queue %s at %s, and returns null for a 204', async (type, path) => {
    const { base, seen } = await startServer({ status: 204 })
    const task = await clientFor(base).nextTask(type === undefined ? {} : { type })
    expect(task).toBeNull()
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([`GET ${path}`])
  })

  it('identifies itself and sends credentials with the first request', async () => {
    const { base, seen } = await startServer({ status: 204 })
    const client = clientFor(base, { workerId: 'worker-7', newRequestId: () => 'request-1' })
    await client.nextTask({ waitSeconds: 25 })
    expect(seen[0]?.headers).toMatchObject({
      authorization: `Basic ${BASIC}`,
      'user-agent': 'warren-test/1.0',
      'x-worker-id': 'worker-7',
      'x-request-id': 'request-1',
      prefer: 'wait=25',
    })
    await client.nextTask()
    expect(seen[1]?.headers).not.toHaveProperty('prefer')
  })

  it('sends credentials as UTF-8', async () => {
    const { base, seen } = await startServer({ status: 204 })
    await clientFor(base, { username: 'ü', password: 'p:ß' }).nextTask()
    expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('ü:p:ß').toString('base64')}`)
  })

  it('returns the task as received, with the request ID', async () => {
    const job = { uuid: '86', owner: 'user1', cohort: { groups_oper: 'AND', groups: [] }, new: 1 }
    const { base, seen } = await startServer({ status: 200, body: `\uFEFF${JSON.stringify(job)}` })
    const next = await clientFor(base).nextTask()
    expect(next?.body).toEqual(job)
    expect(next?.requestId).toBe(seen[0]?.headers['x-request-id'])
    expect(parseTaskEnvelope(next?.body).kind).toBe('availability')
  })

  it('uses a base URL with a path unchanged, and encodes the collection', async () => {
    const { base, seen } = await startServer({ status: 204 })
    await clientFor(`${base}/api/v1/`, { collection: 'a/b ?#ü' }).nextTask({ type: 'a' })
    expect(seen[0]?.url).toBe('/api/v1/task/nextjob/a%2Fb%20%3F%23%C3%BC.a')
  })

  it('reuses one connection for all polls', async () => {
    const { base, server } = await startServer({ status: 204 })
    let connections = 0
    server.on('connection', () => connections++)
    const client = clientFor(base)
    for (let poll = 0; poll < 20; poll++) {
      await client.nextTask()
      // Without a pause between polls, the pool opens a second connection, but not a third.
      await setTimeout(5)
    }
    expect(connections).toBe(1)
    for (let poll = 0; poll < 100; poll++) await client.nextTask()
    expect(connections).toBeLessThanOrEqual(2)
  })
})

describe('submitResult', () => {
  it.each<Reply>([
    { status: 200, body: 'Job saved' },
    { status: 200, body: '"Job saved"' },
    { status: 200, body: 'Job saved', headers: { 'content-type': 'text/html' } },
    { status: 201, body: '{"message":"stored"}', headers: { 'content-type': 'application/json' } },
    { status: 204 },
  ])('treats %j as accepted', async (reply) => {
    const { base, seen } = await startServer(reply)
    expect(await clientFor(base).submitResult(RESULT)).toBe('accepted')
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/link_connector_api/task/result/task%201%2F2/other',
    })
    expect(seen[0]?.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual(RESULT)
  })

  it('reports that the task already has a result', async () => {
    const { base } = await startServer({ status: 409, body: '{"status":"CONFLICT"}' })
    expect(await clientFor(base).submitResult(RESULT)).toBe('already-answered')
  })

  it.each<Reply>([
    { status: 200, body: '<h1>Maintenance</h1>', headers: { 'content-type': 'text/html' } },
    { status: 200, body: '\n<!DOCTYPE html><title>Log in</title>' },
    { status: 201, body: '<HTML><body>Proxy</body></HTML>' },
  ])('does not treat a web page as accepted: %j', async (reply) => {
    const { base } = await startServer(reply)
    const submitting = clientFor(base).submitResult(RESULT)
    await expect(submitting).rejects.toMatchObject({
      kind: 'invalid-response',
      code: 'WEB_PAGE',
      status: reply.status,
    })
  })

  it('uses its own collection if the task has none', async () => {
    const { base, seen } = await startServer({ status: 200 })
    await clientFor(base).submitResult({ ...RESULT, collection_id: '' })
    expect(seen[0]?.url).toMatch(new RegExp(`/${COLLECTION}$`))
  })
})

describe('status of an error', () => {
  it.each([
    [400, 'rejected', false],
    [401, 'authentication', false],
    [403, 'authentication', false],
    [404, 'rejected', false],
    [408, 'unavailable', true],
    [413, 'rejected', false],
    [425, 'unavailable', true],
    [429, 'unavailable', true],
    [500, 'unavailable', true],
    [503, 'unavailable', true],
    [304, 'invalid-response', true],
  ] as const)('%d is %s, retryable: %s', async (status, kind, retryable) => {
    const { base } = await startServer({ status })
    const client = clientFor(base)
    for (const work of [client.nextTask(), client.submitResult(RESULT)]) {
      expect(await errorOf(work)).toMatchObject({
        kind,
        retryable,
        status,
        code: `HTTP_${status}`,
      })
    }
  })

  it('treats a 409 of a poll as rejected', async () => {
    const { base } = await startServer({ status: 409 })
    expect(await errorOf(clientFor(base).nextTask())).toMatchObject({
      kind: 'rejected',
      status: 409,
    })
  })

  it.each([
    ['120', 120_000],
    ['Tue, 03 Feb 2026 10:00:30 GMT', 30_000],
    ['whenever', undefined],
  ])('reports Retry-After %s as %s ms', async (value, expected) => {
    // The server's clock decides, not the client's.
    const date = 'Tue, 03 Feb 2026 10:00:00 GMT'
    const { base } = await startServer({ status: 429, headers: { date, 'retry-after': value } })
    const client = clientFor(base, { now: () => Date.parse('2026-02-03T09:00:00Z') })
    expect((await errorOf(client.nextTask())).retryAfterMs).toBe(expected)
  })

  it('includes the reason of the server on one line, without secrets', async () => {
    const message = `no\nway for ${PASSWORD} (${BASIC}) in ${COLLECTION}`
    const { base, host } = await startServer({ status: 400, body: JSON.stringify({ message }) })
    expect((await errorOf(clientFor(base).nextTask())).message).toBe(
      `${host} returned 400: no way for [REDACTED] ([REDACTED]) in [REDACTED]`,
    )
  })

  it('does not mask a short password inside the words of the server', async () => {
    const message = 'a password of 6 letters is wrong: postgresql'
    const { base, host } = await startServer({ status: 400, body: JSON.stringify({ message }) })
    for (const password of ['p', 'a', 'letter', 'password-']) {
      expect((await errorOf(clientFor(base, { password }).nextTask())).message).toBe(
        `${host} returned 400: ${message}`,
      )
    }
  })
})

describe('response that is not a task', () => {
  it.each(['<html>Log in</html>', '', '{"uuid":', 'Job saved'])('%j is nonsense', async (body) => {
    const { base } = await startServer({
      status: 200,
      body,
      headers: { 'content-type': 'text/html' },
    })
    const error = await errorOf(clientFor(base).nextTask())
    expect(error).toMatchObject({ kind: 'invalid-response', code: 'NOT_JSON', status: 200 })
    expect(error.message).toContain('text/html')
    expect(error.cause).toBeUndefined()
  })
})

describe('redirects', () => {
  it('to the same server are followed, with method, body and credentials', async () => {
    const { base, seen } = await startServer(({ url }) =>
      url.startsWith('/new/')
        ? { status: 200, body: 'Job saved' }
        : { status: 301, headers: { location: `/new${url}` } },
    )
    expect(await clientFor(base).submitResult(RESULT)).toBe('accepted')
    expect(seen).toHaveLength(2)
    expect(seen[1]).toMatchObject({ method: 'POST', body: seen[0]?.body })
    expect(seen[1]?.headers.authorization).toBe(`Basic ${BASIC}`)
  })

  it('to another server are rejected without sending a request there', async () => {
    const other = await startServer({ status: 204 })
    const { base } = await startServer({ status: 302, headers: { location: `${other.base}/x` } })
    const error = await errorOf(clientFor(base).nextTask())
    expect(error).toMatchObject({ kind: 'invalid-response', code: 'HTTP_302' })
    expect(error.message).toContain(other.base)
    expect(other.seen).toEqual([])
  })

  it('are limited in number', async () => {
    const { base, seen } = await startServer({ status: 307, headers: { location: '/again' } })
    expect(await errorOf(clientFor(base).nextTask())).toMatchObject({
      code: 'TOO_MANY_REDIRECTS',
    })
    expect(seen).toHaveLength(4)
  })
})

describe('onExchange', () => {
  it('is called for every request, without the collection', async () => {
    let status = 204
    const { base } = await startServer(() => ({ status }))
    const exchanges: Exchange[] = []
    const client = clientFor(base, { onExchange: (exchange) => exchanges.push(exchange) })
    await client.nextTask({ type: 'a' })
    status = 503
    const error = await errorOf(client.submitResult({ ...RESULT, uuid: 'u1' }))
    expect(exchanges).toEqual([
      {
        method: 'GET',
        url: `${base}/link_connector_api/task/nextjob/[REDACTED].a`,
        requestId: expect.any(String),
        status: 204,
        durationMs: expect.any(Number),
      },
      {
        method: 'POST',
        url: `${base}/link_connector_api/task/result/u1/[REDACTED]`,
        requestId: error.requestId,
        status: 503,
        durationMs: expect.any(Number),
        error,
      },
    ])
    expect(exchanges[0]?.requestId).not.toBe(exchanges[1]?.requestId)
  })
})
