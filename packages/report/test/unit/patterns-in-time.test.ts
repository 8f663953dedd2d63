import { describe, expect, it } from 'vitest'
import type { Finding, ReportDocument } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'
import {
  dotnetRelay,
  dotnetSweeps,
  kubectl,
  plain,
  pollsEvery,
  pythonBunny,
  pythonLine,
  rabbitChurn,
  rabbitLine,
  timestamped,
} from '../fixtures/wild-lines.ts'
import {
  broker,
  LENGTH,
  mercyAtRelay,
  OLAF,
  olaf,
  olafTimes,
  relay,
  relayItself,
} from '../fixtures/wild-network.ts'

const problemsOf = ({ findings }: ReportDocument): Finding[] =>
  findings.filter(({ severity }) => severity !== 'info')

describe('an outage every night at the same time', () => {
  it('has recovered each time, and the time is named', async () => {
    const days = 5
    // 02:00 is 64,669 seconds after 08:02:11 of the day before.
    const nights = Array.from({ length: days }, (_, day) => day * 86_400 + 64_669)
    const isDown = (at: number): boolean => nights.some((night) => at >= night && at < night + 46)
    const times = [
      ...pollsEvery(120, 3, days * 86_400, 0).filter((at) => !isDown(at)),
      ...nights.flatMap((night) => pollsEvery(5, night - 5, night + 60, 0)),
    ].toSorted((a, b) => a - b)
    const error =
      'Network error occurred: 503 Server Error: Service Unavailable for url: https://hub.example.org/link_connector_api/task/nextjob/[REDACTED]'
    const answered = times.filter((at) => !isDown(at))
    const report = await reportOf({
      'bunny.log': plain(pythonBunny({ times, fails: (at) => (isDown(at) ? error : undefined) })),
      'hub.log': timestamped(
        dotnetSweeps(5, days * 86_400),
        dotnetRelay({ user: 'st-olaf', collection: OLAF, times: answered }),
      ),
      'rabbit.log': plain(rabbitChurn(answered)),
    })
    expect(problemsOf(report)).toMatchObject([
      { cause: 'proxy-503', status: 'recovered', severity: 'warning', party: 'hub' },
    ])
    expect(problemsOf(report)[0]?.why).toContain('Every day at about 02:00 UTC (5 times)')
    expect(report.verdict).toBe('recovered')
  })
})

describe('response times that grow', () => {
  it('are one finding that says from when and how much', async () => {
    const hours = 6 * 3_600
    const times = pollsEvery(30, 3, hours, 0)
    const ms = (at: number): number => 100 * 80 ** (at / hours)
    const report = await reportOf({
      'bunny.log': plain(
        times.flatMap((at) => pythonBunny({ times: [at], takes: ms(at) / 1_000 })),
      ),
      'hub.log': timestamped(
        dotnetSweeps(5, hours),
        dotnetRelay({ user: 'st-olaf', collection: OLAF, times, ms }),
      ),
      'rabbit.log': plain(rabbitChurn(times)),
    })
    expect(problemsOf(report)).toMatchObject([
      { cause: 'slow', status: 'ongoing', title: 'st-olaf: responses become slower and slower' },
    ])
    expect(problemsOf(report)[0]?.why).toMatch(
      /grew from \d+ ms at 08:02:\d\d to \d(?:\.\d)? s at 14:0/,
    )
  })
})

describe('a cause that comes and goes', () => {
  it('is one finding with one party: a bunny that is killed every four minutes', async () => {
    const lives = pollsEvery(240, 3, LENGTH, 0)
    const times = lives.flatMap((from) => pollsEvery(10, from + 5, Math.min(LENGTH, from + 200), 0))
    const report = await reportOf({
      'bunny.log': plain(
        lives.map((at) => pythonLine(at, 'INFO', 'Starting Bunny v1.4.0')),
        pythonBunny({ times }),
      ),
      'hub.log': plain(
        relayItself,
        mercyAtRelay,
        dotnetRelay({ user: 'st-olaf', collection: OLAF, times }),
      ),
      'rabbit.log': plain(broker),
    })
    expect(problemsOf(report)).toMatchObject([{ cause: 'client-restarted', party: 'site' }])
  })

  it('is one finding with one party: a host name that resolves now and then', async () => {
    const isDown = (at: number): boolean => Math.floor(at / 120) % 2 === 1
    const error = `Network error occurred: HTTPSConnectionPool(host='hub.example.org', port=443): Max retries exceeded with url: / (Caused by NameResolutionError("<urllib3.connection.HTTPSConnection object at 0x7f>: Failed to resolve 'hub.example.org' ([Errno -2] Name or service not known)"))`
    const report = await reportOf({
      'bunny.log': plain(
        pythonBunny({ times: olafTimes, fails: (at) => (isDown(at) ? error : undefined) }),
      ),
      'hub.log': plain(
        relayItself,
        mercyAtRelay,
        dotnetRelay({
          user: 'st-olaf',
          collection: OLAF,
          times: olafTimes.filter((at) => !isDown(at)),
        }),
      ),
      'rabbit.log': plain(broker),
    })
    expect(problemsOf(report)).toMatchObject([{ cause: 'name-resolution', party: 'site' }])
  })
})

describe('the clock of a machine that is an hour ahead', () => {
  it.each([1, -1, 2])('is named, and its polls match: %s h', async (hours) => {
    const pod = 'bunny-5d9c7b6f4-k2x4q'
    const report = await reportOf({
      // The log collector runs on the same machine.
      'bunny.log': kubectl(
        pod,
        'bunny',
        hours * 3_600,
        pythonBunny({ times: olafTimes, zone: hours }),
      ),
      'hub.log': timestamped(relay),
      'rabbit.log': plain(broker),
    })
    expect(problemsOf(report)).toMatchObject([{ cause: 'clock-skew', party: 'site' }])
    expect(report.timeRange.durationMs).toBeLessThan(1_500_000)
  })
})

describe('an alarm of the broker', () => {
  it.each([
    ['disk', /df -h/],
    ['memory', /memory_breakdown/],
  ])('has steps of its own: %s', async (kind, step) => {
    const alarm = rabbitLine(
      700,
      'warning',
      400,
      `${kind} resource limit alarm set on node rabbit@rabbitmq-0.`,
    )
    const report = await reportOf({
      'bunny.log': plain(olaf),
      'hub.log': plain(relay),
      'rabbit.log': plain(broker, [alarm]),
    })
    const [finding] = problemsOf(report)
    expect(finding).toMatchObject({ cause: 'broker-resource-alarm', status: 'ongoing' })
    expect(finding?.title).toContain(`${kind} alarm`)
    expect(finding?.next.join(' ')).toMatch(step)
    expect(finding?.next.join(' ').match(/memory_breakdown|df -h/g)).toHaveLength(1)
  })
})

describe('a task that a Python bunny gives up', () => {
  it.each([
    ['ValueError', 'task-not-answerable'],
    ['OperationalError', 'cdm-failing'],
  ])('is blamed on what its last attempt raised: %s', async (raised, cause) => {
    const lines = [100, 130, 160].map((at) =>
      pythonLine(at, 'ERROR', `RetryError[<Future at 0x7f2b1c state=finished raised ${raised}>]`),
    )
    const report = await reportOf({ 'bunny.log': plain(pythonBunny({ times: olafTimes }), lines) })
    expect(problemsOf(report).map((finding) => finding.cause)).toEqual([cause])
  })
})
