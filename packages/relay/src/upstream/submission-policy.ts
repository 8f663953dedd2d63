import {
  errorResult,
  isFailure,
  parseJsonOutline,
  parseResult,
  serializeResult,
  type TaskApiError,
} from '@warren/task-api'
import type { Submission, SubmissionOutcome } from '../store/task-store.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'

export interface SubmissionPolicy {
  /** How long after receiving a task its result can be submitted, ms. */
  readonly deadlineMs: Readonly<Record<TaskKind, number>>
  /** Attempts that are made even after the deadline, because the upstream may send a task again long after it. */
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

/** The upstream will never accept a result of this size. */
export function isTooLarge({ kind, status, message }: TaskApiError): boolean {
  return kind === 'rejected' && (status === 413 || /too (?:large|big)/i.test(message))
}

/** Replaces a result that is too large by an error result that says so, because the upstream waits for a result. */
export function replaceOnce(
  submission: Pick<Submission, 'uuid' | 'collection' | 'result'>,
  error: TaskApiError,
): Exclude<SubmissionOutcome, { outcome: 'submitted' }> {
  const cause = `${error.code}: ${error.message}`
  const result = parseResult(parseJsonOutline(submission.result))
  if (isFailure(result)) return { outcome: 'abandoned', cause }
  const message = 'the combined result is larger than the upstream accepts'
  const address = { uuid: submission.uuid, collection: result.collection_id }
  const replacement = serializeResult(errorResult(address, message))
  return { outcome: 'retry', afterMs: 0, cause, replacement }
}

/** Decides whether to retry a submission that failed. `ageMs` is the age of its task now, `random` is within [0, 1). */
export function afterFailure(
  submission: Pick<Submission, 'attempt' | 'kind' | 'ageMs'>,
  error: TaskApiError,
  policy: SubmissionPolicy,
  random: () => number,
): Exclude<SubmissionOutcome, { outcome: 'submitted' }> {
  const cause = `${error.code}: ${error.message}`
  // An operator may fix a wrong password before the deadline. Every other 4xx is final.
  if (error.kind === 'rejected') return { outcome: 'abandoned', cause }
  const growth = Math.min(submission.attempt - 1, 30)
  const planned = Math.min(policy.firstRetryMs * 2 ** growth, policy.maxRetryMs)
  const afterMs = Math.round(Math.max(planned * (1 - 0.2 * random()), error.retryAfterMs ?? 0))
  const inTime = submission.ageMs + afterMs <= policy.deadlineMs[submission.kind]
  if (!inTime && submission.attempt >= policy.minAttempts) {
    return { outcome: 'abandoned', cause: `the deadline has passed; last failure ${cause}` }
  }
  return { outcome: 'retry', afterMs, cause }
}
