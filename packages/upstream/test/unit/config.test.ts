import { describe, expect, it } from 'vitest'
import { sqliteFile } from '../../src/config.ts'
import { loadUpstreamConfig } from '../../src/index.ts'

describe('loadUpstreamConfig', () => {
  it('has a default for every setting', () => {
    expect(loadUpstreamConfig({})).toEqual({
      host: '127.0.0.1',
      port: 8090,
      store: 'memory',
      behaviour: 'current',
      leaseMs: 10_000,
      maxAttempts: 3,
      taskTimeoutMs: 300_000,
      distributionTimeoutMs: 7_200_000,
      suspendAfterMs: 1_800_000,
      rateLimit: 1000,
      maxConnections: 4000,
      retentionMs: 30 * 86_400_000,
      askerToken: undefined,
      url: undefined,
      logLevel: 'info',
      logFormat: undefined,
    })
  })

  it.each([
    ['memory', undefined],
    ['sqlite:upstream.db', 'upstream.db'],
    ['sqlite:/var/lib/upstream.db', '/var/lib/upstream.db'],
    ['sqlite:///var/lib/upstream.db', '/var/lib/upstream.db'],
  ])('reads the database %s', (text, file) => {
    expect(sqliteFile(loadUpstreamConfig({ UPSTREAM_STORE: text }).store)).toBe(file)
  })

  it.each(['postgres://x', 'sqlite:', 'file.db'])('rejects the database %s', (text) => {
    expect(() => loadUpstreamConfig({ UPSTREAM_STORE: text })).toThrow(
      'expected memory or sqlite:FILE',
    )
  })

  it.each(['0.0.0.0', '::', '192.168.1.5', 'upstream.example'])(
    'requires a token to listen on %s',
    (host) => {
      expect(() => loadUpstreamConfig({ UPSTREAM_HOST: host })).toThrow('UPSTREAM_ASKER_TOKEN')
      const env = { UPSTREAM_HOST: host, UPSTREAM_ASKER_TOKEN: 'a-long-enough-token' }
      expect(loadUpstreamConfig(env).host).toBe(host)
    },
  )

  it.each(['127.0.0.1', '127.3.2.1', '::1', 'localhost'])(
    'requires no token for this machine as %s',
    (host) => {
      expect(loadUpstreamConfig({ UPSTREAM_HOST: host }).askerToken).toBeUndefined()
    },
  )

  it('accepts the variable names of the service that it emulates', () => {
    const env = { UPSTREAM_LEASE_SECONDS: '60', UPSTREAM_TASK_TIMEOUT_SECONDS: '120' }
    expect(loadUpstreamConfig(env)).toMatchObject({ leaseMs: 60_000, taskTimeoutMs: 120_000 })
  })
})
