import { describe, expect, it } from 'vitest'
import type { Finding, ReportDocument } from '../../src/document/report-document.ts'
import { checkOf, findingsOf, logsOf, scenarioNamed } from '../fixtures/scenario-report.ts'
import { reportOf } from '../fixtures/report-of.ts'
import type { LogFiles } from '../fixtures/report-of.ts'

const briefly = ({ cause, severity, status, party }: Finding): string =>
  `${severity} ${cause} ${status} ${party}`
const above = (report: ReportDocument): string[] =>
  report.findings.filter(({ severity }) => severity !== 'info').map(briefly)

const START = Date.UTC(2025, 8, 26, 7, 0)
const NODE = 'a'.repeat(8)
const json = (second: number, component: string, msg: string, fields: object, level = 30): string =>
  JSON.stringify({ level, time: START + second * 1_000, component, ...fields, msg })

/** Ten minutes of a relay and a client, except for the time between `from` and `to`. */
function network(
  from: number,
  to: number,
  during: { relay: boolean; client: 'answered' | 'waits' },
): LogFiles {
  const relay: string[] = []
  const client: string[] = []
  for (let second = 0; second < 600; second += 5) {
    const still = second >= from && second < to
    const requestId = `r${second}`
    const path = `/link_connector_api/task/nextjob/${NODE}`
    if (!still || during.relay) {
      relay.push(
        json(
          second,
          'relay',
          'request completed',
          { method: 'GET', path: '/readyz', status: 200, durationMs: 1 },
          20,
        ),
      )
    }
    if (still && during.client === 'waits') {
      if ((second - from) % 30 !== 25) continue
      const failure = {
        requestId,
        kind: 'transport',
        code: 'UND_ERR_HEADERS_TIMEOUT',
        detail: 'no answer in 30 s',
      }
      client.push(json(second, 'bunny', 'poll failed', { ...failure, durationMs: 30_000 }, 50))
      continue
    }
    if (!still || during.relay) {
      const who = { user: 'north', node: NODE }
      relay.push(
        json(
          second + 0.01,
          'relay',
          'request completed',
          { requestId, method: 'GET', path, status: 204, durationMs: 2, ...who },
          20,
        ),
      )
    }
    client.push(
      json(second + 0.03, 'bunny', 'poll answered', { requestId, status: 204, durationMs: 30 }, 20),
    )
  }
  return { 'relay.log': `${relay.join('\n')}\n`, 'bunny-north.log': `${client.join('\n')}\n` }
}

describe('a relay that logs nothing while the requests of its clients time out', () => {
  it.each(['ours', 'old'])(
    'stalled: one finding absorbs what all others saw of it (%s)',
    async (stack) => {
      const report = await reportOf(
        logsOf(scenarioNamed(`relay-stalled minute 10 to 16 (${stack})`)),
      )
      expect(above(report).filter((line) => !line.includes('clock-skew'))).toEqual([
        'warning relay-stalled recovered hub',
      ])
      const [finding] = findingsOf(report, 'relay-stalled')
      expect((finding?.durationMs ?? 0) / 60_000).toBeCloseTo(6, 1)
      expect(checkOf(report, 'relay')).toBe('failed')
      expect(checkOf(report, 'connections')).toBe('failed')
    },
  )

  it('has not resumed if its log ends and requests still time out', async () => {
    const report = await reportOf(logsOf(scenarioNamed('relay-stalled from minute 17 (ours)')))
    expect(above(report)).toContain('error relay-stalled ongoing hub')
    expect(findingsOf(report, 'source-ended-early').map(briefly)).toEqual([])
  })

  it('is found with the log of one client', async () => {
    const report = await reportOf(network(200, 290, { relay: false, client: 'waits' }))
    expect(above(report)).toEqual(['warning relay-stalled recovered hub'])
    expect(findingsOf(report, 'relay-stalled')[0]?.why).toMatch(
      /^Relay log: nothing logged from 07:03:15 to 07:04:50 \(1 min 35 s\)\. Client log: 3 requests failed/,
    )
  })
})

describe('a relay that logs nothing', () => {
  it('has a gap in its log if its clients are answered', async () => {
    const report = await reportOf(network(200, 290, { relay: false, client: 'answered' }))
    expect(findingsOf(report, 'relay-stalled')).toEqual([])
    expect(above(report)).toContain('warning log-gap observed operator')
  })

  it('is not one that keeps logging while a client waits', async () => {
    const report = await reportOf(network(200, 290, { relay: true, client: 'waits' }))
    expect(findingsOf(report, 'relay-stalled')).toEqual([])
    expect(findingsOf(report, 'read-timeout')).toHaveLength(1)
  })

  it('did not run if it logged a shutdown before', async () => {
    const files = network(200, 290, { relay: false, client: 'waits' })
    const lines = [
      json(199, 'relay', 'relay stopping', { signal: 'SIGTERM' }),
      json(290, 'relay', 'relay started', { version: '0.1.0', queue: 'database', store: 'sqlite' }),
    ]
    const relay = `${String(files['relay.log'])}${lines.join('\n')}\n`.trimEnd().split('\n')
    const time = (line: string): number => (JSON.parse(line) as { time: number }).time
    const sorted = relay.toSorted((a, b) => time(a) - time(b)).join('\n')
    const report = await reportOf({ ...files, 'relay.log': `${sorted}\n` })
    expect(findingsOf(report, 'relay-stalled')).toEqual([])
    expect(findingsOf(report, 'relay-restarted')).toHaveLength(1)
  })

  it('is not reported as stalled without its log', async () => {
    const { 'relay.log': _, ...files } = network(200, 290, { relay: false, client: 'waits' })
    const report = await reportOf(files)
    expect(above(report)).toEqual(['warning read-timeout recovered hub'])
  })
})
