import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  MAX_GROUP_DEPTH,
  TaskFormatError,
  isGroup,
  parseTask,
  parseTaskEnvelope,
} from '../../src/index.ts'

const RULE = { varname: 'OMOP', varcat: 'Condition', type: 'TEXT', oper: '=', value: '320128' }

function availability(...rules: unknown[]) {
  return {
    task_id: 'job-2026-02-03-10:11:12-RQ-5d0f3c1e',
    project: 'demo',
    uuid: '0f7d7a52-2c1e-4a55-9d0e-4b8a7a1c9e01',
    owner: 'user1',
    collection: 'RQ-CC-EXAMPLE',
    protocol_version: 'v2',
    char_salt: '9d3b8f0e',
    cohort: { groups_oper: 'AND', groups: [{ rules_oper: 'OR', rules }] },
  }
}

function ruleOf(rule: unknown) {
  const task = parseTask(availability(rule))
  const member = task.kind === 'availability' ? task.cohort.groups[0]?.rules[0] : undefined
  if (member === undefined || isGroup(member)) throw new Error('not a rule')
  return member
}

function failure(json: unknown, parse: (json: unknown) => unknown = parseTask): TaskFormatError {
  try {
    parse(json)
  } catch (error: unknown) {
    if (error instanceof TaskFormatError) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('parseTask', () => {
  it('reads an availability task and keeps the whole message in raw', () => {
    const json = availability({ ...RULE, time: '50|:AGE:Y', secondary_modifier: ['32020'] })
    const task = parseTask(json)
    expect(task).toMatchObject({
      kind: 'availability',
      uuid: json.uuid,
      collection: 'RQ-CC-EXAMPLE',
      owner: 'user1',
      cohort: {
        groups_oper: 'AND',
        groups: [
          {
            rules_oper: 'OR',
            rules: [{ ...RULE, time: '50|:AGE:Y', secondary_modifier: [32020] }],
          },
        ],
      },
    })
    expect(task.raw).toBe(json)
  })

  it('reads a task with an analysis as a distribution', () => {
    const json = {
      uuid: '6c1f',
      collection: 'c',
      owner: 'u',
      analysis: 'DISTRIBUTION',
      code: 'GENERIC',
    }
    expect(parseTask(json)).toEqual({ kind: 'distribution', ...json, raw: json })
    expect(parseTask({ uuid: '1', analysis: '' })).toMatchObject({ kind: 'distribution', code: '' })
  })

  it('treats a null analysis as absent', () => {
    expect(parseTask({ ...availability(RULE), analysis: null }).kind).toBe('availability')
  })

  it('uses the documented defaults for absent, null and blank rule members', () => {
    const defaults = {
      type: 'TEXT',
      varname: '',
      varcat: '',
      oper: '=',
      value: '',
      time: '',
      secondary_modifier: [],
      ext: '',
      unit: '',
      regex: '',
    }
    expect(ruleOf({})).toEqual(defaults)
    expect(
      ruleOf({ type: '', oper: '', time: null, value: null, secondary_modifier: null }),
    ).toEqual(defaults)
  })

  it('accepts numbers in place of texts', () => {
    expect(ruleOf({ value: 8507, secondary_modifier: [1, '2', 3.0] })).toMatchObject({
      value: '8507',
      secondary_modifier: [1, 2, 3],
    })
    expect(parseTask({ ...availability(RULE), uuid: 86, task_id: 12 }).uuid).toBe('86')
  })

  it('reads nested groups', () => {
    const task = parseTask(availability(RULE, { rules_oper: 'AND', rules: [RULE, { rules: [] }] }))
    const members = task.kind === 'availability' ? task.cohort.groups[0]!.rules : []
    expect(members.map((member) => isGroup(member))).toEqual([false, true])
  })

  const nested = (levels: number): unknown =>
    levels === 0 ? RULE : { rules_oper: 'OR', rules: [nested(levels - 1)] }

  it('reads groups 32 levels deep and reports deeper ones', () => {
    // `availability` adds the first level.
    expect(() => parseTask(availability(nested(MAX_GROUP_DEPTH - 1)))).not.toThrow()
    const { problems } = failure(availability(nested(MAX_GROUP_DEPTH)))
    expect(problems).toHaveLength(1)
    expect(problems[0]?.message).toContain('more than 32 levels')
  })

  it('reports a million brackets without overflowing the stack', () => {
    const bomb: unknown = JSON.parse('{"rules":['.repeat(500_000) + ']}'.repeat(500_000))
    const error = failure(availability(bomb))
    expect(error.uuid).toBe('0f7d7a52-2c1e-4a55-9d0e-4b8a7a1c9e01')
    expect(failure({ uuid: '1', later: bomb }, parseTaskEnvelope).uuid).toBe('1')
  })

  it('reports every problem with its path, and the uuid and collection', () => {
    const error = failure({
      ...availability({ ...RULE, value: { a: 1 }, secondary_modifier: ['x', 1, 1.5] }, 'rule', [
        RULE,
      ]),
      owner: true,
    })
    expect(error.problems.map(({ path }) => path)).toEqual([
      'owner',
      'cohort.groups[0].rules[0].value',
      'cohort.groups[0].rules[0].secondary_modifier[0]',
      'cohort.groups[0].rules[0].secondary_modifier[2]',
      'cohort.groups[0].rules[1]',
      'cohort.groups[0].rules[2]',
    ])
    expect(error.uuid).toBe('0f7d7a52-2c1e-4a55-9d0e-4b8a7a1c9e01')
    expect(error.collection).toBe('RQ-CC-EXAMPLE')
    expect(error.message).toContain('and 1 more')
  })

  it.each([
    ['absent', undefined],
    ['null', null],
    ['a text', 'AND'],
  ])('rejects a cohort that is %s', (_, cohort) => {
    expect(failure({ ...availability(), cohort }).problems[0]?.path).toBe('cohort')
  })

  it('rejects a rule in place of a group', () => {
    const cohort = { groups_oper: 'AND', groups: [RULE] }
    expect(failure({ ...availability(), cohort }).problems).toEqual([
      {
        path: 'cohort.groups[0]',
        message: 'expected a group of rules, got an object without rules',
      },
    ])
  })

  it.each([null, 'x', 3, [], undefined])('rejects %j, which is not an object', (json) => {
    expect(failure(json).problems[0]?.message).toContain('expected a JSON object')
  })

  it('reports at most 100 problems and the number of others', () => {
    const { problems } = failure(availability(...Array.from({ length: 250 }, () => 1)))
    expect(problems).toHaveLength(101)
    expect(problems.at(-1)?.message).toBe('and 150 more problems')
  })

  it('returns a task or throws a TaskFormatError for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (json) => {
        for (const candidate of [json, { uuid: 'u', cohort: json }, availability(json)]) {
          try {
            expect(parseTask(candidate).uuid).not.toBe('')
          } catch (error: unknown) {
            expect(error).toBeInstanceOf(TaskFormatError)
          }
        }
      }),
    )
  })
})

describe('parseTaskEnvelope', () => {
  it('ignores the cohort', () => {
    expect(parseTaskEnvelope({ uuid: 'u', cohort: 'from the year 2040' })).toEqual({
      kind: 'availability',
      uuid: 'u',
      collection: '',
      owner: '',
      analysis: '',
      code: '',
      raw: { uuid: 'u', cohort: 'from the year 2040' },
    })
  })

  it.each([undefined, '', ' ', null, {}, 'a\u0000b', 'u'.repeat(256)])(
    'rejects the uuid %j',
    (uuid) => {
      expect(failure({ uuid, cohort: {} }, parseTaskEnvelope).problems[0]?.path).toBe('uuid')
    },
  )
})
