import { TaskApiError } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import { afterFailure, DEFAULT_SUBMISSION_POLICY } from '../../src/upstream/submission-policy.ts'

const MINUTE = 60_000
const failure = (
  kind: TaskApiError['kind'],
  more: { status?: number; retryAfterMs?: number } = {},
) => new TaskApiError('it failed', { kind, code: 'CODE', requestId: 'r', ...more })

/** Decides about a submission of a task that was received `ageMs` ago. */
const decide = (
  attempt: number,
  ageMs: number,
  error: TaskApiError,
  kind: 'availability' | 'distribution' = 'availability',
) => afterFailure({ attempt, kind, ageMs }, error, DEFAULT_SUBMISSION_POLICY, () => 0)

describe('a submission that failed', () => {
  it('is retried with growing waits of at most a minute', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8, 40].map((attempt) => {
      const outcome = decide(attempt, 0, failure('transport'))
      return outcome.outcome === 'retry' ? outcome.afterMs / 1000 : undefined
    })
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
  })

  it('is retried at another time than others that failed at the same moment', () => {
    const submission = { attempt: 7, kind: 'availability', ageMs: 0 } as const
    const at = (random: number) =>
      afterFailure(submission, failure('transport'), DEFAULT_SUBMISSION_POLICY, () => random)
    expect(at(0)).toMatchObject({ afterMs: 60_000 })
    expect(at(0.5)).toMatchObject({ afterMs: 54_000 })
  })

  it('waits for Retry-After, if that is longer', () => {
    expect(decide(1, 0, failure('unavailable', { retryAfterMs: 30_000 }))).toMatchObject({
      afterMs: 30_000,
    })
    expect(decide(7, 0, failure('unavailable', { retryAfterMs: 1_000 }))).toMatchObject({
      afterMs: 60_000,
    })
  })

  it.each(['transport', 'unavailable', 'authentication', 'invalid-response'] as const)(
    'with %s is retried until the deadline of the upstream',
    (kind) => {
      expect(decide(9, 3 * MINUTE, failure(kind)).outcome).toBe('retry')
      expect(decide(9, 4.5 * MINUTE, failure(kind))).toEqual({
        outcome: 'abandoned',
        cause: 'the deadline has passed; last failure CODE: it failed',
      })
      expect(decide(9, 100 * MINUTE, failure(kind), 'distribution').outcome).toBe('retry')
      expect(decide(9, 119.5 * MINUTE, failure(kind), 'distribution').outcome).toBe('abandoned')
    },
  )

  it('is attempted five times if the upstream sent the task again long after the deadline', () => {
    const outcomes = [1, 2, 3, 4, 5].map(
      (n) => decide(n, 600 * MINUTE, failure('transport')).outcome,
    )
    expect(outcomes).toEqual(['retry', 'retry', 'retry', 'retry', 'abandoned'])
  })

  it('is not retried after a rejection', () => {
    expect(decide(1, 0, failure('rejected', { status: 400 }))).toEqual({
      outcome: 'abandoned',
      cause: 'CODE: it failed',
    })
  })
})
