import { describe, expect, it } from 'vitest'
import type { ReportDocument, Transaction } from '../../src/document/report-document.ts'
import { reportOf } from '../fixtures/report-of.ts'
import { A, B, clock, lines, ours, START } from '../fixtures/small-logs.ts'

const FIRST = '0b7c1f3e-0000-4000-8000-000000000001'
const SECOND = '0b7c1f3e-0000-4000-8000-000000000002'

const taskOf = (report: ReportDocument): Transaction => {
  const task = report.transactions.find(({ kind }) => kind === 'task')
  if (task === undefined) throw new Error('the report follows no task')
  return task
}
const titlesOf = ({ steps }: Transaction): string[] => steps.map(({ title }) => title)

/** A log of the .NET relay, from message texts and the seconds in which they were logged. */
const relayLog = (...events: readonly (readonly [second: number, text: string])[]): string =>
  lines(events.map(([second, text]) => `[2025-09-26T${clock(START + second * 1000)}Z INF] ${text}`))

const poll = (name: string, collection: string, status: number): string[] => [
  `Credentials validated for Client: ${name}`,
  `HTTP GET /link_connector_api/task/nextjob/${collection} responded ${status} in 20.5 ms`,
]
const answer = (collection: string, status = 200): string =>
  `HTTP POST /link_connector_api/task/result/7d1f2a3b-0000-4000-8000-00000000000a/${collection} responded ${status} in 20.5 ms`
const retrieved = (id: string): string => `Task retrieved: (AvailabilityJob) ${id}`
const submitting = (id: string): string => `Submitting Results for ${id}.`
const submitted = (id: string): string => `Successfully submitted results for ${id}.`

/** Empty polls around the task, so that the polls of both logs can be matched. */
const EMPTY = [1, 10, 21, 30, 43, 52, 64, 73, 85, 94, 103, 115]
const emptyPolls = (): [number, string][] =>
  EMPTY.flatMap((at) => poll('site-a', A, 204).map((text): [number, string] => [at, text]))

const clientLog = (...tasks: readonly (readonly [takenAt: number, postedAt: number])[]): string => {
  const stamp = (second: number): string => `26-Sep-25 ${clock(START + second * 1000)}`
  const events = [
    ...EMPTY.flatMap((at): [number, string][] => [
      [
        at,
        'DEBUG - @ - Sending get request to https://relay.example.org/link_connector_api/task/nextjob/[REDACTED]',
      ],
      [at, 'DEBUG - @ - Response Status: 204'],
    ]),
    ...tasks.flatMap(([taken, posted]): [number, string][] => [
      [taken, 'INFO - @ - Task received. Resolving...'],
      [posted, 'INFO - @ - Task resolved.'],
    ]),
  ].toSorted((a, b) => a[0] - b[0])
  return lines(events.map(([at, text]) => text.replace('@', stamp(at))))
}

const sorted = (...events: [number, string][]): [number, string][] =>
  events.toSorted((a, b) => a[0] - b[0])

