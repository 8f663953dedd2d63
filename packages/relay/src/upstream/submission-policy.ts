import type { TaskApiError } from '@warren/task-api'
import type { Submission, SubmissionOutcome, TaskKind } from '../store/relay-store.ts'

export interface SubmissionPolicy {
  /** How long after a task came its upstream still wants the answer, ms. */
  readonly deadlineMs: Readonly<Record<TaskKind, number>>
  /** Tries that an answer gets even after its window: it may have been asked for again long after. */
  readonly minAttempts: number
  readonly firstRetryMs: number
  readonly maxRetryMs: number
}

export const DEFAULT_SUBMISSION_POLICY: SubmissionPolicy = {
  deadlineMs: { availability: 300_000, distribution: 7_200_000 },
  minAttempts: 5,
  firstRetryMs: 1_000,
  maxRetryMs: 60_000,
}

/** What becomes of a delivery that failed. `now` is epoch ms, `random` is within [0, 1). */
export function afterFailure(
  delivery: Pick<Submission, 'attempt' | 'kind' | 'receivedAt'>,
  error: TaskApiError,
  policy: SubmissionPolicy,
  now: number,
  random: () => number,
): Exclude<SubmissionOutcome, { outcome: 'submitted' }> {
  const cause = `${error.code}: ${error.message}`
  // A wrong password is mended by people within the window; every other 4xx stays one.
  if (error.kind === 'rejected') return { outcome: 'abandoned', cause }
  const growth = Math.min(delivery.attempt - 1, 30)
  const planned = Math.min(policy.firstRetryMs * 2 ** growth, policy.maxRetryMs)
  const delayMs = Math.max(planned * (1 - 0.2 * random()), error.retryAfterMs ?? 0)
  const at = Math.round(now + delayMs)
  const deadline = delivery.receivedAt + policy.deadlineMs[delivery.kind]
  if (at > deadline && delivery.attempt >= policy.minAttempts) {
    return { outcome: 'abandoned', cause: `not taken in time; last failure ${cause}` }
  }
  return { outcome: 'retry', at, cause }
}
