import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  BareNode,
  bareRequest,
  nodeResult,
  pythonHeaders,
  servedTask,
} from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { describeStores, type TestRelay, startTestRelay } from '../harness/test-relay.ts'

type User = Awaited<ReturnType<TestRelay['users']['add']>>

const jobPath = (collection: string) => `/link_connector_api/task/nextjob/${collection}`

describeStores('the Task API for nodes', (open) => {
  const resources = new AsyncDisposableStack()
  let relay: TestRelay
  let upstream: ScriptedUpstream
  let siteA: User
  let siteB: User
  let a: BareNode
  let b: BareNode

  beforeAll(async () => {
    const store = resources.use(await open())
    upstream = resources.use(await ScriptedUpstream.start())
    relay = resources.use(await startTestRelay({ RELAY_STORE: store.url, ...upstream.env() }))
    siteA = await relay.users.add('site-a')
    siteB = await relay.users.add('site-b')
    a = new BareNode(relay.url, siteA)
    b = new BareNode(relay.url, siteB)
  })
  afterAll(() => resources.disposeAsync())

  const get = (path: string, headers: Record<string, string> = {}) =>
    bareRequest(`${relay.url}${path}`, { headers })

  /** Hands out one task to both nodes. */
  const handOut = async () => {
    upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
    const [forA, forB] = await Promise.all([a.nextTask(), b.nextTask()])
    return { forA, forB, finish: () => Promise.all([a.submit(forA, 10), b.submit(forB, 10)]) }
  }

  describe('a request', () => {
    it.each([
      ['no Authorization header', () => ({}), 'missing'],
      [
        'an Authorization header without credentials',
        () => ({ Authorization: 'Basic ' }),
        'malformed',
      ],
      ['credentials that are not base64', () => ({ Authorization: 'Basic %%%' }), 'malformed'],
      [
        'credentials without a colon',
        () => ({ Authorization: `Basic ${Buffer.from('site-a').toString('base64')}` }),
        'malformed',
      ],
      [
        'another scheme and valid credentials',
        () => {
          const { Authorization = '' } = pythonHeaders('site-a', siteA.password)
          return { Authorization: Authorization.replace('Basic', 'Bearer') }
        },
        'malformed',
      ],
      ['an unknown user', () => pythonHeaders('site-x', siteA.password), 'unknown user'],
      ["another user's password", () => pythonHeaders('site-a', siteB.password), 'wrong password'],
      [
        "another user's credentials",
        () => pythonHeaders('site-b', siteB.password),
        'wrong collection',
      ],
    ])('with %s returns 401 and logs why', async (_, headers, reason) => {
      const id = randomUUID()
      const response = await get(jobPath(siteA.collectionId), { ...headers(), 'X-Request-Id': id })
      expect(response.status).toBe(401)
      expect(response.headers['www-authenticate']).toBe('Basic realm="relay", charset="UTF-8"')
      expect(response.json()).toMatchObject({ code: 'RELAY_UNAUTHORIZED', requestId: id })
      expect(response.text).not.toContain(reason)
      const failure = relay.logged('authentication failed').find((line) => line['requestId'] === id)
      expect(failure).toMatchObject({ reason, level: 40 })
    })

    it.each(['RQ-CC-EXAMPLE', 'RQ-CC-EXAMPLE.a', '%20', 'x'.repeat(300)])(
      'for the collection %s, which is not a GUID, returns 401',
      async (collection) => {
        const headers = pythonHeaders('site-a', siteA.password)
        expect((await get(jobPath(collection), headers)).status).toBe(401)
        expect((await get(jobPath(collection))).status).toBe(401)
      },
    )

    it.each([
      ['a NUL', 'site-a\u0000'],
      ['control characters', '\u001b[2Jsite-a\r\n'],
      ['a lone surrogate', Buffer.from('site-a\xed\xa0\x80', 'latin1')],
      ['invalid UTF-8', Buffer.from('site-a\xff\xfe\x00', 'latin1')],
      ['characters that upper case changes', 'ſıte-a'],
      ['300 characters', 'a'.repeat(300)],
    ])('with %s in the user name returns 401, and 429 after many', async (_, name) => {
      const credentials = Buffer.concat([Buffer.from(name), Buffer.from(`:${siteA.password}`)])
      const headers = { Authorization: `Basic ${credentials.toString('base64')}` }
      const responses = await Promise.all(
        Array.from({ length: 22 }, () => get(jobPath(siteA.collectionId), headers)),
      )
      const statuses = new Set(responses.map(({ status }) => status))
      expect(statuses).toContain(429)
      expect(statuses.isSubsetOf(new Set([401, 429]))).toBe(true)
      expect(relay.logged('request failed')).toEqual([])
    })

    it.each(['%00', 'a%00b', '%ED%A0%80', '%FF', '%0d%0a', '..%2f..%2f', '%F0%9F%98%80'])(
      'for %s instead of an ID does not return a server error',
      async (text) => {
        const headers = pythonHeaders('site-a', siteA.password)
        const { status } = await get(jobPath(text), headers)
        expect([400, 401, 404]).toContain(status)
        const path = `/link_connector_api/task/result/${text}/${siteA.collectionId}`
        const post = await bareRequest(`${relay.url}${path}`, {
          method: 'POST',
          headers: { ...headers, 'Content-Type': 'application/json', 'X-Worker-Id': 'w\u00ff' },
          body: JSON.stringify(nodeResult({ uuid: 'x', collection: 'y' }, 1)),
        })
        expect([400, 404]).toContain(post.status)
        expect(relay.logged('request failed')).toEqual([])
      },
    )

    it('is accepted with the user name in any case and the collection ID in any spelling', async () => {
      const headers = pythonHeaders('SITE-a', siteA.password)
      const id = siteA.collectionId
      for (const spelling of [id.toUpperCase(), id.replaceAll('-', ''), `%7B${id}%7D`, `(${id})`]) {
        expect((await get(jobPath(spelling), headers)).status).toBe(204)
      }
    })

    it('leaves no password and no Authorization header in the log', async () => {
      await get(jobPath(siteA.collectionId), pythonHeaders('site-a', 'a wrong password'))
      const text = JSON.stringify(relay.records)
      const { Authorization = '' } = pythonHeaders('site-a', siteA.password)
      for (const secret of [siteA.password, 'a wrong password', Authorization.slice(6)]) {
        expect(text).not.toContain(secret)
      }
    })
  })

  describe('a poll', () => {
    it('with the headers of python-requests returns 204 without a body', async () => {
      const response = await a.poll()
      expect(response.status).toBe(204)
      expect(response.text).toBe('')
      expect(response.headers['content-type']).toBeUndefined()
    })

    it('works with a base URL that ends in a slash, and in any case', async () => {
      const headers = pythonHeaders('site-a', siteA.password)
      for (const path of [
        `/link_connector_api//task/nextjob/${siteA.collectionId}`,
        `/Link_Connector_API/Task/NextJob/${siteA.collectionId}/`,
      ]) {
        expect((await get(path, headers)).status).toBe(204)
      }
    })

    it('returns the task with the uuid and collection ID of the node, and otherwise as the upstream sent it', async () => {
      const task = availabilityTask('RQ-CC-EXAMPLE')
      upstream.handOut(task)
      const response = await a.poll({ wait: 5 })
      expect(response.status).toBe(200)
      expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
      const served = servedTask(response)
      expect(served).toEqual({
        ...task,
        uuid: served.uuid,
        collection: siteA.collectionId,
        owner: 'site-a',
      })
      expect(served.uuid).toMatch(/^[0-9a-f-]{36}$/)
      expect(served.uuid).not.toBe(task.uuid)
      const forB = await b.nextTask()
      expect(forB.uuid).not.toBe(served.uuid)
      await a.submit({ uuid: served.uuid, collection: siteA.collectionId }, 40)
      await b.submit(forB, 20)
    })

    it('with .a or .b returns tasks of that kind only', async () => {
      const task = availabilityTask('RQ-CC-EXAMPLE')
      upstream.handOut(task)
      const forB = await b.nextTask()
      expect((await a.poll({ suffix: '.b' })).status).toBe(204)
      const leased = await a.poll({ suffix: '.A' })
      expect(leased.status).toBe(200)
      await a.submit(servedTask(leased), 10)
      await b.submit(forB, 10)
    })

    it.each(['.c', '.x', '.a.b', '.', '.constructor'])(
      'with %s returns 400, except for the empty suffix',
      async (suffix) => {
        const response = await a.poll({ suffix })
        expect(response.status).toBe(suffix === '.' ? 204 : 400)
        if (suffix === '.') return
        expect(response.json()).toMatchObject({ code: 'RELAY_UNSUPPORTED_TYPE' })
      },
    )
  })

  describe('a result', () => {
    it('is confirmed in plain text, whatever the client accepts', async () => {
      const { forA, finish } = await handOut()
      const response = await a.submit(forA, 44)
      expect(response.status).toBe(200)
      expect(response.headers['content-type']).toBe('text/plain; charset=utf-8')
      expect(response.text).toBe('Job saved')
      const acceptingJson = await bareRequest(
        `${relay.url}/link_connector_api/task/result/${forA.uuid}/${siteA.collectionId}`,
        {
          method: 'POST',
          headers: {
            ...pythonHeaders('site-a', siteA.password),
            Accept: 'application/json',
            'Content-Type': 'application/json',
          },
          body: JSON.stringify(nodeResult(forA, 44)),
        },
      )
      expect(acceptingJson.text).toBe('Job saved')
      await finish()
    })

    it("for another node's task returns 404 and changes nothing", async () => {
      const { forA, forB, finish } = await handOut()
      const stolen = await b.submit(forA, 999)
      expect(stolen.status).toBe(404)
      expect(stolen.json()).toMatchObject({ code: 'RELAY_NO_SUCH_TASK' })
      expect((await a.post(forB.uuid, nodeResult(forB, 1))).status).toBe(404)
      await finish()
    })

    it.each(['00000000-0000-4000-8000-000000000000', 'dummy-availability-task', '..%2F..', '%00'])(
      'for the task %s returns 404',
      async (uuid) => {
        const body = nodeResult({ uuid, collection: siteA.collectionId }, 1)
        expect((await a.post(uuid, body)).status).toBe(404)
      },
    )

    it('may contain the uuid in any spelling', async () => {
      const { forA, finish } = await handOut()
      const uuid = forA.uuid.toUpperCase()
      expect((await a.post(`%7B${uuid}%7D`, nodeResult(forA, 12))).status).toBe(200)
      await finish()
    })

    it.each([
      ['nothing', '', /no body/],
      ['half a document', '{"status":"ok"', /not JSON/],
      ['a list', '[]', /./],
      ['a text', '"ok"', /./],
      ['no count', '{"status":"ok","queryResult":{}}', /queryResult.count/],
      ['a fractional count', '{"status":"ok","queryResult":{"count":1.5}}', /queryResult.count/],
      ['a negative count', '{"queryResult":{"count":-1}}', /queryResult.count/],
    ])(
      'that is %s returns 400 with the place of the problem, and leaves the task unanswered',
      async (_, body, expected) => {
        const { forA, finish } = await handOut()
        const response = await a.postText(forA.uuid, body)
        expect(response.status).toBe(400)
        expect(response.headers['content-type']).toContain('application/problem+json')
        expect(response.json()).toMatchObject({ code: 'RELAY_MALFORMED_RESULT' })
        expect(response.text).toMatch(expected)
        const [again] = await finish()
        expect(again.status).toBe(200)
      },
    )

    it.each(['text/plain', 'application/x-www-form-urlencoded', undefined])(
      'sent as %s returns 415',
      async (type) => {
        const response = await bareRequest(
          `${relay.url}/link_connector_api/task/result/${randomUUID()}/${siteA.collectionId}`,
          {
            method: 'POST',
            headers: {
              ...pythonHeaders('site-a', siteA.password),
              ...(type === undefined ? {} : { 'Content-Type': type }),
            },
            body: '{}',
          },
        )
        expect(response.status).toBe(415)
        expect(response.json()).toMatchObject({ code: 'RELAY_UNSUPPORTED_MEDIA_TYPE' })
      },
    )

    it('that is compressed returns 415', async () => {
      const response = await bareRequest(
        `${relay.url}/link_connector_api/task/result/${randomUUID()}/${siteA.collectionId}`,
        {
          method: 'POST',
          headers: {
            ...pythonHeaders('site-a', siteA.password),
            'Content-Type': 'application/json',
            'Content-Encoding': 'gzip',
          },
          body: Buffer.from([0x1f, 0x8b, 0x08]),
        },
      )
      expect(response.status).toBe(415)
    })

    it('without credentials returns 401 before the body is read', async () => {
      const response = await bareRequest(
        `${relay.url}/link_connector_api/task/result/${randomUUID()}/${siteA.collectionId}`,
        { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{' },
      )
      expect(response.status).toBe(401)
    })
  })

  describe('the rest of the API', () => {
    it('answers probes without credentials', async () => {
      const health = await get('/healthz')
      expect(health.status).toBe(200)
      expect(health.text).toBe('Healthy')
      expect(health.headers['content-type']).toContain('text/plain')
      expect((await get('/livez')).json()).toEqual({ status: 'live' })
      const ready = await get('/readyz')
      expect(ready.status).toBe(200)
      expect(ready.json()).toMatchObject({
        status: 'ready',
        checks: { store: { ok: true }, queue: { ok: true, technology: 'database' } },
      })
      expect((await get('/version')).json()).toMatch(/^\d+\.\d+\.\d+/)
    })

    it('counts polls per node and events per task', async () => {
      await a.poll()
      const metrics = await get('/metrics')
      expect(metrics.headers['content-type']).toContain('text/plain')
      expect(metrics.text).toMatch(
        /warren_relay_node_requests_total\{node="site-a",status="204"\} \d+/,
      )
      expect(metrics.text).toMatch(
        /task_events_total\{upstream="upstream",event="task admitted"\} \d+/,
      )
      expect(metrics.text).toMatch(/warren_relay_tasks\{state="submitted"\} \d+/)
      expect(metrics.text).toMatch(/login_failures_total\{reason="unknown user"\} [1-9]/)
      expect(metrics.text).not.toContain(siteA.collectionId)
    })

    it.each(['/', '/swagger/index.html', '/link_connector_api', '/link_connector_api/task'])(
      'returns 404 as a problem document at %s',
      async (path) => {
        const response = await get(path)
        expect(response.status).toBe(404)
        expect(response.json()).toMatchObject({ code: 'RELAY_NO_SUCH_PATH' })
      },
    )

    it.each([
      ['HEAD', '/healthz'],
      ['HEAD', '/livez'],
      ['HEAD', '/readyz'],
      ['OPTIONS', '/healthz'],
      ['POST', '/healthz'],
    ])('answers the probe %s %s, as the checks of containers send it', async (method, path) => {
      const response = await bareRequest(`${relay.url}${path}`, { method })
      expect(response.status).toBe(200)
      if (method === 'HEAD') expect(response.text).toBe('')
    })

    it('rejects HEAD of nextjob, which would lease a task and discard it', async () => {
      const response = await bareRequest(`${relay.url}${jobPath(siteA.collectionId)}`, {
        method: 'HEAD',
        headers: pythonHeaders('site-a', siteA.password),
      })
      expect(response.status).toBe(405)
      expect(response.headers['allow']).toBe('GET')
    })

    it.each(['GET', 'POST'])('answers %s task/status with an empty list', async (method) => {
      const path = `/link_connector_api/task/status/${siteA.collectionId}`
      const headers = pythonHeaders('site-a', siteA.password)
      const response = await bareRequest(`${relay.url}${path}`, { method, headers })
      expect([response.status, response.text]).toEqual([200, '[]'])
      expect((await bareRequest(`${relay.url}${path}`, { method })).status).toBe(401)
    })

    it.each([
      ['PUT', '/link_connector_api/task/nextjob/x', 'GET'],
      ['GET', '/link_connector_api/task/result/x/y', 'POST'],
      ['DELETE', '/readyz', 'GET, HEAD'],
    ])('answers %s %s with 405 and the allowed method', async (method, path, allow) => {
      const response = await bareRequest(`${relay.url}${path}`, { method })
      expect(response.status).toBe(405)
      expect(response.headers['allow']).toBe(allow)
      expect(response.json()).toMatchObject({ code: 'RELAY_METHOD_NOT_ALLOWED' })
    })

    it('returns 400 for a path that is not a URL', async () => {
      expect((await get('/%zz')).status).toBe(400)
    })

    it('keeps a request ID that is safe to log, and replaces any other', async () => {
      const mine = await get('/livez', { 'X-Request-Id': 'req-2026.11:42' })
      expect(mine.headers['x-request-id']).toBe('req-2026.11:42')
      for (const bad of ['a', 'x'.repeat(200), 'with blank']) {
        const made = await get('/livez', { 'X-Request-Id': bad })
        expect(made.headers['x-request-id']).toMatch(/^[0-9a-f]{16}$/)
      }
    })

    it('logs empty polls at debug and other requests at info, each with its request ID', async () => {
      // Another relay, because the number of lines about rejected requests is bounded.
      await using store = await open()
      await using own = await startTestRelay({ RELAY_STORE: store.url })
      const site = await own.users.add('site-a')
      const empty = await new BareNode(own.url, site).poll()
      const rejected = await bareRequest(`${own.url}${jobPath(site.collectionId)}`)
      const lineOf = (response: typeof empty) =>
        own
          .logged('request completed')
          .find((line) => line['requestId'] === response.headers['x-request-id'])
      expect(lineOf(empty)).toMatchObject({
        level: 20,
        method: 'GET',
        path: jobPath(site.collectionId),
        status: 204,
        user: 'site-a',
        node: site.collectionId,
      })
      expect(lineOf(rejected)).toMatchObject({ level: 30, status: 401 })
      expect(lineOf(rejected)).not.toHaveProperty('user')
    })
  })
})
