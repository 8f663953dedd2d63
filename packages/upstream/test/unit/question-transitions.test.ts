import { countResult, errorResult } from '@warren/task-api'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cancel,
  expireIfOverdue,
  handOut,
  applyResult,
  failUnreadable,
} from '../../src/questions/question-transitions.ts'
import { type Question, isSettled } from '../../src/questions/question.ts'

const QUESTION: Question = {
  taskId: 1,
  uuid: 'u',
  collectionId: 'c',
  kind: 'availability',
  task: {},
  askedAt: 0,
  deadline: 300_000,
  state: 'queued',
  attempts: 0,
  leasedUntil: null,
  worker: null,
  settledAt: null,
  message: null,
}

const REDELIVERY = { leaseMs: 10_000, maxAttempts: 2 }
const OK = countResult({ uuid: 'u', collection: 'c' }, 44)
const ERROR = errorResult({ uuid: 'u', collection: 'c' }, 'no')

describe('a question', () => {
  it('that is cancelled stays so, whatever arrives; a settled one cannot be cancelled', () => {
    const cancelled = cancel(QUESTION, 5)
    expect(cancelled).toMatchObject({ state: 'cancelled', settledAt: 5, leasedUntil: null })
    expect(applyResult(cancelled, OK, 6)).toBe(cancelled)
    expect(failUnreadable(cancelled, 6)).toBe(cancelled)
    expect(expireIfOverdue(cancelled, 300_000)).toBe(cancelled)
    const answered = applyResult(QUESTION, OK, 6)
    expect(cancel(answered, 7)).toBe(answered)
  })

  it('is leased, then exhausted by the last hand-out', () => {
    const once = handOut(QUESTION, 'w', 1000, REDELIVERY)
    expect(once).toMatchObject({ state: 'leased', attempts: 1, leasedUntil: 11_000, worker: 'w' })
    expect(handOut(once, 'w', 11_000, REDELIVERY)).toMatchObject({
      state: 'exhausted',
      attempts: 2,
    })
  })

  it('is not handed out again without redelivery', () => {
    expect(handOut(QUESTION, 'w', 1000, null)).toMatchObject({
      state: 'leased',
      leasedUntil: QUESTION.deadline,
    })
  })

  it('times out at its deadline and not earlier', () => {
    expect(expireIfOverdue(QUESTION, 299_999)).toBe(QUESTION)
    expect(expireIfOverdue(QUESTION, 300_000)).toMatchObject({
      state: 'timed-out',
      settledAt: 300_000,
    })
  })

  it('keeps a valid result whatever happens later', () => {
    const move = fc.constantFrom<(question: Question) => Question>(
      (question) => applyResult(question, ERROR, 5),
      (question) => applyResult(question, countResult({ uuid: 'u', collection: 'c' }, 1), 5),
      (question) => failUnreadable(question, 5),
      (question) => expireIfOverdue(question, 1e12),
    )
    fc.assert(
      fc.property(fc.array(move), fc.array(move), (before, after) => {
        const failing = before.filter((step) => step(QUESTION).state !== 'answered')
        const reached = failing.reduce((question, step) => step(question), QUESTION)
        const answered = applyResult(reached, OK, 9)
        expect(answered).toMatchObject({ state: 'answered', settledAt: 9 })
        expect(after.reduce((question, step) => step(question), answered)).toBe(answered)
      }),
    )
  })

  it('is settled by a result, a failure or its deadline, but not when exhausted', () => {
    expect(isSettled(handOut(QUESTION, 'w', 0, { leaseMs: 1, maxAttempts: 1 }))).toBe(false)
    for (const settled of [
      applyResult(QUESTION, OK, 0),
      applyResult(QUESTION, ERROR, 0),
      failUnreadable(QUESTION, 0),
      expireIfOverdue(QUESTION, 300_000),
    ]) {
      expect(isSettled(settled)).toBe(true)
    }
  })
})
