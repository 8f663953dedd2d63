import { configurationRows, maskedConfig } from '@warren/runtime'
import { describe, expect, it } from 'vitest'
import { loadRelayConfig, relayConfig } from '../../src/config/relay-config.ts'
import { storeSecrets, parseStoreTarget } from '../../src/config/store-target.ts'

const UPSTREAM = {
  RELAY_UPSTREAM_BASE_URL: 'https://upstream.example.org',
  RELAY_UPSTREAM_COLLECTION_ID: 'RQ-CC-EXAMPLE',
  RELAY_UPSTREAM_USERNAME: 'hub',
  RELAY_UPSTREAM_PASSWORD: 'upstream secret',
}

describe('the configuration of the relay', () => {
  it('is complete without any variable, with a SQLite file as the database', () => {
    const config = loadRelayConfig({})
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 8080,
      store: 'sqlite:relay.sqlite',
      queue: 'database',
      suppressionThreshold: 10,
      roundingTarget: 10,
      availabilityDeadlineMs: 240_000,
      distributionDeadlineMs: 6_480_000,
      maxBodyBytes: 30_000_000,
      keepAliveMs: 75_000,
      upstreams: [],
      declaredUsers: [],
      secrets: [],
    })
  })

  it('accepts the former names of settings', () => {
    const config = loadRelayConfig({
      RELAY_AVAILABILITY_WINDOW: '6m',
      RELAY_DISTRIBUTION_WINDOW: '3h',
      RELAY_KEEP_ANSWERS: 'true',
    })
    expect(config).toMatchObject({
      upstreamAvailabilityDeadlineMs: 360_000,
      upstreamDistributionDeadlineMs: 10_800_000,
      keepNodeResults: true,
    })
    expect(config).toEqual(
      loadRelayConfig({
        RELAY_UPSTREAM_AVAILABILITY_DEADLINE: '6m',
        RELAY_UPSTREAM_DISTRIBUTION_DEADLINE: '3h',
        RELAY_KEEP_NODE_RESULTS: 'true',
      }),
    )
  })

  it('accepts the variables of the .NET relay', () => {
    const config = loadRelayConfig({
      ConnectionStrings__Default: 'Host=db;Port=5433;Username=relay;Password=geheim;Database=hub',
      RelayTaskQueue__ConnectionString: 'amqp://relay:hare@broker:5672',
      Obfuscation__LowNumberSuppressionThreshold: '5',
      Obfuscation__RoundingTarget: '0',
      Monitoring__HealthEndpoint: '/health',
      Database__ApplyMigrationsOnStartup: 'false',
      Database__RetainCompletedTaskState: 'true',
      'UpstreamTaskApi:Enable': 'true',
      UpstreamTaskApi__BaseUrl: 'https://upstream.example.org',
      UpstreamTaskApi__CollectionId: 'RQ-CC-EXAMPLE',
      UpstreamTaskApi__Username: 'hub',
      UpstreamTaskApi__Password: 'upstream secret',
      UpstreamTaskApi__PollingFrequency: '2500',
      UpstreamTaskApi__QueueTypes: 'a, b',
      UpstreamTaskApi__ResumeOnError: 'true',
      UpstreamTaskApi__ErrorDelay: '5',
    })
    expect(config).toMatchObject({
      suppressionThreshold: 5,
      roundingTarget: 0,
      healthPath: '/health',
      migrate: false,
      keepNodeResults: true,
    })
    expect(config.upstreams).toEqual([
      {
        name: 'upstream',
        baseUrl: 'https://upstream.example.org/link_connector_api',
        collectionId: 'RQ-CC-EXAMPLE',
        username: 'hub',
        password: 'upstream secret',
        pollIntervalMs: 2_500,
        queueTypes: ['a', 'b'],
        waitSeconds: 20,
      },
    ])
    expect(config.secrets).toEqual(expect.arrayContaining(['geheim', 'upstream secret']))
  })

  it.each([
    ['', [undefined]],
    ['  ', [undefined]],
    ['unified', [undefined]],
    ['*', ['a', 'b']],
    ['a', ['a']],
    ['b,a', ['a', 'b']],
    ['*,a', ['a', 'b']],
  ])('reads the queue types %j', (text, expected) => {
    const { upstreams } = loadRelayConfig({ ...UPSTREAM, UpstreamTaskApi__QueueTypes: text })
    expect(upstreams[0]?.queueTypes).toEqual(expected)
  })

  it.each(['c', 'a,c', ','])('rejects the queue types %j, which match no queue', (text) => {
    const load = () => loadRelayConfig({ ...UPSTREAM, UpstreamTaskApi__QueueTypes: text })
    expect(load).toThrow(/QueueTypes: expected \*, a, b/)
  })

  it('polls both queues by default', () => {
    expect(loadRelayConfig(UPSTREAM).upstreams[0]?.queueTypes).toEqual(['a', 'b'])
  })

  it('accepts numbered upstreams, except those that are disabled', () => {
    const { upstreams } = loadRelayConfig({
      ...UPSTREAM,
      RELAY_UPSTREAM_2_NAME: 'nhs',
      RELAY_UPSTREAM_2_BASE_URL: 'https://nhs.example.org/api/v1',
      RELAY_UPSTREAM_2_COLLECTION_ID: 'C2',
      RELAY_UPSTREAM_2_USERNAME: 'hub2',
      RELAY_UPSTREAM_2_PASSWORD: 'two',
      RELAY_UPSTREAM_2_POLL_INTERVAL: '1s',
      RELAY_UPSTREAM_2_QUEUE_TYPES: 'a',
      RELAY_UPSTREAM_3_BASE_URL: 'https://three.example.org',
      RELAY_UPSTREAM_3_ENABLE: 'false',
    })
    expect(upstreams.map((upstream) => upstream.name)).toEqual(['upstream', 'nhs'])
    expect(upstreams[1]).toMatchObject({ pollIntervalMs: 1_000, queueTypes: ['a'] })
  })

  it.each([
    ['ftp://upstream.example.org', /starts with https/],
    ['https://hub:secret@upstream.example.org', /must not contain a user name or password/],
    ['https://upstream.example.org/api?v=1', /must not contain a query/],
  ])('rejects the base URL %s before the relay starts', (url, problem) => {
    const message = messageOf(() => loadRelayConfig({ ...UPSTREAM, RELAY_UPSTREAM_BASE_URL: url }))
    expect(message).toMatch(problem)
    expect(message).not.toContain('secret@')
  })

  it('rejects a retention that would delete results before they are submitted', () => {
    const message = messageOf(() => loadRelayConfig({ RELAY_RESULT_RETENTION: '1h' }))
    expect(message).toMatch(
      /RELAY_RESULT_RETENTION: is shorter than a deadline of the upstream[^]*Set it to at least 2h/,
    )
  })

  it('lists all problems at once', () => {
    const message = messageOf(() =>
      loadRelayConfig({
        RELAY_PORT: 'eighty',
        RELAY_STORE: 'mysql://db',
        RELAY_QUEUE: 'kafka://k',
        RELAY_SUPRESSION_THRESHOLD: '10',
        Obfuscation__RoundingTraget: '5',
        RELAY_UPSTREAM_BASE_URL: 'https://upstream.example.org',
        RELAY_UPSTREAM_PASSWORD: 'x',
        RELAY_UPSTREAM_2_USERNAME: 'only this',
        RELAY_UPSTREAM_2_ENABLE: 'true',
        UpstreamTaskApi__PollingFrequency: '0',
        RELAY_UPSTREAM_AVAILABILITY_DEADLINE: '60s',
      }),
    )
    for (const expected of [
      /RELAY_PORT: expected a whole number/,
      /RELAY_STORE: expected sqlite:FILE/,
      /RELAY_QUEUE: expected database or amqp/,
      /RELAY_SUPRESSION_THRESHOLD: unknown variable\n.*Did you mean RELAY_SUPPRESSION_THRESHOLD/,
      /Obfuscation__RoundingTraget: unknown variable\n.*Did you mean Obfuscation__RoundingTarget/,
      /RELAY_UPSTREAM_COLLECTION_ID: not set, but required for an upstream/,
      /RELAY_UPSTREAM_USERNAME: not set/,
      /RELAY_UPSTREAM_2_BASE_URL: not set/,
      /PollingFrequency: expected a duration.* at least 100ms/,
      /RELAY_UPSTREAM_AVAILABILITY_DEADLINE: is not longer than RELAY_AVAILABILITY_DEADLINE/,
    ]) {
      expect(message).toMatch(expected)
    }
  })

  it.each([
    ['', []],
    ['0', []],
    ['10.0.0.0/8, ::1', ['10.1.2.3', '::1', '::ffff:10.1.2.3']],
  ])('trusts the proxies %j', (text, trusted) => {
    const { trustedProxies } = loadRelayConfig({ RELAY_TRUSTED_PROXIES: text })
    expect(['10.1.2.3', '::1', '::ffff:10.1.2.3'].filter((ip) => trustedProxies.has(ip))).toEqual(
      trusted,
    )
  })

  it.each(['1', '2', 'any', '10.0.0.0/40'])('rejects the trusted proxies %j', (text) => {
    expect(() => loadRelayConfig({ RELAY_TRUSTED_PROXIES: text })).toThrow(
      /RELAY_TRUSTED_PROXIES: expected addresses or ranges such as 10\.0\.0\.0\/8/,
    )
  })

  it('rejects two upstreams with the same name, whose tasks could not be distinguished', () => {
    const second = Object.fromEntries(
      Object.entries(UPSTREAM).map(([name, text]) => [name.replace('AM_', 'AM_2_'), text]),
    )
    const load = () =>
      loadRelayConfig({ ...UPSTREAM, ...second, RELAY_UPSTREAM_2_NAME: 'upstream' })
    expect(load).toThrow(/two upstreams are named "upstream"/)
  })

  it('masks secrets, whichever variable contains them', () => {
    const env = {
      ...UPSTREAM,
      RELAY_STORE: 'postgres://relay:geheim@db/relay',
      RELAY_QUEUE: 'amqp://relay:hare@broker',
      RELAY_METRICS_TOKEN: 'scrape me',
      DownstreamUsers__site__Password: 'site secret',
    }
    const text = JSON.stringify(maskedConfig(relayConfig, loadRelayConfig(env)))
    for (const secret of ['geheim', 'hare', 'scrape me', 'upstream secret', 'site secret']) {
      expect(text).not.toContain(secret)
    }
    expect(loadRelayConfig(env).secrets).toEqual(
      expect.arrayContaining(['geheim', 'hare', 'scrape me', 'upstream secret', 'site secret']),
    )
  })

  it('has a description for every variable', () => {
    for (const row of configurationRows(relayConfig)) expect(row.description).toMatch(/\.$/)
  })
})

