import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/document/report-document.ts'
import { emptyPoll, every, relayLog, probes, START } from '../fixtures/dotnet-relay-log.ts'
import { reportOf } from '../fixtures/report-of.ts'
import type { LogFiles } from '../fixtures/report-of.ts'

const MINUTE = 60

const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString()

const poll = (seconds: number) => emptyPoll('site-a', seconds)

/** The same polls in the logs of two pods of a relay that share them. */
function twoPods(times: readonly number[]): LogFiles {
  const pod = (which: number): string =>
    relayLog([...probes(30 * MINUTE), ...times.filter((_, n) => n % 2 === which).flatMap(poll)])
  return { 'relay-0.log': pod(0), 'relay-1.log': pod(1) }
}

async function findings(logs: LogFiles): Promise<Finding[]> {
  const report = await reportOf(logs)
  return report.findings.filter(({ severity }) => severity !== 'info')
}

const times = (step: number, from: number, to: number): number[] =>
  Array.from({ length: Math.floor((to - from) / step) }, (_, n) => from + n * step)

describe('a client that polls too fast', () => {
  it('is found if two pods of the relay share its polls and neither sees too many', async () => {
    const polls = [
      ...times(10, 0, 10 * MINUTE),
      ...times(0.7, 10 * MINUTE, 20 * MINUTE),
      ...times(10, 20 * MINUTE, 30 * MINUTE),
    ]
    expect(await findings(twoPods(polls))).toMatchObject([
      {
        cause: 'hammering',
        status: 'recovered',
        severity: 'warning',
        first: at(10 * MINUTE),
        last: at(20 * MINUTE),
        count: 10,
      },
    ])
  })

  it('is not one that polls every 1.5 seconds', async () => {
    expect(await findings(twoPods(times(1.5, 0, 30 * MINUTE)))).toEqual([])
  })

  it('is found in summaries, at whichever second of the minute they are logged', async () => {
    const summary = (minute: number, polls: number): string =>
      JSON.stringify({
        level: 30,
        time: START + minute * 59_990,
        component: 'relay',
        link: 'node site-a',
        periodMs: 60_000,
        polls: { 204: polls },
        p50Ms: 3,
        p95Ms: 5,
        msg: 'link summary',
      })
    const log = (polls: (minute: number) => number): LogFiles => ({
      'relay.log': Array.from({ length: 30 }, (_, n) => `${summary(n + 1, polls(n))}\n`).join(''),
    })
    const fast = await findings(log((minute) => (minute >= 10 && minute < 20 ? 600 : 6)))
    expect(fast).toMatchObject([{ cause: 'hammering', status: 'recovered' }])
    expect(await findings(log(() => 55))).toEqual([])
    const oneMinute = await findings(log((minute) => (minute === 10 ? 200 : 6)))
    expect(oneMinute).toMatchObject([{ cause: 'hammering', first: at(11 * 59.99 - MINUTE) }])
    expect(oneMinute[0]?.why).toContain('up to 200 empty polls per minute')
  })
})

describe('two processes with the same credentials', () => {
  it('poll from a first to a last time', async () => {
    const lines = [
      ...probes(60 * MINUTE),
      ...every(10, 0, 60 * MINUTE, poll),
      ...every(10, 20 * MINUTE + 3, 40 * MINUTE, poll),
    ]
    const [finding, ...others] = await findings({ 'relay.log': relayLog(lines) })
    expect(finding).toMatchObject({
      cause: 'two-instances',
      status: 'recovered',
      first: at(20 * MINUTE),
    })
    expect(Math.abs(Date.parse(finding?.last ?? '') - Date.parse(at(40 * MINUTE)))).toBeLessThan(
      20_000,
    )
    expect(others).toEqual([])
  })
})
