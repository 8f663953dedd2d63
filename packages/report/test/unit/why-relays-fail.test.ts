import { describe, expect, it } from 'vitest'
import type { Finding, ReportDocument } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'
import {
  dotnetLine,
  dotnetRelay,
  kubectl,
  plain,
  pollsEvery,
  pythonBunny,
  rabbitChurn,
} from '../fixtures/wild-lines.ts'
import type { Printed } from '../fixtures/wild-lines.ts'
import {
  LENGTH,
  mercyAtRelay,
  mercyTimes,
  MERCY,
  OLAF,
  olafAtRelay,
  olafTimes,
  relayItself,
} from '../fixtures/wild-network.ts'

const problemsOf = ({ findings }: ReportDocument): Finding[] =>
  findings.filter(({ severity }) => severity !== 'info')

const REFUSED =
  "Network error occurred: HTTPSConnectionPool(host='hub.example.org', port=443): Max retries exceeded with url: /link_connector_api/task/nextjob/[REDACTED] (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused'))"
const SERVER_ERROR =
  'Network error occurred: 500 Server Error: Internal Server Error for url: https://hub.example.org/link_connector_api/task/nextjob/[REDACTED]'
const UNHANDLED = 'An unhandled exception has occurred while executing the request.'

describe('a .NET relay that does not stay up', () => {
  const EXCEPTION = `System.InvalidOperationException: There are no subnodes configured!
   at Relay.Services.UpstreamTaskPoller.ExecuteAsync(CancellationToken stoppingToken)
   at Microsoft.EntityFrameworkCore.DbContext.Find()
   at Npgsql.NpgsqlConnection.Open()`
  const starts = [5, 40, 120, 400, 900]

  it.each<[string, (at: number) => Printed[]]>([
    ['does not start', (at) => [dotnetLine(at, 'ERR', `Hosting failed to start\n${EXCEPTION}`)]],
    [
      'is stopped by an exception',
      (at) => [
        dotnetLine(at, 'INF', 'Now listening on: http://[::]:8080'),
        dotnetLine(at + 3, 'ERR', `BackgroundService failed\n${EXCEPTION}`),
        dotnetLine(
          at + 3.1,
          'FTL',
          'The HostOptions.BackgroundServiceExceptionBehavior is configured to StopHost. A BackgroundService has thrown an unhandled exception, and the IHost instance is stopping.',
        ),
        dotnetLine(at + 3.2, 'INF', 'Application is shutting down...'),
      ],
    ],
    [
      'prints its last exception without a level',
      (at) => [
        dotnetLine(
          at,
          'INF',
          `Now listening on: http://[::]:8080\nUnhandled exception. ${EXCEPTION}`,
        ),
      ],
    ],
  ])(
    'is one finding with the message of the exception, not what its stack names: %s',
    async (_, crash) => {
      const report = await reportOf({
        'hub.log': plain(starts.flatMap(crash)),
        'bunny.log': plain(pythonBunny({ times: olafTimes, fails: () => REFUSED })),
      })
      expect(problemsOf(report)).toMatchObject([
        { cause: 'relay-crashing', severity: 'error', status: 'ongoing', party: 'hub', count: 5 },
      ])
      expect(problemsOf(report)[0]?.why).toContain('no subnodes configured')
      expect(problemsOf(report)[0]?.why).toContain('Also caused: connection refused')
    },
  )

  it('has recovered when it answers requests', async () => {
    const report = await reportOf({
      'hub.log': plain(
        [5, 40].map((at) => dotnetLine(at, 'ERR', `Hosting failed to start\n${EXCEPTION}`)),
        olafAtRelay.filter(({ at }) => at > 100),
      ),
    })
    expect(problemsOf(report)[0]).toMatchObject({ cause: 'relay-crashing', status: 'recovered' })
  })
})

describe('an upstream that refuses the relay, in the log of a relay at level Warning', () => {
  it.each([
    ['Unauthorized', 'upstream-refused', 'hub', 'HTTP 401'],
    ['Forbidden', 'upstream-refused', 'hub', 'HTTP 403'],
    ['NotFound', 'upstream-refused', 'hub', 'HTTP 404'],
    ['TooManyRequests', 'upstream-refused', 'hub', 'HTTP 429'],
    ['BadGateway', 'upstream-unreachable', 'upstream', 'HTTP 502'],
    ['ServiceUnavailable', 'upstream-unreachable', 'upstream', 'HTTP 503'],
  ])('%s is a status', async (name, cause, party, words) => {
    const polls = pollsEvery(30, 1, LENGTH, 0)
    const report = await reportOf({
      'hub.log': plain(
        polls.flatMap((at) => [
          dotnetLine(at, 'ERR', `Fetch Next Job Endpoint Request failed: ${name}`),
          // A second line about the same poll.
          dotnetLine(
            at + 0.1,
            'ERR',
            `Task polling error\nSystem.Net.Http.HttpRequestException: the upstream responded with ${name}`,
          ),
        ]),
      ),
    })
    expect(problemsOf(report)).toMatchObject([
      { cause, party, status: 'ongoing', count: polls.length },
    ])
    expect(problemsOf(report)[0]?.why).toContain(words)
  })
})

