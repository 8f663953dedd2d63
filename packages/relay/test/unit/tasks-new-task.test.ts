import { describe, expect, it } from 'vitest'

import type { NewTask } from '../../src/store/task-store.ts'
import { readNewTask } from '../../src/tasks/new-task.ts'

const DEADLINES = { availability: 240_000, distribution: 6_480_000 }

function read(json: unknown): NewTask {
  const { task } = readNewTask('national', json, 1_000, DEADLINES)
  if (task === null) throw new Error('unreadable')
  return task
}

const AVAILABILITY = {
  task_id: 17,
  project: 'unknown_project',
  uuid: '0f7d7a52-2c1e-4a55-9d0e-4b8a7a1c9e01',
  owner: '1',
  collection: 'RQ-CC-EXAMPLE',
  protocol_version: 'v2',
  char_salt: 'salt',
  cohort: {
    groups_oper: 'AND',
    groups: [
      { rules_oper: 'OR', rules: [{ value: 8507, secondary_modifier: ['32020'], new: {} }] },
    ],
  },
}

describe('reading a task from the upstream', () => {
  it('keeps every member, including unknown ones', () => {
    const task = read(AVAILABILITY)
    expect(JSON.parse(task.body)).toEqual(AVAILABILITY)
    expect(task).toMatchObject({
      upstream: 'national',
      uuid: AVAILABILITY.uuid,
      kind: 'availability',
      type: 'availability',
      collection: 'RQ-CC-EXAMPLE',
      ageMs: 1_000,
      deadlineMs: 240_000,
    })
    expect(task.immediateResult).toBeUndefined()
  })

  it('does not read the cohort', () => {
    expect(read({ ...AVAILABILITY, cohort: 'nonsense' }).type).toBe('availability')
  })

  it.each([
    ['GENERIC', 'generic'],
    ['ICD-MAIN', 'generic'],
    ['DEMOGRAPHICS', 'demographics'],
  ])('accepts DISTRIBUTION %s with the longer deadline', (code, type) => {
    const task = read({ uuid: 'u', collection: 'c', analysis: 'DISTRIBUTION', code })
    expect(task).toMatchObject({ kind: 'distribution', type, deadlineMs: 6_480_000 })
    expect(task.immediateResult).toBeUndefined()
  })

  it.each([
    ['DISTRIBUTION', 'PHEWAS', 'analysis DISTRIBUTION PHEWAS is not supported'],
    ['PHEWAS', '', 'analysis PHEWAS is not supported'],
    ['X'.repeat(500), '', `analysis ${'X'.repeat(40)} is not supported`],
  ])('answers analysis %s %s immediately with an error', (analysis, code, message) => {
    const task = read({ uuid: 'u', collection: 'c', analysis, code })
    expect(JSON.parse(task.immediateResult ?? '{}')).toMatchObject({
      uuid: 'u',
      collection_id: 'c',
      status: 'error',
      message,
    })
  })

  it('answers an unreadable task with an error, and does not keep its body', () => {
    const task = read({ uuid: 'u', collection: ['c'] })
    expect(task.body).toBe('{}')
    expect(JSON.parse(task.immediateResult ?? '{}')).toMatchObject({ uuid: 'u', status: 'error' })
  })

  it('answers a task nested 50,000 levels deep without overflowing the stack', () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown
    expect(read({ ...AVAILABILITY, cohort: deep }).immediateResult).toContain('error')
  })

  it('reports what is wrong with a task that has no uuid', () => {
    for (const json of [null, [], 'task', {}, { uuid: '' }, { uuid: 'a\u0000b' }]) {
      const { task, ...rest } = readNewTask('national', json, 0, DEADLINES)
      expect(task).toBeNull()
      expect('problems' in rest && rest.problems.length).toBeGreaterThan(0)
    }
  })
})