describe('one task, step by step', () => {
  it('is in causal order even if all of it happens within one second', async () => {
    const report = await reportOf({
      'hub/relay.log': relayLog(
        ...sorted(
          ...emptyPolls(),
          [50, submitted(FIRST)],
          [50, submitting(FIRST)],
          [50, answer(A)],
          ...poll('site-a', A, 200).map((text): [number, string] => [50, text]),
          [50, retrieved(FIRST)],
        ),
      ),
      'site-a/bunny.log': clientLog([50, 50]),
    })
    const task = taskOf(report)
    expect(titlesOf(task)).toEqual([
      'the relay receives the task from the upstream',
      'the relay hands out the task to site-a',
      'site-a receives the task',
      'site-a submits its result',
      'the relay stores the result of site-a',
      'the relay submits the combined result',
      'the upstream accepts the combined result',
    ])
    expect(task).toMatchObject({
      matchedBy: 'time',
      confidence: 'likely',
      complete: true,
      totalMs: null,
    })
    expect(task.text).toContain('1 s or less, because the timestamps have whole seconds')
    expect(task.steps.map(({ sinceStartMs }) => sinceStartMs)).toEqual(Array(7).fill(null))
  })

  it('gets no request assigned while another task is open', async () => {
    const report = await reportOf({
      'hub/relay.log': relayLog(
        ...sorted(
          ...emptyPolls(),
          [40, retrieved(FIRST)],
          [41, retrieved(SECOND)],
          ...poll('site-a', A, 200).map((text): [number, string] => [42, text]),
          [44, answer(A)],
          [45, submitting(FIRST)],
          [45, submitted(FIRST)],
          [46, submitting(SECOND)],
          [46, submitted(SECOND)],
        ),
      ),
      'site-a/bunny.log': clientLog([42, 44]),
    })
    const task = taskOf(report)
    expect(task.complete).toBe(false)
    expect(task.steps.filter(({ leg, evidence }) => leg === 'client' && evidence !== null)).toEqual(
      [],
    )
    expect(task.steps.find(({ title }) => title.startsWith('the relay hands'))?.missing).toBe(
      'no request can be matched to this task',
    )
  })

  it('includes only the task that the client received at that time', async () => {
    const report = await reportOf({
      'hub/relay.log': relayLog(
        ...sorted(
          ...emptyPolls(),
          [40, retrieved(FIRST)],
          ...poll('site-a', A, 200).map((text): [number, string] => [41, text]),
          [44, answer(A)],
          [45, submitting(FIRST)],
          [46, submitted(FIRST)],
        ),
      ),
      'site-a/bunny.log': clientLog([41, 44], [60, 62]),
    })
    const task = taskOf(report)
    const lines = task.steps
      .filter(({ leg }) => leg === 'client')
      .map(({ evidence }) => evidence?.text)
    expect(lines).toEqual([
      'INFO - 26-Sep-25 06:30:41 - Task received. Resolving...',
      'INFO - 26-Sep-25 06:30:44 - Task resolved.',
    ])
    expect(task.text).toContain('Total according to the relay log: about 6 s.')
  })

  it('does not show a result as stored if it arrived too late', async () => {
    const report = await reportOf({
      'hub/relay.log': relayLog(
        ...sorted(
          ...emptyPolls(),
          [40, retrieved(FIRST)],
          ...poll('site-a', A, 200).map((text): [number, string] => [41, text]),
          [47, answer(A, 404)],
          [45, submitting(FIRST)],
          [48, submitted(FIRST)],
        ),
      ),
    })
    expect(titlesOf(taskOf(report))).toContain('the result of site-a arrives too late')
    expect(titlesOf(taskOf(report))).not.toContain('the relay stores the result of site-a')
  })

  it('is followed to its end, however many clients take part', async () => {
    const names = ['north', 'east', 'south', 'west', 'centre']
    const part = (n: number): Record<string, unknown> => ({
      taskId: FIRST,
      subtaskId: `7d1f2a3b-0000-4000-8000-00000000000${n}`,
      node: names[n],
      requestId: `r${n}`,
    })
    const report = await reportOf({
      'relay.log': ours('relay', 'vm', [
        ...names.flatMap((client, n): [number, string, Record<string, unknown>][] => [
          [
            n,
            'request completed',
            {
              user: client,
              node: n === 0 ? A : B.replace('4', String(n)),
              path: `/link_connector_api/task/nextjob/${n === 0 ? A : B.replace('4', String(n))}`,
              status: 200,
              durationMs: 2,
              requestId: `q${n}`,
            },
          ],
        ]),
        [100, 'task received', { taskId: FIRST, kind: 'availability' }],
        ...names.map((_, n): [number, string, Record<string, unknown>] => [
          110 + n,
          'task handed out',
          part(n),
        ]),
        ...names.map((_, n): [number, string, Record<string, unknown>] => [
          200 + n,
          'result stored',
          part(n),
        ]),
        [300, 'task settled', { taskId: FIRST }],
        [310, 'submitting result', { taskId: FIRST }],
        [350, 'result submitted', { taskId: FIRST, status: 200 }],
      ]),
      ...Object.fromEntries(
        names.map((name, n) => [
          `bunny-${name}.log`,
          ours('bunny', 'vm', [
            [120 + n, 'task received', { taskId: part(n)['subtaskId'], requestId: `r${n}` }],
            [150 + n, 'task solved', { taskId: part(n)['subtaskId'], durationMs: 30 }],
            [210 + n, 'result submitted', { taskId: part(n)['subtaskId'], status: 200 }],
          ]),
        ]),
      ),
      'upstream.log': ours('upstream', 'vm', [
        [90, 'task queued', { taskId: FIRST }],
        [95, 'task leased', { taskId: FIRST }],
        [340, 'result received', { taskId: FIRST }],
      ]),
    })
    const task = taskOf(report)
    const titles = titlesOf(task)
    expect(titles.length).toBeLessThanOrEqual(16)
    expect(titles.at(0)).toBe('the upstream queues the task')
    expect(titles.at(-1)).toBe('the upstream accepts the combined result')
    expect(task).toMatchObject({
      matchedBy: 'task-id',
      confidence: 'certain',
      complete: true,
      totalMs: 250,
    })
    expect(task.text).toContain('The steps of 4 more clients are not shown.')
    expect(titles).toEqual(
      expect.arrayContaining(['centre receives the task', 'the relay stores the result of centre']),
    )
  })
})
