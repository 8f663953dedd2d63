import { beforeAll, describe, expect, it } from 'vitest'
import { collect } from '../../corpus/scenarios/collect.ts'
import { scenarios } from '../../corpus/scenarios.ts'
import type { Cause } from '../../src/vocabulary/cause.ts'
import type { ReportDocument } from '../../src/document/report-document.ts'
import { reportExitCode } from '../../src/cli/exit-code.ts'
import { reportOf } from '../fixtures/report-of.ts'

/** The logs of a scenario, by file. */
function logsOf(name: string): Record<string, Buffer> {
  const scenario = scenarios().find((one) => one.name === name)
  if (scenario === undefined) throw new Error(`no scenario ${name}`)
  return Object.fromEntries(collect(scenario).map(({ path, bytes }) => [path, bytes]))
}

const causes = (report: ReportDocument): Cause[] =>
  report.findings.filter(({ severity }) => severity !== 'info').map(({ cause }) => cause)
const stateOf = (report: ReportDocument, client: string) =>
  report.links.find(({ name }) => name.startsWith(`${client} `))?.state
const check = (report: ReportDocument, id: string) => report.checklist.find((row) => row.id === id)

describe('a healthy half hour', () => {
  let report: ReportDocument

  beforeAll(async () => {
    report = await reportOf(logsOf('healthy-half-hour'))
  })

  it('is healthy, and every poll succeeded', () => {
    expect(report.verdict).toBe('healthy')
    expect(report.sentence).toMatch(
      /^All 5\d\d requests from 3 clients succeeded, and no log contains a failure\.$/,
    )
    expect(['site-a', 'site-b', 'site-c'].map((client) => stateOf(report, client))).toEqual(
      Array(3).fill('healthy-idle'),
    )
    expect(reportExitCode(report, 'unknown')).toBe(0)
  })

  it('has no errors and warnings, only connection churn and expected probes', () => {
    expect(
      report.findings
        .map(({ cause, severity, party, status }) => [cause, severity, party, status])
        .toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
    ).toEqual([
      ['broker-connection-churn', 'info', 'hub', 'observed'],
      ['health-probe', 'info', 'none', 'expected'],
    ])
    const probe = report.findings.find(({ cause }) => cause === 'health-probe')
    expect(probe?.evidence.map(({ text }) => text.replace(/^\[[\d:]+ /, ''))).toEqual([
      expect.stringContaining('Missing Authorization Header'),
      expect.stringMatching(/HTTP GET \/healthz responded 200/),
    ])
  })

  it('passes its checks with figures; checks without evidence are unknown', () => {
    expect(report.checklist.map(({ id, state }) => [id, state])).toEqual([
      ['connections', 'passed'],
      ['authentication', 'passed'],
      ['end-to-end', 'passed'],
      ['relay', 'passed'],
      ['database', 'passed'],
      ['broker', 'passed'],
      ['behaviour', 'passed'],
      ['clocks', 'passed'],
      ['probes', 'passed'],
      ['tasks', 'unknown'],
      ['task-results', 'unknown'],
      ['submission', 'unknown'],
      ['evidence', 'passed'],
    ])
    expect(check(report, 'connections')?.number).toMatch(
      /^3 clients sent 5\d\d requests, all successful$/,
    )
    expect(check(report, 'database')?.number).toMatch(/statements, all successful, p95 1 ms/)
    expect(check(report, 'relay')?.number).toMatch(/^0 server errors in/)
  })

  it('follows one poll from the client through relay, database and broker and back, with file and line', () => {
    const [poll] = report.transactions
    expect(poll).toMatchObject({ kind: 'poll', complete: true, matchedBy: 'time' })
    expect(poll?.steps.map(({ leg }) => leg)).toEqual([
      'client',
      'database',
      'database',
      'relay',
      'broker',
      'broker',
      'broker',
      'relay',
      'client',
    ])
    for (const step of poll?.steps ?? []) {
      expect(step.evidence?.file).toMatch(/\.log$/)
      expect(step.evidence?.line).toBeGreaterThan(0)
    }
  })

  it.each([
    ['the client', /site-a/],
    ['the relay', /hub-relay/],
    ['the broker', /rabbit/],
  ])('is not healthy without the log of %s', async (_, file) => {
    const logs = Object.fromEntries(
      Object.entries(logsOf('healthy-half-hour')).filter(([name]) => !file.test(name)),
    )
    const less = await reportOf(logs)
    expect(Object.keys(logs)).toHaveLength(2)
    expect(less.verdict).toBe('unknown')
    expect(reportExitCode(less, 'unknown')).toBe(2)
    expect(less.caveats.map(({ kind }) => kind)).toContain('missing-source')
  })

  it('is not healthy if the relay log contains no statement', async () => {
    const logs = logsOf('healthy-half-hour')
    const relay = Object.keys(logs).find((name) => name.includes('relay')) ?? ''
    const without = (logs[relay] ?? Buffer.alloc(0))
      .toString('latin1')
      .replaceAll(/.*Executed DbCommand.*\n/g, '')
    const less = await reportOf({ ...logs, [relay]: Buffer.from(without, 'latin1') })
    expect(check(less, 'database')?.state).toBe('unknown')
    expect(less.verdict).toBe('unknown')
  })
})

describe('the same half hour with one fault', () => {
  it('changed password: reports the site, the time and that it is ongoing', async () => {
    const report = await reportOf(logsOf('password-changed'))
    const [finding] = report.findings
    expect(finding).toMatchObject({
      cause: 'auth-wrong-password',
      severity: 'error',
      status: 'ongoing',
      party: 'site',
      partyName: 'site-b',
      confidence: 'certain',
    })
    // Clock skew of a few seconds.
    expect(finding?.first?.slice(11, 16)).toMatch(/06:4[12]/)
    expect(finding?.evidence[0]?.text).toContain('Invalid password for client: site-b')
    expect(causes(report)).toEqual(['auth-wrong-password'])
    expect(['site-a', 'site-b', 'site-c'].map((client) => stateOf(report, client))).toEqual([
      'healthy-idle',
      'failing',
      'healthy-idle',
    ])
    expect(check(report, 'authentication')?.state).toBe('failed')
    expect(reportExitCode(report, 'error')).toBe(1)
  })

  it('name resolution failing for 3 minutes: reports recovery and duration', async () => {
    const report = await reportOf(logsOf('dns-outage'))
    expect(causes(report)).toEqual(['name-resolution'])
    const [finding] = report.findings
    expect(finding).toMatchObject({
      severity: 'warning',
      status: 'recovered',
      party: 'site',
      partyName: 'site-a',
    })
    expect(finding?.first?.slice(11, 16)).toBe('06:48')
    // The client waits up to a minute after a failure, so its first success comes later.
    expect(finding?.durationMs).toBeGreaterThan(150_000)
    expect(finding?.durationMs).toBeLessThan(260_000)
    expect(stateOf(report, 'site-a')).toBe('recovered')
    expect(report.verdict).toBe('recovered')
    expect([reportExitCode(report, 'warning'), reportExitCode(report, 'error')]).toEqual([1, 0])
  })

  it('502 from the load balancer for 2 minutes: reports one finding and the other affected clients', async () => {
    const report = await reportOf(logsOf('balancer-502'))
    expect(causes(report)).toEqual(['proxy-502'])
    const [finding] = report.findings
    expect(finding).toMatchObject({ status: 'recovered', party: 'network' })
    const silent = report.links.filter(({ name }) => /^site-[bc]/.test(name))
    expect(silent.map(({ state }) => state)).toEqual(['recovered', 'recovered'])
    expect(finding?.affects.toSorted()).toEqual(silent.map(({ id }) => id).toSorted())
    for (const { gaps } of silent) expect(gaps[0]?.finding).toBe(finding?.id)
  })
})
