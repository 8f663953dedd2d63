import { describe, expect, it } from 'vitest'
import type { ReportDocument } from '../../src/document/report-document.ts'
import { distinctNames } from '../../src/network/program-name.ts'
import { reportOf } from '../fixtures/report-of.ts'
import type { LogFiles } from '../fixtures/report-of.ts'
import {
  A,
  accessLog,
  B,
  clientLog,
  relayLog,
  lines,
  ourPolls,
  ourRequests,
  ours,
  pollTimes,
} from '../fixtures/small-logs.ts'

const namesOf = (report: ReportDocument, role: string): string[] =>
  report.components.filter((one) => one.role === role).map(({ name }) => name)
const linksOf = (report: ReportDocument, kind: string): string[] =>
  report.links.filter((link) => link.kind === kind).map(({ name }) => name)
const causesOf = (report: ReportDocument): string[] =>
  report.findings.filter(({ severity }) => severity !== 'info').map(({ cause }) => cause)
const exchanges = (report: ReportDocument, name: string, side: string): number | undefined =>
  report.links.find((link) => link.name === name)?.views.find((view) => view.side === side)
    ?.exchanges

describe('names', () => {
  it('does not name several programs after their machine', async () => {
    const report = await reportOf({
      'bunny-north.log': ours('bunny', 'vm', ourPolls('a')),
      'bunny-south.log': ours('bunny', 'vm', ourPolls('b')),
      'relay.log': ours('relay', 'vm', ourRequests('north', A, 'a')),
      'upstream.log': ours('upstream', 'vm', [[0, 'upstream started', { version: '0.1.0' }]]),
    })
    expect(report.components.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['north', 'south', 'relay', 'upstream']),
    )
    expect(report.links.map(({ name }) => name)).not.toContainEqual(expect.stringMatching(/\bvm\b/))
  })

  it('distinguishes clients on one machine without a relay log', async () => {
    const report = await reportOf({
      'bunny-north.log': ours('bunny', 'vm', ourPolls('a')),
      'bunny-south.log': ours('bunny', 'vm', ourPolls('b')),
    })
    expect(namesOf(report, 'client')).toEqual(['north', 'south'])
  })

  it('names a program the same, whatever other logs are read', async () => {
    const upstream = ours('upstream', 'vm', [[0, 'upstream started']])
    const relay = ours('relay', 'vm', ourRequests('north', A, 'a'))
    const alone = await reportOf({ 'up.log': upstream })
    const together = await reportOf({ 'up.log': upstream, 'relay.log': relay })
    expect(namesOf(alone, 'upstream')).toEqual(namesOf(together, 'upstream'))
  })

  it('distinguishes programs with the same name by what differs, or else by number', () => {
    expect(
      distinctNames(
        [
          { name: 'site-a', qualifiers: ['client', 'east'] },
          { name: 'Site-A', qualifiers: ['client', 'west'] },
          { name: 'relay', qualifiers: ['client'] },
          { name: 'db', qualifiers: [] },
          { name: 'db', qualifiers: [] },
          { name: 'alone', qualifiers: ['client'] },
        ],
        ['relay'],
      ),
    ).toEqual(['site-a (east)', 'Site-A (west)', 'relay (client)', 'db', 'db 2', 'alone'])
  })
})

