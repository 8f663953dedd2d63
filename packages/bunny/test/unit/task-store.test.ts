import { countResult, distributionResult, errorResult, resultFile } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import { TaskStore, type ReceivedTask } from '../../src/outbox/task-store.ts'

const address = { uuid: 't', collection: 'c' }
const large = (text: string) =>
  distributionResult(address, 1, [
    resultFile({ name: 'f', text, description: null, sensitive: true, encode: false }),
  ])
const task = (key: string, more: Partial<ReceivedTask> = {}): ReceivedTask => ({
  key,
  uuid: key,
  kind: 'availability',
  receivedAt: 0,
  body: { uuid: key },
  ...more,
})
const open = (retention?: { tasks: number; size: number; ageMs: number }) =>
  new TaskStore(':memory:', {
    validFor: 'p',
    maxBytes: 10_000_000,
    ...(retention === undefined ? {} : { retention }),
  })

describe('the task store', () => {
  it('follows a task from its arrival to its answer', () => {
    using store = open()
    expect(store.find('a', 0)).toBeUndefined()
    store.receive(task('a'))
    expect(store.find('a', 0)).toBe('received')
    expect(store.unsolved(0).tasks).toEqual([{ ...task('a'), begun: 0 }])
    const result = countResult(address, 20)
    store.solve({ key: 'a', solvedAt: 1, result })
    expect(store.find('a', 1)).toBe('solved')
    expect(store.unsolved(1).tasks).toEqual([])
    expect(store.unsubmitted(1).results).toEqual([{ key: 'a', solvedAt: 1, result }])
    store.answer('a', 2, true)
    expect(store.unsubmitted(2).results).toEqual([])
    expect(store.find('a', 2)).toEqual(result)
  })

  it('does not keep failed results, so that the task is solved again', () => {
    using store = open()
    store.solve({ key: 'a', solvedAt: 1, result: errorResult(address, 'no') })
    store.answer('a', 2, false)
    expect(store.find('a', 2)).toBe('failed')
  })

  it('counts how often solving began without an end', () => {
    using store = open()
    store.receive(task('a'))
    expect([store.begin('a'), store.begin('a')]).toEqual([1, 2])
    store.release('a')
    expect(store.unsolved(0).tasks).toMatchObject([{ begun: 1 }])
  })

  it('keeps a limited number of answered tasks, the newest ones', () => {
    using store = open({ tasks: 2, size: 1_000_000, ageMs: 1_000_000 })
    for (const key of ['a', 'b', 'c']) {
      store.solve({ key, solvedAt: 1, result: countResult(address, 20) })
      store.answer(key, 2, true)
    }
    const found = ['a', 'b', 'c'].map((key) => typeof store.find(key, 2))
    expect(found).toEqual(['undefined', 'object', 'object'])
  })

  it('keeps a limited size of answered tasks', () => {
    using store = open({ tasks: 100, size: 5000, ageMs: 1_000_000 })
    for (const key of ['a', 'b']) {
      store.solve({ key, solvedAt: 1, result: large('x'.repeat(3000)) })
      store.answer(key, 2, true)
    }
    expect([store.find('a', 2), typeof store.find('b', 2)]).toEqual([undefined, 'object'])
  })

  it('does not use answered tasks that are too old', () => {
    using store = open({ tasks: 100, size: 5000, ageMs: 1000 })
    store.solve({ key: 'a', solvedAt: 1, result: countResult(address, 20) })
    store.answer('a', 2, true)
    expect(typeof store.find('a', 1002)).toBe('object')
    expect(store.find('a', 1003)).toBeUndefined()
  })

  it('removes answered tasks to make space for new ones, and never tasks without an answer', () => {
    using store = new TaskStore(':memory:', { validFor: '', maxBytes: 400_000 })
    store.receive(task('open', { body: 'x'.repeat(100_000) }))
    for (const key of ['a', 'b', 'c', 'd']) {
      store.solve({ key, solvedAt: 1, result: large('x'.repeat(100_000)) })
      store.answer(key, 2, true)
    }
    expect(store.find('open', 2)).toBe('received')
    expect(store.find('a', 2)).toBeUndefined()
    store.receive(task('second', { body: 'x'.repeat(150_000) }))
    expect(() => store.receive(task('third', { body: 'x'.repeat(300_000) }))).toThrow(/full/)
    expect(store.find('second', 2)).toBe('received')
  })
})
