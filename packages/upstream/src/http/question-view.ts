import type { TaskResult } from '@warren/task-api'
import { type Question, type QuestionState, isSettled } from '../questions/question.ts'

/** A question in the API for asking. Times are ISO 8601. */
export interface QuestionView {
  readonly uuid: string
  readonly collection: string
  readonly kind: Question['kind']
  /** `exhausted` appears as `failed` that is not settled. */
  readonly state: Exclude<QuestionState, 'exhausted'>
  /** Whether the question is answered, failed or timed out. */
  readonly settled: boolean
  readonly askedAt: string
  readonly deadline: string
  readonly attempts: number
  readonly worker: string | null
  readonly settledAt: string | null
  /** People, or rows of a distribution; null without a valid result. A failure is never a 0. */
  readonly count: number | null
  readonly message: string | null
  readonly result: TaskResult | null
}

export function toQuestionView(question: Question, result: TaskResult | null): QuestionView {
  const { uuid, collectionId, kind, state, attempts, worker, settledAt, message } = question
  return {
    uuid,
    collection: collectionId,
    kind,
    state: state === 'exhausted' ? 'failed' : state,
    settled: isSettled(question),
    askedAt: new Date(question.askedAt).toISOString(),
    deadline: new Date(question.deadline).toISOString(),
    attempts,
    worker,
    settledAt: settledAt === null ? null : new Date(settledAt).toISOString(),
    count: state === 'answered' ? (result?.queryResult.count ?? null) : null,
    message,
    result,
  }
}
