import { describe, expect, it } from 'vitest'
import type { LogFiles } from '../fixtures/report-of.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { checkOf, logsOf, scenarioNamed } from '../fixtures/scenario-report.ts'

/** The healthy half hour, with the timestamps of kubectl. */
const LOGS = logsOf(scenarioNamed('healthy-half-hour'))

const START = Date.UTC(2025, 8, 26, 6, 30)

/** A line of Warren's bunny. */
function record(level: number, rest: object): string {
  return JSON.stringify({ level, component: 'bunny', ...rest })
}

function pollLines(time: number, requestId: string, status: number): string[] {
  const url = 'https://relay.example.org/link_connector_api/task/nextjob/x'
  return [
    record(20, { time, msg: 'poll sent', requestId, url }),
    record(20, { time: time + 50, msg: 'poll answered', requestId, status, durationMs: 50 }),
  ]
}

/** The same logs, with `change` applied to the lines of some. */
function changed(name: RegExp, change: (lines: string[]) => string[]): LogFiles {
  return Object.fromEntries(
    Object.entries(LOGS).map(([path, bytes]) => {
      if (!name.test(path)) return [path, bytes]
      return [path, change(bytes.toString('utf8').trimEnd().split('\n')).join('\n') + '\n']
    }),
  )
}

const minuteOf = (line: string): number => {
  const [, hour = '0', minute = '0'] = /T(\d\d):(\d\d)/.exec(line) ?? []
  return Number(hour) * 60 + Number(minute) - 390
}
const firstMinutes = (n: number) => (lines: string[]) => lines.filter((line) => minuteOf(line) < n)

describe('a check without evidence', () => {
  it.each<[string, LogFiles, string | undefined]>([
    ['the client log ends after 3 minutes', changed(/bunny/, firstMinutes(3)), 'evidence'],
    ['the broker log ends after 3 minutes', changed(/rabbit/, firstMinutes(3)), 'evidence'],
    ['the relay log ends after 3 minutes', changed(/relay-/, firstMinutes(3)), undefined],
    [
      'the middle of the client log is missing',
      changed(/bunny/, (lines) =>
        lines.filter((line) => minuteOf(line) < 8 || minuteOf(line) > 22),
      ),
      'evidence',
    ],
    [
      'the broker log is from the previous day',
      changed(/rabbit/, (lines) =>
        lines.map((line) => line.replaceAll('2025-09-26', '2025-09-25')),
      ),
      'evidence',
    ],
    [
      'the relay log contains only probes',
      changed(/relay-/, (lines) =>
        lines.filter((line) => line.includes('/healthz') || line.includes('Missing Authorization')),
      ),
      'end-to-end',
    ],
    [
      'the relay log contains only warnings',
      changed(/relay-/, (lines) => lines.filter((line) => !line.includes(' INF]'))),
      'relay',
    ],
  ])('does not pass, and the network is not healthy: %s', async (_, files, row) => {
    const report = await reportOf(files)
    expect(['healthy', 'recovered']).not.toContain(report.verdict)
    if (row !== undefined) expect(checkOf(report, row)).not.toBe('passed')
  })

  it('makes a network unknown if the log of the relay of one client is missing', async () => {
    const lines: string[] = []
    for (let poll = 0; poll < 250; poll++) {
      const time = START + poll * 7_000 + ((poll * poll * 131) % 1_900)
      lines.push(...pollLines(time, `far-${poll}`, 204))
    }
    const report = await reportOf({ ...LOGS, 'elsewhere/bunny-far.log': lines.join('\n') })
    expect(['healthy', 'recovered']).not.toContain(report.verdict)
  })
})

describe('a task that is answered with an error', () => {
  it('counts as answered in time, but not as a result', async () => {
    const lines: string[] = []
    for (let poll = 0; poll < 60; poll++) {
      const time = START + poll * 10_000
      const requestId = `r${poll}`
      lines.push(...pollLines(time, requestId, poll === 30 ? 200 : 204))
      if (poll !== 30) continue
      const about = { taskId: 't1', requestId }
      lines.push(
        record(30, { time: time + 60, msg: 'task received', kind: 'availability', ...about }),
        record(40, {
          time: time + 70,
          msg: 'task not answerable',
          cause: 'unknown rule',
          ...about,
        }),
        record(30, { time: time + 120, msg: 'result submitted', status: 200, ...about }),
      )
    }
    const report = await reportOf({ 'bunny.log': lines.join('\n') })
    expect(report.findings.map(({ cause }) => cause)).toContain('task-not-answerable')
    expect(checkOf(report, 'tasks')).toBe('passed')
    expect(checkOf(report, 'task-results')).toBe('failed')
  })
})
