import { describe, expect, it } from 'vitest'
import { checkOf, findingsOf, reportOnPair } from '../fixtures/scenario-report.ts'

describe('a log that lacks lines', () => {
  it.each(['proxy-503 + log-gap', 'proxy-504 + log-gap', 'hammering + source-ended-early'])(
    'is found though requests came rarely before or after: %s',
    async (name) => {
      const { report } = await reportOnPair(name)
      const [finding] = report.findings.filter(({ cause }) =>
        name.endsWith('early') ? cause === 'source-ended-early' : cause === 'log-gap',
      )
      expect(finding?.title).toContain(name.endsWith('early') ? 'stops before' : 'has a gap')
      expect(checkOf(report, 'evidence')).toBe('failed')
    },
  )

  it('is not a log whose program had nothing to write: its client waits before it asks again', async () => {
    const { report } = await reportOnPair('name-resolution + hammering')
    expect(findingsOf(report, 'log-gap')).toEqual([])
  })
})

describe('answers that get lost on the way', () => {
  it('are still lost when the hub says that it gave another', async () => {
    const { report } = await reportOnPair('auth-wrong-collection + read-timeout')
    const [lost, ...more] = findingsOf(report, 'read-timeout')
    expect(more).toEqual([])
    expect([lost?.status, lost?.severity]).toEqual(['ongoing', 'error'])
  })
})
