import { describe, expect, it } from 'vitest'
import type { ReportDocument } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { kubectl, plain, pollsEvery, pythonBunny, timestamped } from '../fixtures/wild-lines.ts'
import {
  broker,
  mercy,
  mercyAtRelay,
  olaf,
  olafAtRelay,
  relay,
  relayItself,
} from '../fixtures/wild-network.ts'

const DAY_OF_THE_LOGS = '2025-10-14'

function expectHealthy(report: ReportDocument): void {
  expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([])
  expect(report.verdict).toBe('healthy')
  expect(report.timeRange.from?.slice(0, 10)).toBe(DAY_OF_THE_LOGS)
  expect(report.timeRange.durationMs).toBeLessThan(3_600_000)
}

const rolesOf = (report: ReportDocument): string[] =>
  report.sources.map(({ role }) => role).toSorted()

describe('one file with the logs of several programs', () => {
  const parts = [plain(olaf), plain(relay), plain(broker)]

  it.each<[string, string]>([
    ['one after the other', parts.join('')],
    ['interleaved', plain(olaf, relay, broker)],
    [
      'with Markdown around them',
      `# This morning\n\nFirst **bunny**:\n\n\`\`\`\n${parts.join('```\n\nand then:\n\n```text\n')}\`\`\`\nThanks, Ann\n`,
    ],
    ['quoted in a mail', `Hi,\nsee below\n${parts.join('').replaceAll(/^/gm, '> ')}`],
    ['indented', parts.join('').replaceAll(/^/gm, '    ')],
  ])('is read as from several files: %s', async (_, text) => {
    const report = await reportOf({ 'all.txt': text })
    expectHealthy(report)
    expect(rolesOf(report)).toEqual(['broker', 'client', 'relay'])
  })

  it('names no program after that file', async () => {
    const report = await reportOf({ 'all.txt': parts.join('') })
    expect(report.components.map(({ name }) => name).filter((name) => /all/.test(name))).toEqual([])
  })
})

describe('one file with several logs of one program', () => {
  it('is read as from several files: two sites', async () => {
    const report = await reportOf({
      'all.txt': [plain(olaf), plain(mercy), plain(relay), plain(broker)].join(''),
    })
    expectHealthy(report)
    expect(rolesOf(report)).toEqual(['broker', 'client', 'client', 'relay'])
  })

  it('is read as from several files: logs of an hour, so that the second begins an hour earlier', async () => {
    const hour = (every: number, from: number) =>
      pythonBunny({ times: pollsEvery(every, from, 3_600) })
    const report = await reportOf({ 'all.txt': plain(hour(10, 3)) + plain(hour(13, 1)) })
    expect(report.sources.map(({ lines }) => lines > 500)).toEqual([true, true])
  })

  // `kubectl logs --selector` prints one pod after the other.
  it.each([plain, timestamped])('is read as the replicas of one relay', async (print) => {
    const halves = [0, 1].map((half) => [
      ...relayItself,
      ...[olafAtRelay, mercyAtRelay].flatMap((polls) =>
        polls.filter((_, index) => Math.floor(index / 3) % 2 === half),
      ),
    ])
    const report = await reportOf({
      'bunny.log': print(olaf),
      'hub.log': halves.map((half) => print(half)).join(''),
      'rabbit.log': plain(broker),
    })
    expectHealthy(report)
    expect(report.components.filter(({ role }) => role === 'relay')).toHaveLength(1)
  })

  it('is read as one log if its parts are in another order', async () => {
    const all = plain(relay)
    const middle = all.indexOf('\n[', all.length / 2) + 1
    const report = await reportOf({
      'bunny.log': plain(olaf),
      'hub.log': all.slice(middle) + all.slice(0, middle),
      'rabbit.log': plain(broker),
    })
    expectHealthy(report)
  })

  it('keeps pods apart that the lines name', async () => {
    const report = await reportOf({
      'all.log': [
        kubectl('bunny-5d9c7b6f4-abcde', 'bunny', 0, olaf),
        kubectl('relay-7d4b9c6f5-qwert', 'relay', 0, relay),
        kubectl('rabbitmq-0', 'rabbitmq', 0, broker),
      ].join(''),
    })
    expectHealthy(report)
  })
})

describe('a line with an impossible date', () => {
  const EPOCH = '1970-01-01 00:00:01.000000+00:00 [info] <0.1.0> hello\n'
  const LATER = '2053-01-01 00:00:01.000000+00:00 [info] <0.1.0> hello\n'
  const rabbit = plain(broker)
  const second = rabbit.indexOf('\n') + 1

  it.each<[string, string]>([
    ['at the beginning', EPOCH + rabbit],
    ['in the middle', rabbit.slice(0, second) + LATER + rabbit.slice(second)],
    ['at the end', rabbit + LATER],
  ])('does not extend the time range: %s', async (_, text) => {
    const report = await reportOf({
      'bunny.log': plain(olaf),
      'hub.log': plain(relay),
      'rabbit.log': text,
    })
    expectHealthy(report)
  })
})
