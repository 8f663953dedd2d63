import { describe, expect, it } from 'vitest'
import { taskKey } from '../../src/poll/task-key.ts'
import { availability, distribution, person } from '../support/tasks.ts'

const key = (body: object) => taskKey('u', 'c', body)
const men = availability([person('8507')])

describe('the key of a task', () => {
  it('is the same for the same question', () => {
    const entries = Object.entries(men)
    expect(key(Object.fromEntries(entries.toReversed()))).toBe(key(men))
    expect(key({ ...men, owner: 'another', task_id: 'job-2', char_salt: 'x' })).toBe(key(men))
  })

  it.each([
    ['another concept', availability([person('8532')])],
    ['another operator', availability([person('8507', { oper: '!=' })])],
    ['a member that is not known', { ...men, ext: 'x' }],
    ['another kind', distribution('GENERIC')],
    ['a member __proto__', JSON.parse(`{"__proto__":1,${JSON.stringify(men).slice(1)}`) as object],
  ])('differs for another question: %s', (_what, other) => {
    expect(key(other)).not.toBe(key(men))
  })

  it('differs for another uuid or collection', () => {
    expect(taskKey('v', 'c', men)).not.toBe(key(men))
    expect(taskKey('u', 'd', men)).not.toBe(key(men))
  })
})