describe('a single log', () => {
  const refused = (at: number): string[] => {
    const stamp = `2025-09-26 06:3${at}:00.000000+00:00`
    return [
      `${stamp} [error] <0.7${at}.0> Error on AMQP connection <0.7${at}.0> (10.0.2.15:5${at}000 -> 10.0.3.9:5672, state: starting):`,
      `${stamp} [error] <0.7${at}.0> PLAIN login refused: user 'relay' - invalid credentials`,
    ]
  }
  const FAILING_DATABASE = lines([
    '2025-09-26 06:30:00.100 UTC [1] LOG:  database system is ready to accept connections',
    '2025-09-26 06:31:00.100 UTC [42] relay@relay FATAL:  the database system is in recovery mode',
    '2025-09-26 06:32:00.100 UTC [43] relay@relay FATAL:  the database system is in recovery mode',
  ])
  const SUSPENDED = ours('upstream', 'vm', [
    [0, 'upstream started'],
    [60_000, 'collection suspended', { level: 40, collection: A, name: 'region' }],
  ])
  const BAD_GATEWAY = accessLog({ collection: A, times: pollTimes(1), status: 502, target: -1 })

  it.each<[string, LogFiles, string, string]>([
    [
      'broker',
      { 'rabbit.log': lines(...[0, 1, 2, 3].map(refused)) },
      'broker',
      'broker-auth-failed',
    ],
    ['database', { 'pg.log': FAILING_DATABASE }, 'database', 'database-failing'],
    ['upstream', { 'up.log': SUSPENDED }, 'upstream', 'upstream-suspension'],
    ['load-balancer', { 'alb.log': BAD_GATEWAY }, 'load-balancer', 'proxy-502'],
  ])('has a link: the log of a %s', async (_, files, kind, cause) => {
    const report = await reportOf(files)
    expect(causesOf(report)).toContain(cause)
    const finding = report.findings.find((one) => one.cause === cause)
    expect(report.links.find(({ id }) => id === finding?.link)?.kind).toBe(kind)
    expect(report.components.find(({ role }) => role === 'relay')?.seenIn).toBe('other-logs')
    expect(report.verdict).not.toBe('healthy')
  })

  it('loses nothing together with another log', async () => {
    const report = await reportOf({
      'rabbit.log': lines(...[0, 1, 2, 3].map(refused)),
      'pg.log': FAILING_DATABASE,
    })
    expect(causesOf(report)).toEqual(
      expect.arrayContaining(['broker-auth-failed', 'database-failing']),
    )
    expect(namesOf(report, 'relay')).toHaveLength(1)
  })

  it('gives every client of an access log a link, and matches logs of clients by their polls', async () => {
    const [mine, other] = [pollTimes(1), pollTimes(6)]
    const report = await reportOf({
      'alb.log': accessLog({ collection: A, times: mine }, { collection: B, times: other }),
      'site-a/bunny.log': clientLog(mine),
    })
    expect(linksOf(report, 'poll')).toEqual([
      'site-a → relay.example.org',
      'unnamed client 2 → relay.example.org',
    ])
    expect(exchanges(report, 'site-a → relay.example.org', 'load-balancer')).toBe(mine.length)
  })
})

