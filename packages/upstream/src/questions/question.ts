import type { JsonObject, Task } from '@warren/task-api'

/**
 * - `queued`: waits for a poll.
 * - `leased`: handed out; handed out again when the lease ends.
 * - `exhausted`: handed out for the last time. Counts as failed, but a valid result still answers it.
 * - `answered`: a valid result is stored.
 * - `failed`: the collection reported a failure, or sent a result that cannot be read.
 * - `timed-out`: no result by the deadline.
 * - `cancelled`: by a user who may ask. Results are discarded.
 */
export const QUESTION_STATES = [
  'queued',
  'leased',
  'exhausted',
  'answered',
  'failed',
  'timed-out',
  'cancelled',
] as const
export type QuestionState = (typeof QUESTION_STATES)[number]

/** A question without its result, which may have 32 MiB. Times are milliseconds since 1970. */
export interface Question {
  /** The upstream's own number for the task. */
  readonly taskId: number
  readonly uuid: string
  readonly collectionId: string
  readonly kind: Task['kind']
  /** As asked, including unknown members. */
  readonly task: JsonObject
  readonly askedAt: number
  readonly deadline: number
  readonly state: QuestionState
  /** Hand-outs so far. */
  readonly attempts: number
  readonly leasedUntil: number | null
  /** Worker ID of the last hand-out. */
  readonly worker: string | null
  readonly settledAt: number | null
  readonly message: string | null
}

export function hasResult({ state }: Question): boolean {
  return state === 'answered' || state === 'failed'
}

/** Whether to stop waiting. Only a late valid result can still change the question, unless it was cancelled. */
export function isSettled({ state }: Question): boolean {
  return ['answered', 'failed', 'timed-out', 'cancelled'].includes(state)
}