describe('declared users', () => {
  const A = '3f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a11'
  const B = '4f6f1c1e-5a0b-4a43-9a53-0d1b0c2f7a12'

  it('have a password and one or several nodes', () => {
    const { declaredUsers } = loadRelayConfig({
      'DownstreamUsers__site-a__Password': 'secret-a',
      'DownstreamUsers__site-a__SubNode': A.toUpperCase(),
      'DownstreamUsers:site.b:Password': 'secret-b',
      'DownstreamUsers:site.b:SubNodes:0': B,
      'DownstreamUsers:site.B:SubNodes:1': B.replaceAll('-', '').replace('4', '5'),
    })
    expect(declaredUsers).toEqual([
      { name: 'site-a', password: 'secret-a', nodeIds: [A] },
      { name: 'site.b', password: 'secret-b', nodeIds: [B.replace('4', '5'), B] },
    ])
  })

  it.each([
    [{ DownstreamUsers__x__SubNode: A }, /DownstreamUsers__x__Password: not set/],
    [{ DownstreamUsers__x__Password: 'short' }, /expected 6 characters or more/],
    [
      { DownstreamUsers__x__Password: 'secret', DownstreamUsers__x__SubNode: 'RQ-1' },
      /SubNode: expected a GUID/,
    ],
    [
      {
        DownstreamUsers__x__Password: 'secret',
        DownstreamUsers__x__SubNode: A,
        DownstreamUsers__y__Password: 'secret',
        DownstreamUsers__y__SubNodes__0: A,
      },
      /declared for two users/,
    ],
    [{ 'DownstreamUsers__a b__Password': 'secret' }, /"a b" is not a user name/],
    [{ DownstreamUsers__x__Pasword: 'secret' }, /DownstreamUsers__x__Pasword: unknown variable/],
  ])('are rejected if they are incomplete or contradictory: %j', (env, expected) => {
    expect(() => loadRelayConfig(env)).toThrow(expected)
  })

  it('have no password in their problems', () => {
    const message = messageOf(() => loadRelayConfig({ DownstreamUsers__x__Password: 'pssst' }))
    expect(message).toContain('DownstreamUsers__x__Password: expected 6 characters')
    expect(message).not.toContain('pssst')
  })
})

