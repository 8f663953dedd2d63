import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bareRequest, pythonHeaders } from '../harness/bare-client.ts'
import { RawClient } from '@warren/testkit'
import { openSqlite, startTestRelay } from '../harness/test-relay.ts'

describe('access to the relay', () => {
  let resources: AsyncDisposableStack
  beforeEach(() => {
    resources = new AsyncDisposableStack()
  })
  afterEach(() => resources.disposeAsync())
  const start = async (env: NodeJS.ProcessEnv) => {
    const store = resources.use(await openSqlite())
    return resources.use(await startTestRelay({ RELAY_STORE: store.url, ...env }))
  }

  it('to the metrics requires the token, if one is set', async () => {
    const relay = await start({ RELAY_METRICS_TOKEN: 'scrape me' })
    const get = (authorization?: string) =>
      bareRequest(`${relay.url}/metrics`, {
        headers: authorization === undefined ? {} : { Authorization: authorization },
      })
    expect((await get()).status).toBe(401)
    expect((await get('Bearer scrape')).status).toBe(401)
    expect((await get('Bearer scrape me')).status).toBe(200)
  })

  it('to the metrics is limited to this machine, if there is no token', async () => {
    const relay = await start({})
    const get = (headers = {}) => bareRequest(`${relay.url}/metrics`, { headers })
    expect((await get()).status).toBe(200)
    // A proxy on this machine that is not configured: the client may be anywhere.
    for (const header of ['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'Via']) {
      const response = await get({ [header]: '127.0.0.1' })
      expect(response.status).toBe(403)
      expect(response.json()).toMatchObject({ code: 'RELAY_METRICS_CLOSED' })
      expect(response.text).not.toContain('warren_relay')
    }
  })

  it('to the metrics is limited to the configured addresses, also behind a proxy', async () => {
    const relay = await start({
      RELAY_METRICS_READERS: '10.0.0.0/8',
      RELAY_TRUSTED_PROXIES: '127.0.0.1',
    })
    const get = (from?: string) =>
      bareRequest(`${relay.url}/metrics`, {
        headers: from === undefined ? {} : { 'X-Forwarded-For': from },
      })
    expect((await get()).status).toBe(403)
    expect((await get('198.51.100.7')).status).toBe(403)
    expect((await get('10.1.2.3, 198.51.100.7')).status).toBe(403)
    expect((await get('198.51.100.7, 10.1.2.3')).status).toBe(200)
  })

  it('is described by the same headers in every response', async () => {
    const relay = await start({})
    const user = await relay.users.add('site-a')
    const node = pythonHeaders('site-a', user.password)
    const job = `/link_connector_api/task/nextjob/${user.collectionId}`
    const get = (path: string, headers = {}) => bareRequest(`${relay.url}${path}`, { headers })
    using malformed = new RawClient(relay.url).send('GET / HTTP/1.1\r\nbroken\r\n\r\n')
    using large = new RawClient(relay.url).send(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`)
    const statuses: number[] = []
    for (const response of [
      await get('/livez'),
      await get('/unknown'),
      await get('/%zz'),
      await get(`/link_connector_api/task/nextjob/${'x'.repeat(2_000)}`),
      await get(job),
      await get(job, node),
      await get(job, node),
    ]) {
      statuses.push(response.status)
      expect(response.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      })
      expect(response.headers).not.toHaveProperty('server')
      expect(response.headers).not.toHaveProperty('x-powered-by')
    }
    expect(statuses).toEqual([200, 404, 400, 400, 401, 204, 204])
    expect(await malformed.status()).toBe(400)
    expect(malformed.received).toContain('x-content-type-options: nosniff')
    expect(await large.status()).toBe(431)
    expect(large.received).toContain('x-content-type-options: nosniff')
  })

  it('is possible without metrics, and with the health probe at another path', async () => {
    const relay = await start({
      RELAY_METRICS_PATH: 'off',
      Monitoring__HealthEndpoint: '/up/health',
    })
    expect((await bareRequest(`${relay.url}/metrics`)).status).toBe(404)
    expect((await bareRequest(`${relay.url}/healthz`)).status).toBe(404)
    expect((await bareRequest(`${relay.url}/up/health`)).text).toBe('Healthy')
  })

  it('is throttled for a client that guesses passwords, by the address from a trusted proxy', async () => {
    const relay = await start({ RELAY_TRUSTED_PROXIES: '127.0.0.0/8, ::1' })
    const { collectionId } = await relay.users.add('site-a')
    const guess = (from: string) =>
      bareRequest(`${relay.url}/link_connector_api/task/nextjob/${collectionId}`, {
        headers: { ...pythonHeaders('site-a', 'a guess'), 'X-Forwarded-For': from },
      })
    const guesses = await Promise.all(Array.from({ length: 40 }, () => guess('198.51.100.7')))
    const throttled = guesses.filter((response) => response.status === 429)
    expect(throttled.length).toBeGreaterThan(10)
    expect(throttled[0]?.headers['retry-after']).toBe('1')
    expect((await guess('198.51.100.8')).status).toBe(401)
    const failures = relay.logged('authentication failed')
    expect(failures.find((line) => line['reason'] === 'slow-down')).toMatchObject({
      user: 'site-a',
      level: 40,
    })
  })

  it('is throttled by the peer address without a trusted proxy', async () => {
    const relay = await start({})
    const { collectionId } = await relay.users.add('site-a')
    const guesses = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        bareRequest(`${relay.url}/link_connector_api/task/nextjob/${collectionId}`, {
          headers: {
            ...pythonHeaders('site-a', 'a guess'),
            'X-Forwarded-For': `198.51.100.${i}`,
          },
        }),
      ),
    )
    expect(guesses.filter((response) => response.status === 429).length).toBeGreaterThan(10)
  })
})