describe('relays', () => {
  it('are two if two clusters each have a client with the same name', async () => {
    const report = await reportOf({
      'east/relay.log': ours('relay', 'vm-1', ourRequests('site-a', A, 'a')),
      'west/relay.log': ours('relay', 'vm-2', ourRequests('site-a', B, 'b')),
    })
    expect(namesOf(report, 'relay')).toEqual(['relay (east)', 'relay (west)'])
    expect(linksOf(report, 'poll')).toEqual([
      'site-a (east) → relay (east)',
      'site-a (west) → relay (west)',
    ])
    expect(linksOf(report, 'database')).toHaveLength(2)
  })

  it('are two although a client uses the credentials of one at the other', async () => {
    const report = await reportOf({
      'relay-1.log': relayLog(
        { client: 'site-a', collection: A, times: pollTimes(1) },
        { client: 'site-b', collection: B, times: pollTimes(2), status: 401 },
      ),
      'relay-2.log': relayLog({ client: 'site-b', collection: B, times: pollTimes(3) }),
    })
    expect(namesOf(report, 'relay')).toHaveLength(2)
  })

  it('are one if replicas share the polls of a client', async () => {
    const times = pollTimes(1)
    const report = await reportOf({
      'first.log': relayLog({
        client: 'site-a',
        collection: A,
        times: times.filter((_, n) => n % 2 === 0),
      }),
      'second.log': relayLog({
        client: 'site-a',
        collection: A,
        times: times.filter((_, n) => n % 2 === 1),
      }),
    })
    expect(namesOf(report, 'relay')).toHaveLength(1)
    expect(report.links.filter(({ kind }) => kind === 'poll')).toHaveLength(1)
  })

  it('are one, with one polling interval, if a pod replaces another', async () => {
    const [before, after] = [pollTimes(1, 0, 290), pollTimes(1, 290)]
    const pod = (name: string, log: string): string =>
      log.replaceAll(/^\[(\S+)/gm, `[pod/hub-relay-${name}/relay] $1 [$1`)
    const report = await reportOf({
      'relay.log':
        pod('6d5f7c9b8-x2k4q', relayLog({ client: 'site-a', collection: A, times: before })) +
        pod('6d5f7c9b8-p9w7z', relayLog({ client: 'site-a', collection: A, times: after })),
    })
    expect(namesOf(report, 'relay')).toEqual(['hub-relay'])
    const [link] = report.links.filter(({ kind }) => kind === 'poll')
    expect(link?.views.find(({ side }) => side === 'relay')?.pollIntervalMs).toBeGreaterThan(8_500)
  })

  it('have no finding for a broker that may belong to either', async () => {
    const report = await reportOf({
      'relay-1.log': relayLog({ client: 'site-a', collection: A, times: pollTimes(1) }),
      'relay-2.log': relayLog({ client: 'site-b', collection: B, times: pollTimes(3) }),
      'rabbit.log': lines([
        '2025-09-26 06:31:00.000000+00:00 [error] <0.7.0> closing AMQP connection <0.7.0> (10.0.2.15:51000 -> 10.0.3.9:5672):',
        '2025-09-26 06:31:00.000000+00:00 [error] <0.7.0> missed heartbeats from client, timeout: 60s',
      ]),
    })
    expect(causesOf(report).filter((cause) => cause === 'broker-heartbeat-lost')).toHaveLength(1)
    expect(linksOf(report, 'broker')).toContain('unknown relay → rabbit')
  })
})

describe('the log of a client', () => {
  it('is not matched to the only client of another relay', async () => {
    const report = await reportOf({
      'relay.log': relayLog({ client: 'site-b', collection: B, times: pollTimes(2) }),
      'bunny.log': clientLog(pollTimes(1), 'other.example.org'),
    })
    expect(linksOf(report, 'poll')).toEqual(['client → other.example.org', 'site-b → relay'])
    expect(exchanges(report, 'site-b → relay', 'client')).toBeUndefined()
  })
})

describe('a client that polls another relay than the others', () => {
  const site = (collection: string, name: string, step: number): string =>
    relayLog({ client: name, collection, times: pollTimes(step) })

  it('is not matched to a client that polls at the same times, and is reported', async () => {
    const report = await reportOf({
      'relay.log': [site(A, 'site-a', 1), site(B, 'site-b', 3)].join('\n'),
      'site-a/bunny.log': clientLog(pollTimes(1), 'relay.example.org'),
      // The same times as the polls of site-b, whose own log is not here.
      'third/bunny.log': clientLog(pollTimes(3), 'relay-staging.example.org'),
    })
    expect(linksOf(report, 'poll')).toContain('third → relay-staging.example.org')
    expect(exchanges(report, 'site-b → relay', 'client')).toBeUndefined()
    expect(['healthy', 'recovered']).not.toContain(report.verdict)
    expect(report.findings).toContainEqual(
      expect.objectContaining({ cause: 'other-relay', party: 'site' }),
    )
  })

  it('is not reported if its polls are in the log of the relay under its name', async () => {
    const report = await reportOf({
      'relay.log': [site(A, 'site-a', 1), site(B, 'site-b', 3)].join('\n'),
      'site-a/bunny.log': clientLog(pollTimes(1), 'relay.example.org'),
      'site-b/bunny.log': clientLog(pollTimes(3), 'relay.internal'),
    })
    expect(causesOf(report)).not.toContain('other-relay')
    expect(exchanges(report, 'site-b → relay', 'client')).toBe(pollTimes(3).length)
  })
})

describe('repeated lines', () => {
  const relay = relayLog({ client: 'site-a', collection: A, times: pollTimes(1) })

  it.each<[string, LogFiles]>([
    ['a copy', { 'b/bunny.log': clientLog(pollTimes(1)), 'b/again.log': clientLog(pollTimes(1)) }],
    [
      'two logs that overlap',
      {
        'b/bunny.log': clientLog(pollTimes(1, 0, 400)),
        'b/later.log': clientLog(pollTimes(1, 100)),
      },
    ],
    [
      'a rotated log that was copied while it grew',
      {
        'b/bunny.log.1': clientLog(pollTimes(1, 0, 400)),
        'b/bunny.log': clientLog(pollTimes(1, 100)),
      },
    ],
    ['twice in one file', { 'b/bunny.log': clientLog(pollTimes(1)) + clientLog(pollTimes(1)) }],
  ])('count once: %s', async (_, files) => {
    const report = await reportOf({ 'hub/relay.log': relay, ...files })
    expect(exchanges(report, 'site-a → relay', 'client')).toBe(pollTimes(1).length)
    expect(causesOf(report)).not.toContain('two-instances')
    expect(report.caveats.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/(?:is|are) counted once\.$/),
    )
  })

  it('do not exist if two instances poll at the same time', async () => {
    const report = await reportOf({
      'hub/relay.log': relayLog(
        { client: 'site-a', collection: A, times: pollTimes(1) },
        { client: 'site-a', collection: A, times: pollTimes(6) },
      ),
      'site-a/one.log': clientLog(pollTimes(1)),
      'site-a/two.log': clientLog(pollTimes(6)),
    })
    expect(exchanges(report, 'site-a → relay', 'client')).toBe(
      pollTimes(1).length + pollTimes(6).length,
    )
    expect(causesOf(report)).toContain('two-instances')
  })
})