describe('RELAY_STORE', () => {
  it.each([
    ['sqlite:relay.sqlite', 'relay.sqlite'],
    ['sqlite:///var/lib/relay.sqlite', '/var/lib/relay.sqlite'],
    ['sqlite::memory:', ':memory:'],
  ])('can be a file: %s', (text, file) => {
    expect(parseStoreTarget(text)).toEqual({ technology: 'sqlite', file })
  })

  it.each(['postgres://u:p@h/d', 'Host=h;Username=u;Password=p;Database=d'])(
    'can be the address of a PostgreSQL: %s',
    (text) => {
      const address = {
        hosts: [{ host: 'h', port: 5432 }],
        database: 'd',
        username: 'u',
        password: 'p',
        tls: { mode: 'prefer' },
      }
      expect(parseStoreTarget(text)).toEqual({ technology: 'postgresql', address })
      const env = { RELAY_STORE: text, PGPASSWORD: 'from the environment' }
      expect(loadRelayConfig(env).storeTarget).toMatchObject({ address })
      const incomplete = {
        ...env,
        RELAY_STORE: text.replace(/:p@|Password=p;/, (part) => part.replace(/:p|Password=p;/, '')),
      }
      expect(loadRelayConfig(incomplete).storeTarget).toMatchObject({
        address: { ...address, password: 'from the environment' },
      })
    },
  )

  it.each([
    ['sqlite:', /RELAY_STORE: expected sqlite:FILE/],
    ['mysql://h/d', /RELAY_STORE: expected sqlite:FILE/],
    ['nonsense', /RELAY_STORE: expected sqlite:FILE/],
    ['Username=sesame', /RELAY_STORE: Host is missing/],
    [
      'Host=h;Serch Path=x',
      /RELAY_STORE: "Serch Path" is not a supported key.*\n.*Did you mean Search Path/,
    ],
    [
      'postgres://h/d?sslmod=x',
      /RELAY_STORE: unknown connection parameter "sslmod"\n.*Did you mean sslmode/,
    ],
    ['postgres://u:se/same@h/d', /RELAY_STORE: cannot read the PostgreSQL URL/],
  ])('is rejected with a reason if it is %s', (text, expected) => {
    expect(messageOf(() => loadRelayConfig({ RELAY_STORE: text }))).toMatch(expected)
  })

  it('yields its passwords for masking in logs', () => {
    expect(storeSecrets('Host=h;Username=u;Password="a;b"')).toEqual(['a%3Bb', 'a;b'])
    expect(storeSecrets('postgres://u:p%40ss@h/d')).toEqual(['p%40ss', 'p@ss'])
    expect(storeSecrets('Host=h;Username=u;SSL Password=k')).toEqual(['k'])
    expect(storeSecrets('sqlite:file')).toEqual([])
    expect(storeSecrets('nonsense')).toEqual([])
  })
})

function messageOf(work: () => unknown): string {
  try {
    work()
  } catch (error: unknown) {
    return error instanceof Error ? error.message : String(error)
  }
  return ''
}
