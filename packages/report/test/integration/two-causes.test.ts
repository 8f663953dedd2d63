import { describe, expect, it } from 'vitest'
import { checkOf, findingsOf, reportOnPair } from '../fixtures/scenario-report.ts'

describe('a log with missing lines', () => {
  it.each(['proxy-503 + log-gap', 'proxy-504 + log-gap', 'hammering + source-ended-early'])(
    'is found although requests were rare before or after: %s',
    async (name) => {
      const { report } = await reportOnPair(name)
      const [finding] = report.findings.filter(({ cause }) =>
        name.endsWith('early') ? cause === 'source-ended-early' : cause === 'log-gap',
      )
      expect(finding?.title).toContain(name.endsWith('early') ? 'log ends early' : 'gap in the log')
      expect(checkOf(report, 'evidence')).toBe('failed')
    },
  )

  it('is not reported if the client waits longer after an error', async () => {
    const { report } = await reportOnPair('name-resolution + hammering')
    expect(findingsOf(report, 'log-gap')).toEqual([])
  })
})

describe('two causes, one after the other', () => {
  it.each([
    ['relay-error + broker-refused', 'relay-error', 'broker-refused'],
    ['slow + database-slow', 'slow', 'database-slow'],
  ] as const)('are separate findings: %s', async (name, before, root) => {
    const { report } = await reportOnPair(name)
    const [rootFinding] = findingsOf(report, root)
    const own = findingsOf(report, before)
    expect(own.length).toBeGreaterThan(0)
    for (const finding of own) {
      // Consequences of the later cause belong to its finding only.
      expect(Date.parse(finding.last ?? '')).toBeLessThan(Date.parse(rootFinding?.first ?? ''))
      expect(finding.status).toBe('recovered')
      expect(finding.why).toContain(`from ${finding.first?.slice(11, 19)} to `)
      expect(finding.count).toBe(finding.periods.reduce((sum, { count }) => sum + count, 0))
      expect(rootFinding?.affects).toContain(finding.link)
    }
  })

  it('a client that receives no response has not recovered when the relay logs success', async () => {
    const { report } = await reportOnPair('auth-wrong-collection + read-timeout')
    const [finding] = findingsOf(report, 'read-timeout')
    expect([finding?.severity, finding?.status, finding?.recoveredAt]).toEqual([
      'error',
      'ongoing',
      null,
    ])
  })
})