describe('one of two pods of a relay that cannot log in to the database', () => {
  const PASSWORD = `${UNHANDLED}\nNpgsql.PostgresException (0x80004005): 28P01: password authentication failed for user "relay"\n   at Npgsql.Internal.NpgsqlConnector.ReadMessage()`
  const parts = [
    { times: olafTimes, polls: olafAtRelay, user: 'st-olaf', collection: OLAF },
    { times: mercyTimes, polls: mercyAtRelay, user: 'mercy', collection: MERCY },
  ]
  const good = parts.flatMap(({ times, user, collection }) =>
    dotnetRelay({ user, collection, times: times.filter((_, n) => n % 2 === 0) }),
  )
  const bad = parts.flatMap(({ times, collection }) =>
    times
      .filter((_, n) => n % 2 === 1)
      .flatMap((at) => [
        dotnetLine(at, 'ERR', PASSWORD),
        dotnetLine(
          at,
          'ERR',
          `HTTP GET /link_connector_api/task/nextjob/${collection} responded 500 in 12.1 ms`,
        ),
      ]),
  )
  const odd = new Set(olafTimes.filter((_, n) => n % 2 === 1))
  const others = {
    'bunny.log': plain(
      pythonBunny({ times: olafTimes, fails: (at) => (odd.has(at) ? SERVER_ERROR : undefined) }),
    ),
    'rabbit.log': plain(rabbitChurn(olafTimes)),
  }
  const [goodPod, badPod] = ['relay-6c9f7d5b8-k2x4q', 'relay-6c9f7d5b8-zz8pm']

  it.each<[string, Record<string, string>]>([
    [
      'lines',
      {
        'hub.log':
          kubectl(goodPod, 'relay', 0, relayItself, good) +
          kubectl(badPod, 'relay', 0, relayItself, bad),
      },
    ],
    [
      'file names',
      {
        [`hub/${goodPod}.log`]: plain(relayItself, good),
        [`hub/${badPod}.log`]: plain(relayItself, bad),
      },
    ],
    [
      'folders',
      {
        [`hub/${goodPod}/logs.txt`]: plain(relayItself, good),
        [`hub/${badPod}/logs.txt`]: plain(relayItself, bad),
      },
    ],
  ])('is one ongoing finding that names the pod: pods named by %s', async (_, logs) => {
    const report = await reportOf({ ...others, ...logs })
    expect(problemsOf(report)).toMatchObject([
      {
        cause: 'database-failing',
        status: 'ongoing',
        party: 'hub',
        title: `${badPod} → database: database fails (wrong password)`,
      },
    ])
    expect(problemsOf(report)[0]?.why).toContain(`Only ${badPod}`)
    expect(problemsOf(report)[0]?.action).toContain('password')
    expect(report.components.filter(({ role }) => role === 'relay')).toHaveLength(1)
  })

  it('counts a pod that logs only its exceptions as a replica of its deployment', async () => {
    const exceptions = bad.filter(({ text }) => !text.includes('responded'))
    const report = await reportOf({
      ...others,
      'hub.log':
        kubectl(goodPod, 'relay', 0, relayItself, good) + kubectl(badPod, 'relay', 0, exceptions),
    })
    expect(report.components.filter(({ role }) => role === 'relay')).toHaveLength(1)
  })
})

describe('an exhausted connection pool', () => {
  it('is one finding, and its late errors count in how long responses take', async () => {
    const POOL = `${UNHANDLED}\nNpgsql.NpgsqlException (0x80004005): The connection pool has been exhausted, either raise 'Max Pool Size' (currently 100) or 'Timeout' (currently 15 seconds) in your connection string.`
    const [before, after] = [
      olafTimes.filter((at) => at < 600),
      olafTimes.filter((at) => at >= 600),
    ]
    const failing = after.flatMap((at) => [
      dotnetLine(at + 15, 'ERR', POOL),
      dotnetLine(
        at + 15,
        'ERR',
        `HTTP GET /link_connector_api/task/nextjob/${OLAF} responded 500 in 15003.2 ms`,
      ),
    ])
    const report = await reportOf({
      'hub.log': plain(
        relayItself,
        dotnetRelay({ user: 'st-olaf', collection: OLAF, times: before }),
        failing,
      ),
      'bunny.log': plain(
        pythonBunny({ times: before }),
        pythonBunny({ times: after, takes: 15, fails: () => SERVER_ERROR }),
      ),
    })
    expect(problemsOf(report)).toMatchObject([
      { cause: 'database-failing', status: 'ongoing', party: 'hub' },
    ])
    expect(problemsOf(report)[0]?.title).toContain('connection pool exhausted')
    const link = report.links.find(({ kind }) => kind === 'poll')
    expect(link?.views.find(({ side }) => side === 'relay')?.latency?.p95Ms).toBeGreaterThan(10_000)
  })
})
