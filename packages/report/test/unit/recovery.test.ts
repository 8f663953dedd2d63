import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/document/report-document.ts'
import { relayLog, START } from '../fixtures/dotnet-relay-log.ts'
import type { Line } from '../fixtures/dotnet-relay-log.ts'
import { reportOf } from '../fixtures/report-of.ts'

const PATH = '/link_connector_api/task/nextjob/6f1e9c1a-5a0b-4a43-9a53-0d1b0c2f7a11'

/** A poll every ten seconds with its two statements, and a probe that queries the database as well. */
function tenSeconds(at: number, poll: (at: number) => Line[]): Line[] {
  return [
    ...poll(at),
    [at + 5, 'INF] Executed DbCommand (0ms) [Parameters=[], CommandTimeout=30]'],
    [at + 5, 'SELECT 1'],
    [at + 5.01, 'INF] HTTP GET /healthz responded 200 in 2.1 ms'],
  ]
}

const answered =
  (firstStatementMs: number) =>
  (at: number): Line[] => [
    [
      at,
      `INF] Executed DbCommand (${firstStatementMs}ms) [Parameters=[@name='?'], CommandTimeout=30]`,
    ],
    [at, 'INF] Executed DbCommand (1ms) [Parameters=[@id=?], CommandTimeout=30]'],
    [at, 'INF] Credentials validated for Client: site-a'],
    [at, `INF] HTTP GET ${PATH} responded 204 in ${firstStatementMs + 120}.5 ms`],
  ]

const failed = (at: number): Line[] => [
  [at, `ERR] HTTP GET ${PATH} responded 500 in 30.5 ms`],
  [at, 'Npgsql.PostgresException (0x80004005): 53300: sorry, too many clients already'],
]

async function findingOf(cause: string, lines: readonly Line[]): Promise<Finding | undefined> {
  const report = await reportOf({ 'relay.log': relayLog(lines) })
  return report.findings.find((finding) => finding.cause === cause)
}

const minutes = (from: number, to: number, poll: (at: number) => Line[]): Line[] =>
  Array.from({ length: (to - from) * 6 }, (_, n) => tenSeconds(from * 60 + n * 10, poll)).flat()

const at = (minute: number): string => new Date(START + minute * 60_000).toISOString()

describe('the recovery of a problem', () => {
  it('the database has not recovered while polls fail, even if a statement of a probe succeeds', async () => {
    const lines = [...minutes(0, 10, answered(1)), ...minutes(10, 20, failed)]
    expect(await findingOf('database-failing', lines)).toMatchObject({
      status: 'ongoing',
      severity: 'error',
      first: at(10),
    })
  })

  it('the database has recovered when polls succeed', async () => {
    const lines = [
      ...minutes(0, 10, answered(1)),
      ...minutes(10, 15, failed),
      ...minutes(15, 25, answered(1)),
    ]
    expect(await findingOf('database-failing', lines)).toMatchObject({ status: 'recovered' })
  })

  it('a database that is slow for one statement in three is slow until the end of the logs', async () => {
    const lines = [...minutes(0, 10, answered(1)), ...minutes(10, 20, answered(4_000))]
    expect(await findingOf('database-slow', lines)).toMatchObject({
      status: 'ongoing',
      // When the first slow statement began.
      first: at(10 - 4 / 60),
      count: 60,
    })
  })

  it('a database is slow until its first fast statement, however many more it takes to be certain', async () => {
    const lines = [
      ...minutes(0, 10, answered(1)),
      ...minutes(10, 15, answered(4_000)),
      ...minutes(15, 25, answered(1)),
    ]
    const slow = await findingOf('database-slow', lines)
    expect(slow).toMatchObject({ status: 'recovered', first: at(10 - 4 / 60) })
    expect(slow?.recoveredAt?.slice(0, 16)).toBe(at(14 + 5 / 6).slice(0, 16))
  })

  it.each([
    ['ongoing', 'returns every two minutes until the end', 30],
    ['recovered', 'returned every two minutes, and then no more', 42],
  ])('%s: what %s', async (status, _, end) => {
    const lines = minutes(0, end, answered(1))
    for (let minute = 10; minute < 30; minute += 2) lines.push(...failed(minute * 60 + 3))
    expect(await findingOf('database-failing', lines)).toMatchObject({ status })
  })

  it('has a date if the time range spans several days', async () => {
    const night = [...minutes(0, 10, answered(1)), ...minutes(10, 20, failed)]
    const days = minutes(20, 30 * 60, answered(1)).filter(([seconds]) => seconds % 60 < 5)
    const finding = await findingOf('database-failing', [...night, ...days])
    expect(finding?.why).toContain('from 12 Jan 09:10:00 to 12 Jan 09:19:50')
    expect((await findingOf('database-failing', night))?.why).toContain('from 09:10:00 to')
  })

  it('a server that logs only slow statements has recovered when the relay logs fast ones', async () => {
    const lines = [
      ...minutes(0, 10, answered(1)),
      ...minutes(10, 15, answered(4_000)),
      ...minutes(15, 25, answered(1)),
    ]
    const server = Array.from({ length: 30 }, (_, n) => {
      const stamp = new Date(START + (600 + n * 10) * 1_000 + 20).toISOString()
      return `${stamp.slice(0, 10)} ${stamp.slice(11, 23)} UTC [42] relay@relay LOG:  duration: 4000.1 ms  statement: SELECT 1\n`
    })
    const report = await reportOf({ 'relay.log': relayLog(lines), 'postgres.log': server.join('') })
    expect(report.findings.find(({ cause }) => cause === 'database-slow')).toMatchObject({
      status: 'recovered',
      // The time of the first request.
      first: new Date(START + 596_000).toISOString(),
    })
  })

  it('a finding names the findings that it explains', async () => {
    const lines = [...minutes(0, 10, answered(1)), ...minutes(10, 20, failed)]
    const report = await reportOf({ 'relay.log': relayLog(lines) })
    expect(report.findings.filter(({ severity }) => severity !== 'info')).toMatchObject([
      {
        cause: 'database-failing',
        why: expect.stringContaining('Also caused: server errors from the relay.'),
      },
    ])
  })
})
