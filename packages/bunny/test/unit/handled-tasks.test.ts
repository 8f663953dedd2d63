import { countResult, distributionResult, errorResult, resultFile } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import { HandledTasks } from '../../src/poll/handled-tasks.ts'

const task = { uuid: 't', collection: 'c' }
const resultWith = (text: string) =>
  distributionResult(task, 1, [
    resultFile({ name: 'f', text, description: null, sensitive: true, encode: false }),
  ])

describe('handled tasks', () => {
  it('finds a task in progress, and later its result', () => {
    const handled = new HandledTasks({ now: () => 0 })
    expect(handled.find('t')).toBeUndefined()
    handled.begin('t')
    expect(handled.find('t')).toBe('in-progress')
    const result = countResult(task, 20)
    handled.end('t', result)
    expect(handled.find('t')).toBe(result)
  })

  it('does not keep a failed result, but records the failure', () => {
    const handled = new HandledTasks({ now: () => 0 })
    handled.begin('t')
    handled.end('t', errorResult(task, 'no'))
    expect(handled.find('t')).toBe('failed')
  })

  it('removes a discarded task', () => {
    const handled = new HandledTasks({ now: () => 0 })
    handled.begin('t')
    handled.end('t')
    expect(handled.find('t')).toBeUndefined()
  })

  it('stays within its limits and removes the oldest first', () => {
    let now = 0
    const handled = new HandledTasks({
      now: () => now,
      limits: { tasks: 3, size: 100, ageMs: 1000 },
    })
    const known = (...keys: string[]) => keys.filter((key) => handled.find(key) !== undefined)
    for (const key of ['a', 'b', 'c', 'd']) handled.end(key, countResult(task, 0))
    expect(known('a', 'b', 'c', 'd')).toEqual(['b', 'c', 'd'])
    handled.end('big', resultWith('x'.repeat(60)))
    handled.end('bigger', resultWith('x'.repeat(70)))
    expect(known('b', 'c', 'd', 'big', 'bigger')).toEqual(['bigger'])
    now = 1001
    expect(known('bigger')).toEqual([])
  })

  it('replaces the result of a task without counting its size twice', () => {
    const handled = new HandledTasks({
      now: () => 0,
      limits: { tasks: 3, size: 100, ageMs: 1000 },
    })
    for (let time = 0; time < 5; time += 1) handled.end('t', resultWith('x'.repeat(60)))
    expect(handled.find('t')).not.toBeUndefined()
  })
})
