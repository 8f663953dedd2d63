import { type TaskResult, isFailure } from '@warren/task-api'
import { type Question, isSettled } from './question.ts'

/** When a task is handed out again, and how often. `null`: each task is handed out once. */
export type Redelivery = { readonly leaseMs: number; readonly maxAttempts: number } | null

// Only these functions change the state of a question. The store finds the questions that may change.

export function handOut(
  question: Question,
  worker: string,
  now: number,
  redelivery: Redelivery,
): Question {
  const attempts = question.attempts + 1
  const last = redelivery !== null && attempts >= redelivery.maxAttempts
  return {
    ...question,
    attempts,
    worker,
    state: last ? 'exhausted' : 'leased',
    leasedUntil: redelivery === null ? question.deadline : now + redelivery.leaseMs,
    ...(last ? { message: `no result after ${attempts} hand-outs` } : {}),
  }
}

/** Cancels an open question. */
export function cancel(question: Question, now: number): Question {
  if (isSettled(question)) return question
  return {
    ...question,
    state: 'cancelled',
    leasedUntil: null,
    settledAt: now,
    message: 'cancelled',
  }
}

/** Applies a result, even a late one: a valid result replaces a failure, and nothing replaces a valid result. */
export function applyResult(question: Question, result: TaskResult, now: number): Question {
  if (question.state === 'answered' || question.state === 'cancelled') return question
  const state = isFailure(result) ? 'failed' : 'answered'
  return { ...question, state, leasedUntil: null, settledAt: now, message: result.message }
}

export function failUnreadable(question: Question, now: number): Question {
  if (question.state === 'answered' || question.state === 'cancelled') return question
  const message = 'cannot read the result'
  return { ...question, state: 'failed', leasedUntil: null, settledAt: now, message }
}

/** Times the question out if its deadline is over. */
export function expireIfOverdue(question: Question, now: number): Question {
  if (isSettled(question) || now < question.deadline) return question
  const seconds = Math.round((question.deadline - question.askedAt) / 1000)
  const handOuts =
    question.attempts === 0
      ? 'never handed out'
      : `handed out ${question.attempts === 1 ? 'once' : `${question.attempts} times`}`
  return {
    ...question,
    state: 'timed-out',
    leasedUntil: null,
    settledAt: now,
    message: `no result within ${seconds} s (${handOuts})`,
  }
}
