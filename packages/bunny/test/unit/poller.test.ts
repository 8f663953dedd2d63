import { Backoff, LinkSummary } from '@warren/runtime'
import { TaskApiError, type TaskApiErrorKind } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import { Poller, type Acceptance } from '../../src/poll/poller.ts'
import type { TaskKind } from '../../src/outbox/task-store.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'

type PollResponse = {
  afterMs: number
  task?: Acceptance['outcome']
  kind?: TaskKind
  error?: TaskApiError
}

const KINDS = ['availability', 'distribution'] as const

/** Polls once per response in `responses`, then stops. `sentAt` has the time of each poll, in ms from the start. */
async function pollThrough(
  responses: readonly PollResponse[],
  options: {
    waitSeconds?: number
    intervalMs?: number
    /** The kinds with capacity, if the relay can select. */
    open?: readonly TaskKind[]
  } = {},
) {
  const clock = new JumpingClock()
  const { log, lines } = recordingLog()
  const stop = new AbortController()
  const asked: (number | undefined)[] = []
  const selected: (TaskKind | undefined)[] = []
  const sentAt: number[] = []
  const start = clock.now()
  using summary = new LinkSummary({ log, link: 'relay' })
  const poller = new Poller({
    poll: ({ waitSeconds, only }) => {
      sentAt.push(clock.now() - start)
      asked.push(waitSeconds)
      selected.push(only)
      const response = responses[sentAt.length - 1]
      if (sentAt.length >= responses.length) stop.abort()
      if (response === undefined) throw new Error('polled after the stop')
      clock.advance(response.afterMs)
      if (response.error !== undefined) return Promise.reject(response.error)
      return Promise.resolve(
        response.task === undefined ? null : { body: response.task, requestId: 'r' },
      )
    },
    accept: () => {
      const { task: outcome = 'unreadable', kind = 'availability' } =
        responses[sentAt.length - 1] ?? {}
      return { outcome, kind }
    },
    kinds: KINDS,
    waitForCapacity: (_signal, canSelect) =>
      Promise.resolve(canSelect ? (options.open ?? KINDS) : KINDS),
    intervalMs: options.intervalMs ?? 5000,
    waitSeconds: options.waitSeconds ?? 25,
    backoff: new Backoff({ initialMs: 5000, maxMs: 60_000, random: () => 0 }),
    clock,
    log,
    summary,
    url: 'https://relay.example.org/task/nextjob/[REDACTED]',
  })
  await poller.run(stop.signal)
  return { sentAt, asked, selected, lines }
}

const failure = (status: number, kind: TaskApiErrorKind, retryAfterMs?: number): PollResponse => ({
  afterMs: 0,
  error: new TaskApiError(`relay responded with ${String(status)}`, {
    kind,
    code: `HTTP_${String(status)}`,
    status,
    requestId: 'r',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }),
})

describe('polling interval', () => {
  it('polls again without a pause if the relay held the poll', async () => {
    const held = { afterMs: 25_000 }
    const { sentAt, asked } = await pollThrough([held, held, held])
    expect(sentAt).toEqual([0, 25_000, 50_000])
    expect(asked).toEqual([1, 25, 25])
  })

  it('asks for a short hold until the login is accepted, so that the log soon says so', async () => {
    const wrong = failure(401, 'authentication')
    const held = { afterMs: 1000 }
    const { asked, sentAt, lines } = await pollThrough([wrong, held, { afterMs: 25_000 }])
    expect(asked).toEqual([1, 1, 25])
    expect(sentAt).toEqual([0, 5000, 6000])
    expect(lines.filter(({ msg }) => msg === 'login accepted for polling')).toHaveLength(1)
    expect(lines.filter(({ msg }) => msg === 'polls not held')).toEqual([])
  })

  it('polls at the interval if the relay does not hold polls, and logs this once', async () => {
    const early = { afterMs: 100 }
    const { sentAt, lines } = await pollThrough([early, early, early])
    expect(sentAt).toEqual([0, 5000, 10_000])
    expect(lines.filter(({ msg }) => msg === 'polls not held')).toHaveLength(1)
  })

  it('does not poll more often than the interval if the relay holds polls for a shorter time', async () => {
    const short = { afterMs: 3000 }
    const { sentAt } = await pollThrough([{ afterMs: 1000 }, short, short])
    expect(sentAt).toEqual([0, 1000, 6000])
  })

  it('polls at the interval if the clock is set back during a poll', async () => {
    const { sentAt } = await pollThrough([{ afterMs: -3_600_000 }, { afterMs: 0 }])
    expect(sentAt).toEqual([0, -3_600_000 + 5000])
  })

  it('does not send Prefer: wait if POLL_WAIT_SECONDS is 0', async () => {
    const { asked, sentAt } = await pollThrough([{ afterMs: 10 }, { afterMs: 10 }], {
      waitSeconds: 0,
    })
    expect(asked).toEqual([undefined, undefined])
    expect(sentAt).toEqual([0, 5010])
  })

  it('polls without a pause while there are tasks', async () => {
    const task = { afterMs: 10, task: 'new' } as const
    expect((await pollThrough([task, task, task])).sentAt).toEqual([0, 10, 20])
  })

  it('polls at the interval if the relay repeats the same task', async () => {
    const again = { afterMs: 0, task: 'repeated' } as const
    expect((await pollThrough([again, again, again])).sentAt).toEqual([0, 5000, 10_000])
  })

  it('backs off after a body that is not a task', async () => {
    const garbage = { afterMs: 0, task: 'unreadable' } as const
    expect((await pollThrough([garbage, garbage, garbage])).sentAt).toEqual([0, 5000, 15_000])
  })

  it('doubles the pause after each failure up to the maximum, and resets it after a success', async () => {
    const down = failure(503, 'unavailable')
    const responses = [down, down, down, down, down, down, { afterMs: 25_000 }, down, down]
    const { sentAt } = await pollThrough(responses)
    const waits = sentAt.slice(1).map((at, index) => at - (sentAt[index] ?? 0))
    expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000, 25_000, 5000])
  })

  it('obeys Retry-After up to 10 minutes', async () => {
    const polite = await pollThrough([failure(429, 'unavailable', 30_000), { afterMs: 0 }])
    expect(polite.sentAt).toEqual([0, 30_000])
    const absurd = await pollThrough([failure(429, 'unavailable', 3_600_000), { afterMs: 0 }])
    expect(absurd.sentAt).toEqual([0, 600_000])
  })
})

