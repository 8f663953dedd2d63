import type { JsonObject, Task, TaskResult } from '@warren/task-api'

/**
 * - `queued`: waits for a poll.
 * - `leased`: handed out, hidden until the lease ends, then handed out again.
 * - `exhausted`: handed out for the last time. Counts as failed, yet a valid result still answers it.
 * - `answered`: a valid result is stored.
 * - `failed`: the collection said it cannot, or sent something unreadable.
 * - `timed-out`: nobody answered by the deadline.
 */
export type QuestionState = 'queued' | 'leased' | 'exhausted' | 'answered' | 'failed' | 'timed-out'

/** Times are milliseconds since 1970. */
export interface Question {
  /** The server's own number of the task. */
  readonly taskId: number
  readonly uuid: string
  readonly collectionId: string
  readonly kind: Task['kind']
  /** As asked, unknown members included. */
  readonly task: JsonObject
  readonly askedAt: number
  readonly deadline: number
  readonly state: QuestionState
  /** Hand-outs so far. */
  readonly attempts: number
  readonly leasedUntil: number | null
  /** What the last poller it was handed to called itself. */
  readonly worker: string | null
  readonly settledAt: number | null
  readonly message: string | null
  readonly result: TaskResult | null
}

/** Whether to stop waiting: what is known now will hardly change. */
export function isSettled({ state }: Question): boolean {
  return state === 'answered' || state === 'failed' || state === 'timed-out'
}
