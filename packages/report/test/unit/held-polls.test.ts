import { describe, expect, it } from 'vitest'
import type { LinkStats } from '../../src/facts/link-stats.ts'
import { factsOf, sourceOf } from '../fixtures/source-of.ts'
import { checkOf, logsOf, scenarioNamed } from '../fixtures/scenario-report.ts'
import { reportOf } from '../fixtures/report-of.ts'

const URL = 'https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]'
const PATH = '/link_connector_api/task/nextjob/6f1e9c1a-0000-4000-8000-000000000001'
const START = Date.UTC(2025, 8, 26, 7, 56)

/** Responses of a link: all, held and slow. */
const speed = ({ ok, held, problems }: LinkStats): readonly number[] => [
  ok,
  held,
  problems.get('slow')?.count ?? 0,
]

const clock = (second: number): string =>
  `07:${String(56 + Math.floor(second / 60))}:${String(second % 60).padStart(2, '0')}`

/** Polls that take eight seconds each. `waitMs` undefined: an older client that does not log how long its polls may be held. */
function ownPolls(pauseMs: number, waitMs: number | undefined): LinkStats {
  const lines = Array.from({ length: 8 }, (_, n) => {
    const time = START + n * (8_000 + pauseMs)
    const about = { level: 20, component: 'bunny', requestId: `r${n}` }
    return [
      { ...about, time, msg: 'poll sent', url: URL, waitMs },
      { ...about, time: time + 8_000, msg: 'poll answered', status: 200, durationMs: 8_000 },
    ].map((line) => JSON.stringify(line))
  })
  return factsOf(sourceOf(...lines.flat()), 'client').link
}

describe('a poll that is held', () => {
  it('and ends with a task is not slow if the client logs how long it may be held', () => {
    expect(speed(ownPolls(4_000, 20_000))).toEqual([8, 8, 0])
  })

  it('is recognised by an immediate next poll if the log does not contain the wait', () => {
    // Nothing was logged before the first one.
    expect(speed(ownPolls(2, undefined))).toEqual([8, 7, 0])
  })

  it('is not assumed if the client did not ask for it, or if it takes longer', () => {
    expect(speed(ownPolls(2, 0))).toEqual([8, 0, 8])
    expect(speed(ownPolls(2, 2_000))).toEqual([8, 0, 8])
  })

  it('is not assumed for a client that pauses between polls', () => {
    expect(speed(ownPolls(5_000, undefined))).toEqual([8, 0, 8])
  })

  it('is recognised in the text formats of the Python bunny, the .NET relay and a load balancer too', () => {
    const client = Array.from({ length: 8 }, (_, n) => [
      `DEBUG - 26-Sep-25 ${clock(n * 8)} - Sending get request to ${URL}`,
      `DEBUG - 26-Sep-25 ${clock(n * 8)} - Sending get request to ${URL} with data None and kwargs {}`,
      `DEBUG - 26-Sep-25 ${clock(n * 8 + 8)} - Response Status: 200`,
      `INFO - 26-Sep-25 ${clock(n * 8 + 8)} - Task received. Resolving...`,
    ])
    expect(speed(factsOf(sourceOf(...client.flat()), 'client').link)).toEqual([8, 7, 0])

    const relay = Array.from(
      { length: 8 },
      (_, n) => `[${clock(n * 8 + 8)} INF] HTTP GET ${PATH} responded 200 in 7999.1234 ms`,
    )
    const [client1] = factsOf(sourceOf(...relay), 'relay').clients.all()
    expect(client1 && speed(client1.stats)).toEqual([8, 7, 0])

    const balancer = Array.from(
      { length: 8 },
      (_, n) =>
        `203.0.113.7 - - [26/Sep/2025:${clock(n * 8 + 8)} +0000] "GET ${PATH} HTTP/1.1" 200 812 "-" "warren-bunny/0.1.0" 431 7.999`,
    )
    const [client2] = factsOf(sourceOf(...balancer), 'load-balancer').clients.all()
    expect(client2 && speed(client2.stats)).toEqual([8, 7, 0])
  })

  it('does not include a result that takes long to be accepted', () => {
    const result = PATH.replace('nextjob', 'result/7d1c')
    const relay = Array.from(
      { length: 8 },
      (_, n) => `[${clock(n * 8 + 8)} INF] HTTP POST ${result} responded 200 in 7999.1234 ms`,
    )
    const [client] = factsOf(sourceOf(...relay), 'relay').clients.all()
    expect(client && speed(client.stats)).toEqual([8, 0, 8])
  })
})

describe('a network in which every held poll ends with a task', () => {
  it.each(['ours', 'our-text', 'new-relay', 'new-clients', 'summaries'])(
    'is healthy (%s)',
    async (stack) => {
      const report = await reportOf(logsOf(scenarioNamed(`healthy, many tasks: ${stack}`)))
      expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([])
      expect(checkOf(report, 'relay')).toBe('passed')
    },
  )
})