describe('polling with capacity for one kind', () => {
  it('asks for that kind only', async () => {
    const task = { afterMs: 10, task: 'new' } as const
    const { selected, asked } = await pollThrough([task, task], { open: ['availability'] })
    expect(selected).toEqual(['availability', 'availability'])
    expect(asked).toEqual([1, 25])
  })

  it('does not hold polls for distributions, because availability tasks would wait for them', async () => {
    const { selected, asked, sentAt } = await pollThrough([{ afterMs: 0 }, { afterMs: 0 }], {
      open: ['distribution'],
    })
    expect(selected).toEqual(['distribution', 'distribution'])
    expect(asked).toEqual([undefined, undefined])
    expect(sentAt).toEqual([0, 5000])
  })

  it.each([404, 500])('asks for all kinds if the relay responds with %i', async (status) => {
    const { selected, lines, sentAt } = await pollThrough(
      [failure(status, 'unavailable'), { afterMs: 0 }, { afterMs: 0 }],
      { open: ['availability'] },
    )
    expect(selected).toEqual(['availability', undefined, undefined])
    expect(sentAt[1]).toBe(0)
    const logged = lines.filter(({ msg }) => msg === 'polls for one kind not supported')
    expect(logged).toHaveLength(1)
  })

  it('asks for all kinds if the relay ignores the kind', async () => {
    const { selected } = await pollThrough(
      [{ afterMs: 0, task: 'new', kind: 'distribution' }, { afterMs: 0 }],
      { open: ['availability'] },
    )
    expect(selected).toEqual(['availability', undefined])
  })
})

describe('log of a failed poll', () => {
  it('contains advice if the relay rejects the credentials', async () => {
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

  it('is an error once per outage, with one line when it ends', async () => {
    const wrong = failure(401, 'authentication')
    const responses = [...Array.from({ length: 30 }, () => wrong), { afterMs: 10 }, { afterMs: 10 }]
    const { lines } = await pollThrough(responses)
    const above = lines.filter(({ level, msg }) => level > 20 && msg !== 'link summary')
    expect(above.map(({ msg }) => msg)).toEqual([
      'poll failed',
      'polls still failing',
      'polls still failing',
      'polls recovered',
      'login accepted for polling',
      'polls not held',
    ])
    expect(above[1]).toMatchObject({ level: 40, status: 401, advice: expect.anything() })
    expect(above[3]).toMatchObject({ level: 30, failures: 30 })
    // Each of them is in the debug log.
    expect(lines.filter(({ msg }) => msg === 'poll failed')).toHaveLength(30)
  })

  it('is an error for each other cause in the same outage', async () => {
    const { lines } = await pollThrough([
      failure(401, 'authentication'),
      failure(503, 'unavailable'),
      failure(401, 'authentication'),
      { afterMs: 10 },
    ])
    const errors = lines.filter(({ level }) => level === 50)
    expect(errors.map(({ status }) => status)).toEqual([401, 503])
  })

  it('contains advice if the server does not use TLS', async () => {
    const error = new TaskApiError('TLS connection to relay failed (WRONG_VERSION_NUMBER)', {
      kind: 'transport',
      code: 'TLS_WRONG_VERSION_NUMBER',
      requestId: 'r',
    })
    const { lines } = await pollThrough([{ afterMs: 0, error }, { afterMs: 0 }])
    expect(lines.find(({ msg }) => msg === 'poll failed')?.['advice']).toContain('does not use TLS')
  })

  it('counts each poll in the link summary', async () => {
    const { lines } = await pollThrough([
      { afterMs: 10 },
      { afterMs: 10, task: 'new' },
      failure(500, 'unavailable'),
    ])
    expect(lines.at(-1)).toMatchObject({ msg: 'link summary', link: 'relay' })
    // The stop aborted the last poll, so it is not counted.
    expect(lines.at(-1)?.['polls']).toEqual({ 200: 1, 204: 1 })
  })
})
