import { describe, expect, it } from 'vitest'
import type { Analysis } from '../../src/analysis.ts'
import type { RawCheck } from '../../src/checklist/checklist.ts'
import { buildNumbers, writeSentence } from '../../src/document/summary.ts'
import { rawFinding } from '../../src/findings/raw-finding.ts'
import type { RawFinding } from '../../src/findings/raw-finding.ts'

const START = Date.UTC(2025, 8, 26, 6, 30)
const MINUTE = 60_000

/** As much of an analysis as a sentence needs. */
function analysisWith(findings: readonly RawFinding[], requests = 0): Analysis {
  const relayView = { exchanges: requests, ok: requests, latency: { count: 0 } }
  return {
    network: {
      from: START,
      to: START + 30 * MINUTE,
      links: requests === 0 ? [] : [{ relayView, client: undefined, expected: null }],
      relays: [],
      unknownLogins: [],
    },
    diagnosis: { findings, gaps: [] },
  } as unknown as Analysis
}

const finding = (fields: Partial<RawFinding>): RawFinding =>
  rawFinding({
    cause: 'auth-wrong-password',
    severity: 'error',
    status: 'ongoing',
    subject: 'site-b',
    why: '',
    first: START + 12 * MINUTE,
    last: START + 20 * MINUTE,
    ...fields,
  })
const skew = finding({
  cause: 'clock-skew',
  severity: 'warning',
  status: 'observed',
  subject: 'site-a',
  first: Number.NaN,
  last: Number.NaN,
})

describe('the verdict in a sentence', () => {
  it('leads with a finding about the network, not with one about the logs', () => {
    const sentence = writeSentence('unhealthy', analysisWith([skew, finding({})]), [])
    expect(sentence).toMatch(/^site-b: .* \(since 06:42:00\) and 1 more finding\.$/)
  })

  it('names clock skew if there is nothing else', () => {
    const both = [skew, { ...skew, subject: 'site-c' }]
    expect(writeSentence('degraded', analysisWith(both), [])).toMatch(/^site-a: .* and site-c: /)
  })

  it('names two findings and counts the others', () => {
    const all = ['a', 'b', 'c', 'd'].map((subject) => finding({ subject }))
    expect(
      [1, 2, 3, 4].map((count) =>
        writeSentence('unhealthy', analysisWith(all.slice(0, count)), []).replaceAll(
          /: [a-z ]+ \(since 06:42:00\)/g,
          '',
        ),
      ),
    ).toEqual(['a.', 'a and b.', 'a, b and 1 more finding.', 'a, b and 2 more findings.'])
  })

  it('writes a range for what recovered, and one instant without a range', () => {
    const recovered = finding({ severity: 'warning', status: 'recovered' })
    const over = { ...recovered, recoveredAt: START + 21 * MINUTE }
    expect(writeSentence('recovered', analysisWith([over]), [])).toMatch(
      /^Everything works at the end of the logs\. Earlier problem: site-b: .* \(from 06:42:00 to 06:51:00\)\.$/,
    )
    expect(writeSentence('degraded', analysisWith([over]), [])).toContain(
      ' (from 06:42:00 to 06:51:00, recovered).',
    )
    const instant = { ...over, last: over.first, recoveredAt: over.first }
    expect(writeSentence('degraded', analysisWith([instant]), [])).toContain(
      ' (at 06:42:00, recovered).',
    )
  })

  it('adds the time to the brackets of a title', () => {
    const title = finding({ cause: 'proxy-502' })
    expect(writeSentence('unhealthy', analysisWith([title]), [])).toBe(
      'site-b: 502 from the load balancer (relay not reachable, since 06:42:00).',
    )
  })

  it('counts requests', () => {
    expect(
      [1, 2, 1_200].map((requests) => writeSentence('healthy', analysisWith([], requests), [])),
    ).toEqual([
      'The only request from 1 client succeeded, and no log contains a failure.',
      'All 2 requests from 1 client succeeded, and no log contains a failure.',
      'All 1,200 requests from 1 client succeeded, and no log contains a failure.',
    ])
  })

  it('names the checks without evidence', () => {
    const check = (title: string): RawCheck =>
      ({ title, detail: 'No relay log.', essential: true, state: 'unknown' }) as RawCheck
    const checks = ['A works', 'B works', 'C works'].map((title) => check(title))
    expect(
      [0, 1, 2, 3].map((count) =>
        writeSentence('unknown', analysisWith([]), checks.slice(0, count)),
      ),
    ).toEqual([
      'There is not enough evidence.',
      'There is not enough evidence for "A works" (no relay log).',
      'There is not enough evidence for "A works" (no relay log) and "B works" (no relay log).',
      'There is not enough evidence for "A works" (no relay log), "B works" (no relay log) and 1 more check.',
    ])
  })
})

describe('the key figures', () => {
  it('count findings by severity', () => {
    const warning = finding({ severity: 'warning' })
    const info = finding({ severity: 'info' })
    const value = (findings: readonly RawFinding[]): string | undefined =>
      buildNumbers(analysisWith(findings)).find(({ label }) => label === 'findings')?.value
    expect(value([finding({}), warning, warning, info])).toBe('1 error, 2 warnings')
    expect(value([info])).toBe('no errors or warnings')
  })
})
