import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bareRequest, pythonHeaders } from '../harness/bare-client.ts'
import { openSqlite, startTestRelay } from '../harness/test-relay.ts'

describe('what the hub shows, and to whom', () => {
  let resources: AsyncDisposableStack
  beforeEach(() => {
    resources = new AsyncDisposableStack()
  })
  afterEach(() => resources.disposeAsync())
  const start = async (env: NodeJS.ProcessEnv) => {
    const store = resources.use(await openSqlite())
    return resources.use(await startTestRelay({ RELAY_STORE: store.url, ...env }))
  }

  it('is its metrics to the holder of the token only, if there is one', async () => {
    const hub = await start({ RELAY_METRICS_TOKEN: 'scrape me' })
    const get = (authorization?: string) =>
      bareRequest(`${hub.url}/metrics`, {
        headers: authorization === undefined ? {} : { Authorization: authorization },
      })
    expect((await get()).status).toBe(401)
    expect((await get('Bearer scrape')).status).toBe(401)
    expect((await get('Bearer scrape me')).status).toBe(200)
  })

  it('can be no metrics at all, and a probe at another path', async () => {
    const hub = await start({ RELAY_METRICS_PATH: 'off', Monitoring__HealthEndpoint: '/up/health' })
    expect((await bareRequest(`${hub.url}/metrics`)).status).toBe(404)
    expect((await bareRequest(`${hub.url}/healthz`)).status).toBe(404)
    expect((await bareRequest(`${hub.url}/up/health`)).text).toBe('Healthy')
  })

  it('is a slower answer to a guesser, by the address that a trusted proxy names', async () => {
    const hub = await start({ RELAY_TRUSTED_PROXIES: '1' })
    const { collectionId } = await hub.users.add('site-a')
    const guess = (from: string) =>
      bareRequest(`${hub.url}/link_connector_api/task/nextjob/${collectionId}`, {
        headers: { ...pythonHeaders('site-a', 'a guess'), 'X-Forwarded-For': from },
      })
    const guesses = await Promise.all(Array.from({ length: 40 }, () => guess('198.51.100.7')))
    const refused = guesses.filter((answer) => answer.status === 429)
    expect(refused.length).toBeGreaterThan(10)
    expect(refused[0]?.headers['retry-after']).toBe('1')
    expect((await guess('198.51.100.8')).status).toBe(401)
  })

  it('believes no proxy that it was not told of', async () => {
    const hub = await start({})
    const { collectionId } = await hub.users.add('site-a')
    const guesses = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        bareRequest(`${hub.url}/link_connector_api/task/nextjob/${collectionId}`, {
          headers: {
            ...pythonHeaders('site-a', 'a guess'),
            'X-Forwarded-For': `198.51.100.${i}`,
          },
        }),
      ),
    )
    expect(guesses.filter((answer) => answer.status === 429).length).toBeGreaterThan(10)
  })
})
