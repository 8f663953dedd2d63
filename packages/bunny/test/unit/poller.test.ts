import { Backoff, LinkSummary } from '@warren/runtime'
import { TaskApiError, type TaskApiErrorKind } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import { Poller, type Acceptance } from '../../src/poll/poller.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'

type Answer = { afterMs: number; task?: Acceptance; error?: TaskApiError }

/** Polls through `answers`, then stops; returns when each poll was sent, in ms from the start. */
async function pollThrough(
  answers: readonly Answer[],
  options: { waitSeconds?: number; intervalMs?: number } = {},
) {
  const clock = new JumpingClock()
  const { log, lines } = recordingLog()
  const stop = new AbortController()
  const asked: (number | undefined)[] = []
  const sentAt: number[] = []
  const start = clock.now()
  using summary = new LinkSummary({ log, link: 'relay' })
  const poller = new Poller({
    poll: ({ waitSeconds }) => {
      sentAt.push(clock.now() - start)
      asked.push(waitSeconds)
      const answer = answers[sentAt.length - 1]
      if (sentAt.length >= answers.length) stop.abort()
      if (answer === undefined) throw new Error('polled after the stop')
      clock.advance(answer.afterMs)
      if (answer.error !== undefined) return Promise.reject(answer.error)
      return Promise.resolve(
        answer.task === undefined ? null : { body: answer.task, requestId: 'r' },
      )
    },
    accept: () => Promise.resolve(answers[sentAt.length - 1]?.task ?? 'unreadable'),
    waitForCapacity: () => Promise.resolve(),
    intervalMs: options.intervalMs ?? 5000,
    waitSeconds: options.waitSeconds ?? 25,
    backoff: new Backoff({ initialMs: 5000, maxMs: 60_000, random: () => 0 }),
    clock,
    log,
    summary,
    url: 'https://relay.example.org/task/nextjob/[REDACTED]',
  })
  await poller.run(stop.signal)
  return { sentAt, asked, lines }
}

const failure = (status: number, kind: TaskApiErrorKind, retryAfterMs?: number): Answer => ({
  afterMs: 0,
  error: new TaskApiError(`relay answered ${String(status)}`, {
    kind,
    code: `HTTP_${String(status)}`,
    status,
    requestId: 'r',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }),
})

describe('pace of polling', () => {
  it('asks again at once where the relay held the poll', async () => {
    const held = { afterMs: 25_000 }
    const { sentAt, asked } = await pollThrough([held, held, held])
    expect(sentAt).toEqual([0, 25_000, 50_000])
    expect(asked).toEqual([25, 25, 25])
  })

  it('keeps to the interval where the relay does not know how to wait, and says so once', async () => {
    const early = { afterMs: 100 }
    const { sentAt, lines } = await pollThrough([early, early, early])
    expect(sentAt).toEqual([0, 5000, 10_000])
    expect(lines.filter(({ msg }) => msg === 'polls not held')).toHaveLength(1)
  })

  it('never asks more often than the interval where the relay holds polls for less than that', async () => {
    const short = { afterMs: 3000 }
    expect((await pollThrough([short, short])).sentAt).toEqual([0, 5000])
  })

  it('keeps to the interval when the clock is set back during a poll', async () => {
    const { sentAt } = await pollThrough([{ afterMs: -3_600_000 }, { afterMs: 0 }])
    expect(sentAt).toEqual([0, -3_600_000 + 5000])
  })

  it('does not ask to be held when that is switched off', async () => {
    const { asked, sentAt } = await pollThrough([{ afterMs: 10 }, { afterMs: 10 }], {
      waitSeconds: 0,
    })
    expect(asked).toEqual([undefined, undefined])
    expect(sentAt).toEqual([0, 5010])
  })

  it('drains a backlog without a pause', async () => {
    const task = { afterMs: 10, task: 'new' } as const
    expect((await pollThrough([task, task, task])).sentAt).toEqual([0, 10, 20])
  })

  it('does not hurry a relay that hands out the same task again and again', async () => {
    const again = { afterMs: 0, task: 'repeated' } as const
    expect((await pollThrough([again, again, again])).sentAt).toEqual([0, 5000, 10_000])
  })

  it('backs off from a body that is no task', async () => {
    const garbage = { afterMs: 0, task: 'unreadable' } as const
    expect((await pollThrough([garbage, garbage, garbage])).sentAt).toEqual([0, 5000, 15_000])
  })

  it('doubles the wait after every failure, up to the longest, and starts over after a success', async () => {
    const down = failure(503, 'unavailable')
    const answers = [down, down, down, down, down, down, { afterMs: 25_000 }, down, down]
    const { sentAt } = await pollThrough(answers)
    const waits = sentAt.slice(1).map((at, index) => at - (sentAt[index] ?? 0))
    expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000, 25_000, 5000])
  })

  it('waits as long as the relay asks, within reason', async () => {
    const polite = await pollThrough([failure(429, 'unavailable', 30_000), { afterMs: 0 }])
    expect(polite.sentAt).toEqual([0, 30_000])
    const absurd = await pollThrough([failure(429, 'unavailable', 3_600_000), { afterMs: 0 }])
    expect(absurd.sentAt).toEqual([0, 600_000])
  })
})

describe('what the log says of a failed poll', () => {
  it('tells what to do where the relay refuses our credentials', async () => {
    const { lines } = await pollThrough([failure(401, 'authentication'), { afterMs: 0 }])
    expect(lines.find(({ msg }) => msg === 'poll failed')).toMatchObject({
      level: 50,
      kind: 'authentication',
      code: 'HTTP_401',
      status: 401,
      retryInMs: 5000,
      requestId: 'r',
    })
    expect(lines.find(({ msg }) => msg === 'poll failed')?.['advice']).toContain('COLLECTION_ID')
  })

  it('counts every poll in the summary of the link', async () => {
    const { lines } = await pollThrough([
      { afterMs: 10 },
      { afterMs: 10, task: 'new' },
      failure(500, 'unavailable'),
    ])
    expect(lines.at(-1)).toMatchObject({ msg: 'link summary', link: 'relay' })
    // The last poll was cut off by the stop, so it is not counted.
    expect(lines.at(-1)?.['polls']).toEqual({ 200: 1, 204: 1 })
  })
})
