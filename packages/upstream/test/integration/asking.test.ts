import { request } from 'undici'
import { countResult, isJsonObject, parseTaskEnvelope } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import { GENERIC, MEN, poller, runningUpstream } from './running-upstream.ts'

const TOKEN = 'a-long-enough-token'

interface Call {
  method?: string
  body?: unknown
  headers?: Record<string, string>
}

async function call(url: string, { method = 'GET', body, headers = {} }: Call = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await request(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? null : text,
  })
  const json: unknown = await response.body.json()
  return {
    status: response.statusCode,
    location: String(response.headers['location']),
    authenticate: response.headers['www-authenticate'],
    json: isJsonObject(json) ? json : {},
  }
}

describe('POST /api/v1/questions', () => {
  it('accepts a cohort alone and returns the location of the question', async () => {
    const running = await runningUpstream()
    const { collectionId } = await poller(running)
    const asked = await call(`${running.url}/api/v1/questions`, { method: 'POST', body: MEN })
    const { uuid } = asked.json
    expect(asked.status).toBe(201)
    expect(asked.location).toBe(`/api/v1/questions/${String(uuid)}`)
    expect(asked.json).toEqual({
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      collection: collectionId,
      kind: 'availability',
      state: 'queued',
      settled: false,
      askedAt: '2026-02-03T10:00:00.000Z',
      deadline: '2026-02-03T10:05:00.000Z',
      attempts: 0,
      worker: null,
      settledAt: null,
      count: null,
      message: null,
      result: null,
    })
    expect((await call(`${running.url}${asked.location}`)).json).toEqual(asked.json)
  })

  it('waits for the result with ?wait, so that one request is enough', async () => {
    const running = await runningUpstream()
    const { client } = await poller(running)
    const asked = call(`${running.url}/api/v1/questions?wait=25`, { method: 'POST', body: MEN })
    const task = await client.nextTask({ waitSeconds: 20 })
    await client.submitResult(countResult(parseTaskEnvelope(task?.body), 40))
    expect(await asked).toMatchObject({ status: 201, json: { state: 'answered', count: 40 } })
  })

  it('passes on a member that it does not know, like a relay', async () => {
    const running = await runningUpstream()
    const { client } = await poller(running)
    const body = { ...MEN, exclude: true }
    expect(await call(`${running.url}/api/v1/questions`, { method: 'POST', body })).toMatchObject({
      status: 201,
    })
    expect((await client.nextTask())?.body).toMatchObject({ exclude: true })
  })

  it('accepts an analysis, the name of a collection, and a uuid', async () => {
    const running = await runningUpstream()
    await poller(running)
    const { collectionId } = await poller(running, { name: 'south' })
    const body = { ...GENERIC, uuid: 'mine-1', collection: 'south' }
    const asked = await call(`${running.url}/api/v1/questions`, { method: 'POST', body })
    expect(asked).toMatchObject({
      status: 201,
      json: { uuid: 'mine-1', kind: 'distribution', collection: collectionId },
    })
    const again = await call(`${running.url}/api/v1/questions`, { method: 'POST', body })
    expect(again).toMatchObject({ status: 409, json: { code: 'UUID_TAKEN' } })
  })

  it('lists every problem of a question with its path', async () => {
    const running = await runningUpstream()
    await poller(running)
    const body = { cohort: { groups: [{ rules: [{ value: {} }, 7] }] } }
    const rejected = await call(`${running.url}/api/v1/questions`, { method: 'POST', body })
    expect(rejected).toMatchObject({
      status: 400,
      json: {
        code: 'BAD_TASK',
        problems: [
          {
            path: 'cohort.groups[0].rules[0].value',
            message: 'expected a text or a number, got an object',
          },
          {
            path: 'cohort.groups[0].rules[1]',
            message: 'expected a rule or a group of rules, got a number',
          },
        ],
      },
    })
  })

  it('requires a collection, and its name if there are several', async () => {
    const running = await runningUpstream()
    const ask = (body: unknown) => call(`${running.url}/api/v1/questions`, { method: 'POST', body })
    expect(await ask(MEN)).toMatchObject({ status: 409, json: { code: 'NO_COLLECTION' } })
    await poller(running)
    await poller(running, { name: 'south' })
    expect(await ask(MEN)).toMatchObject({ status: 400, json: { code: 'COLLECTION_NEEDED' } })
    expect(await ask({ ...MEN, collection: 'east' })).toMatchObject({
      status: 404,
      json: { code: 'UNKNOWN_COLLECTION', message: 'Unknown collection "east"' },
    })
  })

  it.each<[string, Call, number, string]>([
    ['no body', { body: '' }, 400, 'The request has no body'],
    ['half of a body', { body: '{"cohort":' }, 400, 'The body is not JSON'],
    ['a list', { body: '[]' }, 400, 'The question is not valid'],
    ['a text', { body: '"men"' }, 400, 'The question is not valid'],
    ['{}', { body: '{}' }, 400, 'The question is not valid'],
    [
      'XML',
      { body: '<a/>', headers: { 'content-type': 'text/xml' } },
      415,
      'The body must be JSON',
    ],
    [
      'a compressed body',
      { body: '{}', headers: { 'content-encoding': 'gzip' } },
      415,
      'The body must be JSON',
    ],
    ['50 MB', { body: ' '.repeat(50 * 1024 * 1024) }, 413, 'The body is larger than 1048576 bytes'],
    [
      'a bomb of brackets',
      { body: `{"cohort":${'['.repeat(400_000)}${']'.repeat(400_000)}}` },
      400,
      'The body is too complex: nested more than 200 levels deep',
    ],
  ])('rejects %s', async (_, { body, headers }, status, message) => {
    const running = await runningUpstream()
    await poller(running)
    const rejected = await call(`${running.url}/api/v1/questions`, {
      method: 'POST',
      body,
      ...(headers === undefined ? {} : { headers }),
    })
    expect(rejected).toMatchObject({ status, json: { message } })
    expect((await call(`${running.url}/api/v1/collections`)).status).toBe(200)
  })
})

