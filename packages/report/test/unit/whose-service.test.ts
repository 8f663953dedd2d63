import { describe, expect, it } from 'vitest'
import { reportOf } from '../fixtures/report-of.ts'

const START = Date.UTC(2026, 0, 12, 9)

/** Two minutes of a relay whose client polls every five seconds, with extra lines. */
function relayLog(
  client: string,
  more: readonly (readonly [seconds: number, msg: string, fields: object])[] = [],
): string {
  const node = `6f1e9c1a-5a0b-4a43-9a53-${client.padEnd(12, '0')}`
  const polls = Array.from({ length: 24 }, (_, n) => {
    const path = `/link_connector_api/task/nextjob/${node}`
    const fields = { method: 'GET', path, status: 204, durationMs: 3, client, node }
    return [n * 5, 'request completed', { ...fields, requestId: `${client}${n}` }] as const
  })
  return [...polls, ...more]
    .toSorted((a, b) => a[0] - b[0])
    .map(([seconds, msg, fields]) =>
      JSON.stringify({
        level: 30,
        time: START + seconds * 1_000,
        component: 'relay',
        msg,
        ...fields,
      }),
    )
    .join('\n')
}

const summary = (technology: string) =>
  [
    60,
    'dependency summary',
    { dependency: 'database', technology, checks: { ok: 6, error: 0 }, state: 'ok' },
  ] as const

const POSTGRES = `2026-01-12 09:00:01.000 UTC [10] LOG:  database system is ready to accept connections
2026-01-12 09:01:03.416 UTC [51] warren@relay FATAL:  terminating connection due to administrator command
2026-01-12 09:01:20.001 UTC [11] LOG:  database system is ready to accept connections
`

async function namesOf(logs: Readonly<Record<string, string>>): Promise<[string[], string[]]> {
  const { links, findings } = await reportOf({ ...logs, 'postgres.log': POSTGRES })
  const servers = links.filter(({ name }) => name.endsWith('→ postgres'))
  const failing = findings.filter(({ cause }) => cause === 'database-failing')
  return [servers.map(({ name }) => name), failing.map(({ title }) => title)]
}

describe('a service with two relays', () => {
  it('belongs to the relay that logs failures at the same time: one outage, one finding', async () => {
    const [links, findings] = await namesOf({
      'relay.log': relayLog('one', [
        [64, 'database unavailable', { detail: 'terminating connection' }],
        [82, 'database recovered', {}],
      ]),
      'trial-relay.log': relayLog('two'),
    })
    expect(links).toEqual(['relay → postgres'])
    expect(findings).toEqual(['relay → postgres: database fails'])
  })

  it('does not belong to a relay that logs another one', async () => {
    const [links] = await namesOf({
      'relay.log': relayLog('one'),
      'trial-relay.log': relayLog('two', [summary('sqlite')]),
    })
    expect(links).toEqual(['relay → postgres'])
  })

  it('belongs to no relay without evidence', async () => {
    const [links] = await namesOf({
      'relay.log': relayLog('one'),
      'trial-relay.log': relayLog('two'),
    })
    expect(links).toEqual(['unknown relay → postgres'])
  })
})
