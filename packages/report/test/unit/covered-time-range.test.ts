import { describe, expect, it } from 'vitest'
import type { ReportDocument } from '../../src/document/report-document.ts'
import {
  brokerChurn,
  clientLog,
  emptyPoll,
  relayLog,
  probes,
} from '../fixtures/dotnet-relay-log.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { checkOf, findingsOf } from '../fixtures/scenario-report.ts'

const MINUTE = 60

/** Poll times of a client with irregular intervals. */
function pollTimes(seed: number, to: number): number[] {
  const times: number[] = []
  let x = seed
  for (let at = 5; at < to; at += 10 + (x % 400) / 1_000) {
    times.push(at)
    x = (x * 7_919 + 17) % 100_003
  }
  return times
}

const relay = (times: readonly number[], from = 0): string =>
  relayLog(
    [...probes(30 * MINUTE), ...times.flatMap((at) => emptyPoll('site-a', at))].filter(
      ([at]) => at >= from,
    ),
  )

describe('logs and the time range', () => {
  const times = pollTimes(1, 30 * MINUTE)

  it('a relay log that starts late is a finding, and the logs do not cover the time range', async () => {
    const report = await reportOf({
      'site-a/bunny.log': clientLog(times),
      'relay.log': relay(times, 12 * MINUTE),
    })
    expect(findingsOf(report, 'source-began-late')).toMatchObject([
      { severity: 'info', party: 'operator' },
    ])
    expect(checkOf(report, 'evidence')).toBe('unknown')
  })

  it('the log of a relay that started late does not start late', async () => {
    const late = times.filter((at) => at >= 12 * MINUTE)
    const report = await reportOf({
      'site-a/bunny.log': clientLog(late),
      'relay.log': relay(late),
    })
    expect(findingsOf(report, 'source-began-late')).toEqual([])
    expect(checkOf(report, 'evidence')).toBe('passed')
  })
})

describe('a broker that logs every poll', () => {
  const times = pollTimes(1, 30 * MINUTE)
  const report = (written: (at: number) => boolean): Promise<ReportDocument> =>
    reportOf({
      'site-a/bunny.log': clientLog(times),
      'relay.log': relay(times),
      'rabbitmq.log': brokerChurn([2, ...times.filter(written), 30 * MINUTE - 4]),
    })

  it('logs nothing before and after', async () => {
    const quiet = await report((at) => at > 10 * MINUTE && at < 20 * MINUTE)
    expect(findingsOf(quiet, 'log-gap')).toEqual([])
  })

  it('has a gap in between', async () => {
    const cut = await report((at) => at < 10 * MINUTE || at > 20 * MINUTE)
    expect(findingsOf(cut, 'log-gap')).toHaveLength(1)
  })
})

describe('the log of a client and the log of a relay', () => {
  const endToEnd = async (clientTimes: readonly number[], relayTimes: readonly number[]) => {
    const report: ReportDocument = await reportOf({
      'bunny.log': clientLog(clientTimes),
      'relay.log': relay(relayTimes),
    })
    return checkOf(report, 'end-to-end')
  }

  it('match if the relay logs the polls of the client', async () => {
    const times = pollTimes(1, 30 * MINUTE)
    expect(await endToEnd(times, times)).toBe('passed')
  })

  it.each([2, 3, 4, 5, 6])(
    'prove nothing if the client may belong to another network: %i',
    async (seed) => {
      expect(await endToEnd(pollTimes(seed, 30 * MINUTE), pollTimes(1, 30 * MINUTE))).toBe(
        'unknown',
      )
    },
  )
})