describe('GET /api/v1/questions/{uuid}', () => {
  it('waits for the result with ?wait', async () => {
    const running = await runningUpstream()
    const { client, collectionId } = await poller(running)
    const uuid = await running.upstream.ask(MEN)
    const started = performance.now()
    const waiting = call(`${running.url}/api/v1/questions/${uuid}?wait=25`)
    await client.nextTask()
    await client.submitResult(countResult({ uuid, collection: collectionId }, 44))
    expect((await waiting).json).toMatchObject({ state: 'answered', count: 44 })
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  it('returns the current state when the wait is over', async () => {
    const running = await runningUpstream()
    await poller(running)
    const uuid = await running.upstream.ask(MEN)
    const seen = await call(`${running.url}/api/v1/questions/${uuid}?wait=1`)
    expect(seen.json).toMatchObject({ state: 'queued', settled: false })
  })

  it.each(['-1', 'x', '61', '1.5'])('rejects a wait of %s seconds', async (wait) => {
    const running = await runningUpstream()
    expect(await call(`${running.url}/api/v1/questions/u?wait=${wait}`)).toMatchObject({
      status: 400,
      json: { message: 'wait must be a whole number of seconds up to 60' },
    })
  })

  it('returns 404 for a question that was never asked', async () => {
    const running = await runningUpstream()
    expect(await call(`${running.url}/api/v1/questions/never`)).toMatchObject({
      status: 404,
      json: { code: 'UNKNOWN_QUESTION', requestId: expect.any(String) },
    })
  })
})

describe('/api/v1/collections', () => {
  it('adds credentials, returns the password once, and lists the last polls', async () => {
    const running = await runningUpstream()
    const url = `${running.url}/api/v1/collections`
    const added = await call(url, { method: 'POST', body: { name: 'Trust No. 1' } })
    expect(added.status).toBe(201)
    expect(added.json).toEqual({
      collectionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'Trust No. 1',
      username: expect.stringMatching(/^trust-no-1-[0-9a-f]{6}$/),
      password: expect.stringMatching(/^[\w-]{32}$/),
    })
    const north = await poller(running)
    await north.client.nextTask({ type: 'a' })
    const listed = await call(url)
    expect(listed.json['collections']).toMatchObject([
      { name: 'Trust No. 1', status: 'active', lastPollAt: null, worker: null },
      { name: 'north', lastPollAt: '2026-02-03T10:00:00.000Z', worker: 'worker-1' },
    ])
    const everything = JSON.stringify([listed.json, running.log])
    expect(everything).not.toContain(added.json['password'])
    expect(everything).not.toContain(north.password)
  })

  it('requires a name that is not in use', async () => {
    const running = await runningUpstream()
    const add = (body: unknown) =>
      call(`${running.url}/api/v1/collections`, { method: 'POST', body })
    await add({ name: 'north' })
    expect(await add({ name: 'north' })).toMatchObject({
      status: 409,
      json: { code: 'NAME_TAKEN' },
    })
    for (const name of ['', ' ', 'a\nb', 'x'.repeat(101), 7, null]) {
      expect(await add({ name })).toMatchObject({ status: 400, json: { code: 'INVALID_NAME' } })
    }
  })
})

describe('the permission to ask', () => {
  it('requires the token if one is set', async () => {
    const running = await runningUpstream({ UPSTREAM_ASKER_TOKEN: TOKEN })
    const url = `${running.url}/api/v1/collections`
    const withToken = (token: string) => call(url, { headers: { authorization: token } })
    expect(await call(url)).toMatchObject({
      status: 401,
      authenticate: 'Bearer realm="upstream"',
      json: { code: 'NOT_AN_ASKER' },
    })
    expect((await withToken('Bearer wrong-token-wrong')).status).toBe(401)
    expect((await withToken(`Basic ${TOKEN}`)).status).toBe(401)
    expect((await withToken(`Bearer ${TOKEN}`)).status).toBe(200)
  })

  it('is limited to loopback host names without a token', async () => {
    const running = await runningUpstream()
    const url = `${running.url}/api/v1/collections`
    const named = (host: string) => call(url, { headers: { host } })
    expect((await named('localhost')).status).toBe(200)
    expect((await named('[::1]:8090')).status).toBe(200)
    expect(await named('attacker.example:8090')).toMatchObject({
      status: 403,
      json: { code: 'NOT_FROM_HERE' },
    })
  })

  it('is not needed for a poll, which has credentials', async () => {
    const running = await runningUpstream({ UPSTREAM_ASKER_TOKEN: TOKEN })
    expect(await (await poller(running)).client.nextTask()).toBeNull()
  })
})

describe('other paths', () => {
  it('return errors as JSON', async () => {
    const running = await runningUpstream()
    for (const path of ['/', '/api/v1/nothing', '/api/v1/questions/%zz']) {
      const { status, json } = await call(`${running.url}${path}`)
      expect(status).toBeLessThan(500)
      expect(json).toHaveProperty('code')
    }
  })

  it('report to health probes that the upstream is healthy', async () => {
    const running = await runningUpstream()
    for (const path of ['/livez', '/readyz', '/healthz']) {
      const response = await fetch(`${running.url}${path}`)
      expect([response.status, await response.text()]).toEqual([200, 'Healthy'])
    }
  })
})
