import { createLogger } from '@warren/runtime'
import { TaskApiError } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import { UpstreamPoller } from '../../src/upstream/upstream-poller.ts'

interface Line {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

/** The lines of a poller whose polls end in this order, one a minute. Null: the upstream has no task. */
async function linesOf(ends: readonly (TaskApiError | null)[]): Promise<Line[]> {
  const lines: Line[] = []
  const destination = { write: (line: string) => lines.push(JSON.parse(line)) }
  const log = createLogger({ component: 'relay', level: 'debug', format: 'json', destination })
  const stop = new AbortController()
  let polls = 0
  let now = Date.UTC(2026, 0, 12, 9)
  const poller = new UpstreamPoller({
    upstream: 'national',
    type: 'a',
    client: {
      nextTask: async () => {
        const end = ends[polls++]
        now += 60_000
        if (polls >= ends.length) stop.abort()
        if (end instanceof TaskApiError) throw end
        return null
      },
    },
    intake: { receive: async () => 'new' },
    election: {
      waitForTerm: async () => new AbortController().signal,
      suspectDatabase: () => {},
    },
    intervalMs: 0,
    waitSeconds: 0,
    summary: { record: () => {} },
    log,
    maxBackoffMs: 0,
    now: () => now,
  })
  await poller.run(stop.signal)
  return lines.filter(({ msg }) => msg.startsWith('upstream poll'))
}

function failure(status: number): TaskApiError {
  const details = { kind: 'unavailable', code: `HTTP_${status}`, status, requestId: 'r' } as const
  return new TaskApiError(`the upstream returned ${status}`, details)
}

describe('the log of an upstream that fails', () => {
  it('has an error at the beginning, a summary now and then, and a line at the end', async () => {
    const lines = await linesOf([...Array.from({ length: 25 }, () => failure(503)), null, null])
    const above = lines.filter(({ level }) => level > 20)
    expect(above).toMatchObject([
      {
        level: 50,
        msg: 'upstream poll failed',
        status: 503,
        code: 'HTTP_503',
        upstream: 'national',
      },
      { level: 40, msg: 'upstream polls still failing', status: 503, failures: 11, type: 'a' },
      { level: 40, msg: 'upstream polls still failing', failures: 21 },
      { level: 30, msg: 'upstream polls recovered', failures: 25, durationMs: 25 * 60_000 },
    ])
    expect(above[3]?.['since']).toBe('2026-01-12T09:01:00.000Z')
    // Each of them is in the debug log.
    expect(lines.filter(({ msg }) => msg === 'upstream poll failed')).toHaveLength(25)
  })

  it('has an error for each other cause', async () => {
    const lines = await linesOf([failure(503), failure(401), failure(503), null])
    const errors = lines.filter(({ level }) => level === 50)
    expect(errors.map(({ status }) => status)).toEqual([503, 401])
  })

  it('has no line of a recovery if nothing has failed', async () => {
    const lines = await linesOf([null, null, null])
    expect(lines.filter(({ level }) => level > 20)).toEqual([])
  })
})
