import { describe, expect, it } from 'vitest'
import type { ReportDocument } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'

const START = Date.UTC(2026, 0, 12, 9)
const POLLS = Array.from({ length: 60 }, (_, n) => n)

type Fields = Readonly<Record<string, unknown>>

const record = (component: string, seconds: number, msg: string, fields: Fields): string =>
  `${JSON.stringify({ level: 20, time: START + seconds * 1_000, component, msg, ...fields })}\n`

const collectionOf = (client: string): string => `6f1e9c1a-5a0b-4a43-9a53-${client.padEnd(12, '0')}`

/** Ten minutes of a relay that these clients poll. It logs a summary of its database once a minute, unless `database` is false. */
function relayLog(clients: readonly string[], tellsOfItsDatabase = true): string {
  const polls = POLLS.map((n) =>
    clients
      .map((client) =>
        record('relay', n * 10 + 0.02, 'request completed', {
          method: 'GET',
          path: `/link_connector_api/task/nextjob/${collectionOf(client)}`,
          status: 204,
          durationMs: 3.5,
          user: client,
          node: collectionOf(client),
          requestId: `${client}${n}`,
        }),
      )
      .concat(n % 6 === 0 && tellsOfItsDatabase ? summary(n * 10 + 1) : [])
      .join(''),
  )
  return polls.join('')
}

const summary = (seconds: number): string =>
  record('relay', seconds, 'dependency summary', {
    dependency: 'database',
    technology: 'sqlite',
    checks: { ok: 6, error: 0 },
    state: 'ok',
    p50Ms: 1,
    maxMs: 2,
    periodMs: 60_000,
  })

const clientLog = (client: string, host: string): string =>
  POLLS.map(
    (n) =>
      record('bunny', n * 10, 'poll sent', {
        url: `https://${host}/link_connector_api/task/nextjob/[REDACTED]`,
        requestId: `${client}${n}`,
      }) +
      record('bunny', n * 10 + 0.03, 'poll answered', {
        status: 204,
        durationMs: 30,
        requestId: `${client}${n}`,
      }),
  ).join('')

const accessLog = (client: string): string =>
  POLLS.map((n) => {
    const time = `${String(Math.floor(n / 6)).padStart(2, '0')}:${String((n % 6) * 10).padStart(2, '0')}`
    return `10.0.0.7 - ${client} [12/Jan/2026:09:${time} +0000] "GET /link_connector_api/task/nextjob/${collectionOf(client)} HTTP/1.1" 204 0 "-" "python-requests/2.32"\n`
  }).join('')

const stateOf = ({ checklist }: ReportDocument, id: string): string | undefined =>
  checklist.find((row) => row.id === id)?.state

const ONE_RELAY = {
  'relay.log': relayLog(['one']),
  'bunny-one.log': clientLog('one', 'relay.example.org'),
}

describe('evidence for one relay does not prove another', () => {
  it('calls one relay with its client healthy', async () => {
    const report = await reportOf(ONE_RELAY)
    expect(report.verdict).toBe('healthy')
  })

  it('expects no broker for a relay that logs summaries of its database only', async () => {
    const report = await reportOf(ONE_RELAY)
    expect(report.links.map(({ kind }) => kind)).not.toContain('broker')
  })

  it('leaves the rows about relays unknown for a relay that is known only from its client', async () => {
    const report = await reportOf({
      ...ONE_RELAY,
      'bunny-two.log': clientLog('two', 'other.example.org'),
    })
    expect(report.verdict).toBe('degraded')
    expect(report.findings.map(({ cause }) => cause)).toEqual(['other-relay'])
    for (const id of ['relay', 'database', 'evidence', 'end-to-end'])
      expect([id, stateOf(report, id)]).toEqual([id, 'unknown'])
    expect(stateOf(report, 'connections')).toBe('failed')
    expect(report.links.map(({ name }) => name)).toContain('two → other.example.org')
    expect(report.caveats.map(({ text }) => text).join()).toContain('(other.example.org)')
  })

  it('leaves them unknown for a relay that is known only from a load balancer', async () => {
    const report = await reportOf({ ...ONE_RELAY, 'nginx-access.log': accessLog('two') })
    expect(report.verdict).toBe('unknown')
    expect(stateOf(report, 'relay')).toBe('unknown')
  })

  it('leaves the database unknown for a relay whose log does not mention it', async () => {
    const logs = {
      ...ONE_RELAY,
      'bunny-two.log': clientLog('two', 'other.example.org'),
    }
    const complete = await reportOf({ ...logs, 'other-relay.log': relayLog(['two']) })
    const partial = await reportOf({ ...logs, 'other-relay.log': relayLog(['two'], false) })
    expect(complete.verdict).toBe('healthy')
    expect(partial.verdict).toBe('unknown')
    expect(stateOf(partial, 'database')).toBe('unknown')
    expect(stateOf(partial, 'relay')).toBe('passed')
  })
})
