import { describe, expect, it } from 'vitest'
import { hasPassed, reportJson, reportText } from '../../chaos/chaos-report.ts'
import { FAILURES, OUTCOMES, type Outcome } from '../../chaos/judge.ts'
import type { ChaosReport } from '../../chaos/run-chaos.ts'

const COMMAND = 'npm run chaos -- --seed 7'

function reportOf(outcomes: readonly Outcome[], incidents: readonly string[] = []): ChaosReport {
  const tasks = outcomes.map((outcome, index) => ({
    verdict: { outcome, detail: `detail ${index}`, explainedRepeats: 0 },
    history: {
      task: {
        atMs: index,
        uuid: `uuid-${index}`,
        manner: index % 2 === 0 ? 'leasing' : 'once',
        kind: 'availability',
        number: index,
      } as const,
      handOuts: [],
      submissions: [],
      events: [],
      confirmed: [],
    },
  }))
  return {
    plan: { seed: 7, lengthMs: 1_000, tasks: [], faults: [] },
    tasks,
    faults: [{ name: 'relay kill', relay: 'relay-1', fromMs: 1_000, toMs: 3_500 }],
    incidents,
    skipped: [],
    durationMs: 60_000,
    latenciesMs: [100, 200, 300],
    logFolder: '/logs',
  }
}

describe('the report of a chaos run', () => {
  it.each(OUTCOMES)('fails only for what a relay must never do: %s', (outcome) => {
    expect(hasPassed(reportOf(['exact', outcome]))).toBe(!FAILURES.includes(outcome))
    expect(hasPassed(reportOf([outcome], ['relay-1 ended by itself: 70']))).toBe(false)
  })

  it('fits 80 columns, counts outcomes by upstream, and names the command and the logs', () => {
    const text = reportText(reportOf(['exact', 'exact', 'lost']), { columns: 80, command: COMMAND })
    expect(text).toMatch(/^exact +1 +1 +2$/m)
    expect(text).toMatch(/^lost +1 +0 +1$/m)
    expect(text).toMatch(/^relay kill +1 +2\.5$/m)
    expect(text).toContain('lost: uuid-2 (availability, leasing): detail 2')
    expect(text).toContain('Failed. Logs and histories: /logs')
    expect(text).toContain(`Run it again: ${COMMAND}`)
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('gives programs the same figures as JSON', () => {
    expect(reportJson(reportOf(['exact', 'stuck']), COMMAND)).toMatchObject({
      passed: false,
      seed: 7,
      outcomes: { exact: 1, stuck: 1, lost: 0 },
      failures: [{ uuid: 'uuid-1', outcome: 'stuck' }],
      logFolder: '/logs',
    })
  })
})
