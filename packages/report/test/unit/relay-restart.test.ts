import { describe, expect, it } from 'vitest'
import type { Line } from '../fixtures/dotnet-relay-log.ts'
import { clientLog, emptyPoll, every, relayLog, probes } from '../fixtures/dotnet-relay-log.ts'
import { reportOf } from '../fixtures/report-of.ts'

const MINUTE = 60
const DOWN = { from: 10 * MINUTE, to: 10 * MINUTE + 25 }

const isUp = (at: number): boolean => at < DOWN.from || at > DOWN.to

const times = (first: number): number[] => Array.from({ length: 30 * 6 }, (_, n) => first + n * 10)

const relay = relayLog(
  [
    ...probes(30 * MINUTE),
    ...times(1).flatMap((at) => emptyPoll('site-a', at)),
    ...times(4).flatMap((at) => emptyPoll('site-b', at)),
    ...every(MINUTE, DOWN.to, DOWN.to + 1, (at): Line[] => [
      [at + 0.1, 'INF] Now listening on: http://[::]:8080'],
    ]),
  ].filter(([at]) => isUp(at)),
)

describe('a relay that restarts', () => {
  it.each([
    ['logs a shutdown', 'INF] Application is shutting down...'],
    ['was killed', 'INF] HTTP GET /healthz responded 200 in 2.1 ms'],
  ])('explains polls that were refused meanwhile if it %s', async (_, lastLine) => {
    const report = await reportOf({
      'site-a/bunny.log': clientLog(times(1), { refused: (at) => !isUp(at) }),
      'site-b/bunny.log': clientLog(times(4), { refused: (at) => !isUp(at) }),
      'relay.log': withLine(relay, lastLine),
    })
    expect(report.findings.filter(({ severity }) => severity !== 'info')).toMatchObject([
      { cause: 'relay-restarted', status: 'recovered', party: 'hub' },
    ])
  })
})

/** The log with one more line, logged when the relay stopped. */
function withLine(log: string, text: string): string {
  const lines = log.split('\n')
  const before = lines.findIndex((line) => line >= '2026-01-12T09:10:00')
  return [
    ...lines.slice(0, before),
    `2026-01-12T09:09:59.900000000Z stdout F [09:09:59 ${text}`,
    ...lines.slice(before),
  ].join('\n')
}
