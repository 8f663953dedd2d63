import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/document/report-document.ts'
import {
  clientLog,
  emptyPoll,
  every,
  failedPoll,
  relayLog,
  probes,
  START,
} from '../fixtures/dotnet-relay-log.ts'
import type { Line } from '../fixtures/dotnet-relay-log.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { findingsOf } from '../fixtures/scenario-report.ts'

const MINUTE = 60

async function interruptions(lines: readonly Line[]): Promise<Finding[]> {
  const report = await reportOf({ 'relay.log': relayLog(lines) })
  return report.findings.filter(({ severity }) => severity !== 'info')
}

const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString()

const poll = (seconds: number): Line[] => emptyPoll('site-a', seconds)

describe('a client that sends no request for a while', () => {
  it('one pause among few polls is found', async () => {
    const lines = [
      ...probes(30 * MINUTE),
      ...every(60, 5, 10 * MINUTE, poll),
      ...every(60, 23 * MINUTE, 30 * MINUTE, poll),
    ]
    expect(await interruptions(lines)).toMatchObject([
      { cause: 'interrupted', first: at(9 * MINUTE + 5), last: at(23 * MINUTE) },
    ])
  })

  it('repeated pauses do not become the usual interval', async () => {
    const pauses = every(4 * MINUTE, 0, 30 * MINUTE, (from) =>
      every(10, from, from + 2 * MINUTE, poll),
    )
    const found = await interruptions([...probes(30 * MINUTE), ...pauses])
    expect(found.map(({ cause }) => cause)).toContain('interrupted')
  })

  it.each<[string, readonly Line[]]>([
    [
      'waits a minute after an error',
      every(3 * MINUTE, 0, 39 * MINUTE, (from) => [
        ...every(10, from, from + 2 * MINUTE - 10, poll),
        failedPoll('site-a', from + 2 * MINUTE - 10),
      ]),
    ],
    [
      'polls irregularly',
      Array.from({ length: 200 }, (_, n) => n)
        .reduce<number[]>(
          (times, n) => [
            ...times,
            (times.at(-1) ?? 0) - 15 * Math.log(((n * 73) % 200) / 200 + 0.004),
          ],
          [0],
        )
        .flatMap(poll),
    ],
    ['polls once a minute', every(60, 5, 40 * MINUTE, poll)],
  ])('no finding for one that %s', async (_, lines) => {
    const end = Math.max(...lines.map(([seconds]) => seconds))
    const found = await interruptions([...probes(end), ...lines])
    expect(found.filter(({ cause }) => cause !== 'relay-error')).toEqual([])
  })

  it('a client that works on a task for minutes is busy according to its log', async () => {
    const before = every(10, 0, 10 * MINUTE, (seconds) => [[seconds, '']]).map(
      ([seconds]) => seconds,
    )
    const times = [...before, ...before.map((seconds) => seconds + 17 * MINUTE)]
    const files = {
      'site-a/bunny.log': clientLog(times, { task: { from: 10 * MINUTE, to: 17 * MINUTE - 10 } }),
      'relay.log': relayLog([...probes(27 * MINUTE), ...times.flatMap(poll)]),
    }
    const report = await reportOf(files)
    expect(findingsOf(report, 'interrupted')).toEqual([])
    const silent = await reportOf({ ...files, 'site-a/bunny.log': clientLog(times) })
    expect(findingsOf(silent, 'interrupted')).toHaveLength(1)
  })
})
