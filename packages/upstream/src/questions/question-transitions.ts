import { type TaskResult, isFailure } from '@warren/task-api'
import { type Question, isSettled } from './question.ts'

/** When a task is handed out again, and how often. `null`: never, each task goes out once. */
export type Redelivery = { readonly leaseMs: number; readonly maxAttempts: number } | null

// The one place where a question changes state. The store only finds those that may move.

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
    ...(last ? { message: `not answered after ${attempts} hand-outs` } : {}),
  }
}

/** A result, whenever it comes: a valid one clears an earlier failure, nothing replaces a valid one. */
export function applyResult(question: Question, result: TaskResult, now: number): Question {
  if (question.state === 'answered') return question
  const state = isFailure(result) ? 'failed' : 'answered'
  return { ...question, state, leasedUntil: null, settledAt: now, message: result.message, result }
}

export function failUnreadable(question: Question, now: number): Question {
  if (question.state === 'answered') return question
  const message = 'the result could not be read'
  return { ...question, state: 'failed', leasedUntil: null, settledAt: now, message }
}

/** What time alone does to a question. */
export function expireIfOverdue(question: Question, now: number): Question {
  if (isSettled(question) || now < question.deadline) return question
  const seconds = Math.round((question.deadline - question.askedAt) / 1000)
  const known =
    question.attempts === 0
      ? 'nobody asked for it'
      : `handed out ${question.attempts === 1 ? 'once' : `${question.attempts} times`}`
  return {
    ...question,
    state: 'timed-out',
    leasedUntil: null,
    settledAt: now,
    message: `no answer in ${seconds} s (${known})`,
  }
}
