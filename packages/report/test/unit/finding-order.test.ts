import { describe, expect, it } from 'vitest'
import { bySeverity } from '../../src/findings/diagnose.ts'
import { rawFinding } from '../../src/findings/raw-finding.ts'
import type { RawFinding } from '../../src/findings/raw-finding.ts'
import { logsOf, scenarioNamed } from '../fixtures/scenario-report.ts'
import { reportOf } from '../fixtures/report-of.ts'

const finding = (fields: Pick<RawFinding, 'cause' | 'severity'> & Partial<RawFinding>) =>
  rawFinding({ status: 'observed', subject: 'site-a', why: '', ...fields })

function inOrder(...findings: readonly RawFinding[]): string[] {
  return findings.toSorted(bySeverity).map(({ cause }) => cause)
}

describe('the order of the findings', () => {
  it('is by severity, then by time', () => {
    expect(
      inOrder(
        finding({ cause: 'health-probe', severity: 'info', first: 1 }),
        finding({ cause: 'slow', severity: 'warning', first: 2 }),
        finding({ cause: 'relay-error', severity: 'error', first: 9 }),
        finding({ cause: 'silent', severity: 'error', first: 8 }),
      ),
    ).toEqual(['silent', 'relay-error', 'slow', 'health-probe'])
  })

  it('puts a finding without a time after its equals', () => {
    expect(
      inOrder(
        finding({ cause: 'hammering', severity: 'warning' }),
        finding({ cause: 'slow', severity: 'warning', first: 5 }),
        finding({ cause: 'flapping', severity: 'warning' }),
      ),
    ).toEqual(['slow', 'flapping', 'hammering'])
  })

  it('puts what is wrong with logs and clocks after what is wrong with the network', () => {
    expect(
      inOrder(
        finding({ cause: 'log-gap', severity: 'warning', first: 1 }),
        finding({ cause: 'clock-skew', severity: 'warning' }),
        finding({ cause: 'slow', severity: 'warning', first: 5 }),
        finding({ cause: 'source-ended-early', severity: 'error', party: 'hub', first: 2 }),
        finding({ cause: 'silent', severity: 'error', first: 3 }),
      ),
    ).toEqual(['source-ended-early', 'silent', 'slow', 'log-gap', 'clock-skew'])
  })

  it('lets an outage lead, and not a clock that differs', async () => {
    const { findings } = await reportOf(
      logsOf(scenarioNamed('broker-refused minute 10 to 16 (ours)')),
    )
    const causes = findings.map(({ cause }) => cause)
    expect(causes[0]).toBe('broker-refused')
  })
})
