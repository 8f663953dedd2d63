import type { CohortMessage, GroupMessage, RuleMessage } from '@warren/task-api'
import { describe, expect, it } from 'vitest'
import {
  type Cohort,
  type CohortOptions,
  type EventCriterion,
  parseCohort,
} from '../../src/index.ts'

const BLANK: RuleMessage = {
  type: 'TEXT',
  varname: 'OMOP',
  varcat: 'Condition',
  oper: '=',
  value: '201826',
  time: '',
  secondary_modifier: [],
  ext: '',
  unit: '',
  regex: '',
}
const ALL_TABLES: CohortOptions = { specimen: true, location: true }

function rule(members: Partial<RuleMessage>): RuleMessage {
  return { ...BLANK, ...members }
}

function numeric(value: string, varname = 'OMOP=3004249'): RuleMessage {
  return rule({ varcat: 'Measurement', type: 'NUM', varname, value })
}

function age(value: string): RuleMessage {
  return rule({ varcat: 'Person', type: 'NUM', varname: 'AGE', value })
}

function circle(value: string): RuleMessage {
  return rule({ varcat: 'Location', type: 'GEO_RADIUS', value })
}

function cohortOf(...rules: (RuleMessage | GroupMessage)[]): CohortMessage {
  return { groups_oper: 'OR', groups: [{ rules_oper: 'AND', rules }] }
}

function many(count: number, make: (index: number) => RuleMessage): RuleMessage[] {
  return Array.from({ length: count }, (_, index) => make(index + 1))
}

function parsedCohort(message: CohortMessage, options = ALL_TABLES): Cohort {
  const parsed = parseCohort(message, options)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.cohort
}

function problems(message: CohortMessage, options = ALL_TABLES): string[] {
  const parsed = parseCohort(message, options)
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`)
}

function event(members: Partial<EventCriterion> = {}): EventCriterion {
  return {
    kind: 'event',
    concept: 201_826,
    value: null,
    ageAtEvent: null,
    elapsed: null,
    provenance: [],
    ...members,
  }
}

describe('range of a measurement', () => {
  it.each([
    ['1|3', 1, 3],
    ['1.0|3.0', 1, 3],
    ['1.0|', 1, null],
    ['|3.0', null, 3],
    ['null|3.0', null, 3],
    ['-5|3', -5, 3],
    ['-5.5|-3', -5.5, -3],
    ['+2|+4', 2, 4],
    [' 1 | 3 ', 1, 3],
    ['1e3|2e3', 1000, 2000],
    ['1.|.5e1', 1, 5],
    ['2.0|2.0', 2, 2],
    ['-1000000000|3.5', null, 3.5],
    ['7|1000000000', 7, null],
    ['1000000000|1000000001', 1_000_000_000, 1_000_000_001],
    ['18.0..65.0', 18, 65],
    ['18..65', 18, 65],
    ['18.0..65', 18, 65],
    ['-5..3.0', -5, 3],
    ['-5.5..-3', -5.5, -3],
    ['18.0..null', 18, null],
    ['NULL..65', null, 65],
    ['.5...7', 0.5, 0.7],
    ['-1000000000..65', null, 65],
  ])('parses %s', (value, low, high) => {
    expect(parsedCohort(cohortOf(numeric(value)))).toEqual(
      event({ concept: 3_004_249, value: { low, high } }),
    )
  })

  it.each(['|', ' | ', 'null|null', 'null..null', '-1000000000|1000000000'])(
    '%s means any value',
    (value) => {
      expect(parsedCohort(cohortOf(numeric(value)))).toEqual(event({ concept: 3_004_249 }))
    },
  )

  it.each([
    '',
    '1.0',
    '1|2|3',
    'a|b',
    'abc..def',
    '1.0...3.0',
    '1.0..3.0|4',
    'x1.0..3.0y',
    '18..',
    '..65',
    '..',
    '0x10|0x20',
    'nan|3',
    '1|inf',
    '1e999|',
    '1,5|3',
    '3.0|1.0',
    '3..1',
    '1...3',
  ])('rejects %j', (value) => {
    expect(problems(cohortOf(numeric(value)))).toEqual([
      expect.stringMatching(/^cohort\.groups\[0\]\.rules\[0\]\.value: /),
    ])
  })

  it('reports what is wrong and what to write', () => {
    expect(problems(cohortOf(numeric('3.0|1.0')))).toEqual([
      'cohort.groups[0].rules[0].value: the bounds of "3.0|1.0" are in the wrong order: write the smaller one first',
    ])
  })
})

describe('concept', () => {
  it.each([
    ['08507', 8507],
    [' 201826 ', 201_826],
    ['0', 0],
    ['2000000001', 2_000_000_001],
  ])('parses %j', (value, concept) => {
    expect(parsedCohort(cohortOf(rule({ value })))).toEqual(event({ concept }))
  })

  it.each(['', 'abc', '-5', '1.5', '1|2', '0x1F', '1e3', '9007199254740993'])(
    'rejects %j',
    (value) => {
      expect(problems(cohortOf(rule({ value })))).toHaveLength(1)
      expect(problems(cohortOf(rule({ varcat: 'Person', value })))).toHaveLength(1)
    },
  )

  it.each(['OMOP', 'AGE', 'OMOP=', 'OMOP=1=2', 'OMOP=abc', 'SNOMED=44054006', ''])(
    'rejects a numeric rule whose varname is %j',
    (varname) => {
      expect(problems(cohortOf(numeric('1|3', varname)))).toEqual([
        expect.stringMatching(/rules\[0\]\.varname: .*write OMOP=<concept ID>/),
      ])
    },
  )

  it.each(['', 'OMOP', 'omop', 'OMOP=201826'])('accepts the varname %j', (varname) => {
    expect(parsedCohort(cohortOf(rule({ varname })))).toEqual(event())
  })

  it.each(['SNOMED', 'OMOP=8507', 'AGE'])('rejects the varname %j', (varname) => {
    expect(problems(cohortOf(rule({ varname })))).toEqual([expect.stringMatching(/varname: /)])
  })
})

describe('time', () => {
  it.each([
    ['50|:AGE:Y', 50, null, 'year'],
    ['|50:AGE:Y', null, 50, 'year'],
    ['50:AGE:Y', 50, null, 'year'],
    ['20|50:AGE:Y', 20, 50, 'year'],
    ['50|:age:y', 50, null, 'year'],
    ['6|:AGE:M', 6, null, 'month'],
    ['50.0|:AGE:Y', 50, null, 'year'],
    ['-1000000000|50:AGE:Y', null, 50, 'year'],
  ] as const)('parses %s as an age at the event', (time, low, high, unit) => {
    expect(parsedCohort(cohortOf(rule({ time })))).toEqual(
      event({ ageAtEvent: { low, high, unit } }),
    )
  })

  it.each([
    ['1|:TIME:M', 1, null, 'month'],
    ['|1:TIME:M', null, 1, 'month'],
    ['1|2:TIME:M', 1, 2, 'month'],
    ['1:TIME:Y', 1, null, 'year'],
    ['|6:Time:w', null, 6, 'week'],
    ['0|:TIME:D', 0, null, 'day'],
    ['1000|:TIME:Y', 1000, null, 'year'],
  ] as const)('parses %s as a time before today', (time, atLeast, lessThan, unit) => {
    expect(parsedCohort(cohortOf(rule({ time })))).toEqual(
      event({ elapsed: { atLeast, lessThan, unit } }),
    )
  })

  it.each(['', ' ', '|:AGE:Y', '|:TIME:M', 'null|:AGE:Y', '-1000000000|1000000000:AGE:Y'])(
    'parses %j as no constraint',
    (time) => {
      expect(parsedCohort(cohortOf(rule({ time })))).toEqual(event())
    },
  )

  it.each([
    'garbage',
    'abc',
    '1|:TIME',
    '1|:TIME:M:X',
    '1||2:TIME:M',
    ':AGE:Y',
    '50|:AGE:',
    '50|:AGE:D',
    '50|:AGE:years',
    '50|:TIME:Q',
    '50|:SIZE:M',
    '50.5|:AGE:Y',
    'x|:AGE:Y',
    '50|20:AGE:Y',
    '2|1:TIME:M',
    '-1|:TIME:M',
    '1.5|:TIME:M',
    '1001|:TIME:Y',
    '5000000000|:AGE:Y',
  ])('rejects %j', (time) => {
    expect(problems(cohortOf(rule({ time })))).toEqual([
      expect.stringMatching(/^cohort\.groups\[0\]\.rules\[0\]\.time: /),
    ])
  })
})

describe('rule about a person', () => {
  it.each(['Person', 'Gender', 'Race', 'Ethnicity'])('accepts the varcat %s', (varcat) => {
    expect(parsedCohort(cohortOf(rule({ varcat, value: '8507' })))).toEqual({
      kind: 'demographic',
      concept: 8507,
    })
  })

  it.each([
    ['20|30', 20, 30],
    ['20..30', 20, 30],
    ['20.0..30.0', 20, 30],
    ['20|', 20, null],
    ['|30', null, 30],
    ['30|20', 30, 20],
    ['-1000000000|30', null, 30],
  ])('parses AGE %s as an age today', (value, low, high) => {
    expect(parsedCohort(cohortOf(age(value)))).toEqual({
      kind: 'age',
      age: { low, high, unit: 'year' },
    })
  })

  it('matches everyone if its age is open on both sides', () => {
    expect(parsedCohort(cohortOf(age('|')))).toEqual({ kind: 'everyone' })
    expect(parsedCohort(cohortOf({ ...age('|'), oper: '!=' }))).toEqual({
      kind: 'not',
      member: { kind: 'everyone' },
    })
  })

  it('recognises an AGE by its varname, whether its type is NUM or absent', () => {
    expect(parsedCohort(cohortOf({ ...age('20|30'), type: 'TEXT' }))).toEqual(
      parsedCohort(cohortOf(age('20|30'))),
    )
  })

  it('combines a concept with an age, and excludes them together', () => {
    const members = { varcat: 'Person', value: '8507', time: '50|60:AGE:Y' }
    const both = {
      kind: 'all',
      members: [
        { kind: 'demographic', concept: 8507 },
        { kind: 'age', age: { low: 50, high: 60, unit: 'year' } },
      ],
    }
    expect(parsedCohort(cohortOf(rule(members)))).toEqual(both)
    expect(parsedCohort(cohortOf(rule({ ...members, oper: '!=' })))).toEqual({
      kind: 'not',
      member: both,
    })
  })

  it.each([
    ['a decimal age at an event', { ...rule({}), time: '20.5|30:AGE:Y' }],
    ['an empty age', age('')],
    ['half a range', age('30')],
    ['a TIME', rule({ varcat: 'Person', value: '8507', time: '1|:TIME:M' })],
    [
      'a numeric concept',
      rule({ varcat: 'Person', type: 'NUM', varname: 'OMOP=8507', value: '1|2' }),
    ],
    ['a circle', rule({ varcat: 'Person', type: 'GEO_RADIUS', value: '1|2|3' })],
    [
      'the origin of a record',
      rule({ varcat: 'Person', value: '8507', secondary_modifier: [32_020] }),
    ],
  ])('rejects %s', (_, message) => {
    expect(problems(cohortOf(message)).length).toBeGreaterThan(0)
  })
})

describe('rule about a place', () => {
  it.each([
    ['51.5074|-0.1278|5000', 51.5074, -0.1278, 5000],
    ['0.0|0.0|0', 0, 0, 0],
    [' -90 | 180 | 1e3 ', -90, 180, 1000],
  ])('parses %s as a circle', (value, latitude, longitude, radius) => {
    expect(parsedCohort(cohortOf(circle(value)))).toEqual({
      kind: 'location',
      latitude,
      longitude,
      radius,
    })
  })

  it.each([
    '',
    'not|valid',
    '1|x|3',
    '1|2|3|4',
    '999|0|10',
    '0|181|10',
    '0|0|-1',
    '1||3',
    'nan|0|1',
  ])('rejects %j', (value) => {
    expect(problems(cohortOf(circle(value)))).toEqual([
      expect.stringMatching(/rules\[0\]\.value: /),
    ])
  })

  it('rejects a text, a time and the origin of a record', () => {
    expect(problems(cohortOf({ ...circle('4330435'), type: 'TEXT' }))).toHaveLength(1)
    expect(problems(cohortOf({ ...circle('0|0|1'), time: '1|:TIME:M' }))).toHaveLength(1)
    expect(problems(cohortOf({ ...circle('0|0|1'), secondary_modifier: [1] }))).toHaveLength(1)
  })
})

describe('data that a site does not read', () => {
  const noOptions: CohortOptions = { specimen: false, location: false }

  it.each(['=', '!='])('is a problem, and not 0 people, under %s', (oper) => {
    expect(problems(cohortOf({ ...circle('0|0|1'), oper }), noOptions)).toEqual([
      'cohort.groups[0].rules[0].varcat: this site does not read Location data, so a Location rule cannot be answered',
    ])
    for (const varcat of ['Specimen', 'Device', 'Visit', 'Death']) {
      expect(problems(cohortOf(rule({ varcat, oper })), noOptions)).toEqual([
        expect.stringContaining(`.varcat: this site does not read ${varcat} data`),
      ])
      expect(
        parsedCohort(cohortOf(rule({ varcat })), { ...noOptions, [varcat.toLowerCase()]: true }),
      ).toMatchObject({ kind: 'event' })
    }
  })

  it('is none by default', () => {
    expect(parseCohort(cohortOf(circle('0|0|1'))).ok).toBe(false)
  })

  it('does not make an invalid rule valid', () => {
    expect(problems(cohortOf(circle('0|0|-1')), noOptions)).toHaveLength(2)
  })
})

describe('rule', () => {
  it('keeps its record origins, without zeros', () => {
    expect(
      parsedCohort(cohortOf(rule({ secondary_modifier: [32_020, 0, 32_021, 32_020] }))),
    ).toEqual(event({ provenance: [32_020, 32_021] }))
    expect(parsedCohort(cohortOf(rule({ secondary_modifier: [0] })))).toEqual(event())
  })

  it.each([
    ['varcat', ''],
    ['varcat', 'Genome'],
    ['varcat', 'person'],
    ['type', 'ALTERNATIVE'],
    ['type', 'ALT'],
    ['type', 'SET'],
    ['type', 'BOOLEAN'],
    ['ext', 'x'],
    ['unit', '%'],
    ['type', 'GEO_RADIUS'],
    ['oper', '>'],
    ['regex', '%diab%'],
  ] as const)('rejects %s %j', (member, value) => {
    const found = problems(cohortOf(rule({ [member]: value })))
    expect(found).toEqual([expect.stringContaining(`cohort.groups[0].rules[0].${member}: `)])
  })

  it('rejects an origin that is not a concept', () => {
    expect(problems(cohortOf(rule({ secondary_modifier: [-1, 1.5] })))).toHaveLength(2)
  })
})

describe('groups', () => {
  const a = rule({ value: '1' })
  const b = rule({ value: '2' })
  const c = rule({ value: '3' })

  it('are combined by their operators, to any depth', () => {
    const message: CohortMessage = {
      groups_oper: 'and',
      groups: [
        { rules_oper: 'OR', rules: [a, { rules_oper: 'And', rules: [b, { ...c, oper: '!=' }] }] },
        { rules_oper: '', rules: [c] },
      ],
    }
    expect(parsedCohort(message)).toEqual({
      kind: 'all',
      members: [
        {
          kind: 'any',
          members: [
            event({ concept: 1 }),
            {
              kind: 'all',
              members: [event({ concept: 2 }), { kind: 'not', member: event({ concept: 3 }) }],
            },
          ],
        },
        event({ concept: 3 }),
      ],
    })
  })

  it('match no one if the question has none', () => {
    for (const groups_oper of ['AND', 'OR', '']) {
      expect(parsedCohort({ groups_oper, groups: [] })).toEqual({ kind: 'no-one' })
    }
  })

  it('are rejected without rules, at any depth', () => {
    expect(problems(cohortOf())).toEqual([expect.stringMatching(/^cohort\.groups\[0\]\.rules: /)])
    expect(problems(cohortOf(a, { rules_oper: 'AND', rules: [] }))).toEqual([
      expect.stringMatching(/^cohort\.groups\[0\]\.rules\[1\]\.rules: /),
    ])
  })

  it('need a known operator between two members', () => {
    expect(
      problems({ groups_oper: '', groups: [...cohortOf(a).groups, ...cohortOf(b).groups] }),
    ).toEqual(['cohort.groups_oper: missing operator: write AND or OR'])
    expect(problems({ groups_oper: 'OR', groups: [{ rules_oper: 'XOR', rules: [a] }] })).toEqual([
      'cohort.groups[0].rules_oper: unknown operator "XOR": write AND or OR',
    ])
  })

  it('are rejected if they are nested too deeply', () => {
    let group: GroupMessage = { rules_oper: 'AND', rules: [a] }
    for (let depth = 1; depth < 32; depth += 1) group = { rules_oper: 'AND', rules: [group] }
    expect(parsedCohort({ groups_oper: '', groups: [group] })).toEqual(event({ concept: 1 }))
    const deeper: GroupMessage = { rules_oper: 'AND', rules: [group] }
    expect(problems({ groups_oper: '', groups: [deeper] })).toEqual([
      expect.stringContaining('more than 32 levels deep'),
    ])
  })

  it('report all their problems at once, each with its path', () => {
    const found = problems({
      groups_oper: 'NOR',
      groups: [
        { rules_oper: 'AND', rules: [rule({ oper: '~', time: 'soon', value: 'x' }), a] },
        { rules_oper: 'OR', rules: [b, { rules_oper: 'OR', rules: [circle('1|2')] }] },
      ],
    })
    expect(found.map((problem) => problem.split(':')[0])).toEqual([
      'cohort.groups_oper',
      'cohort.groups[0].rules[0].oper',
      'cohort.groups[0].rules[0].value',
      'cohort.groups[0].rules[0].time',
      'cohort.groups[1].rules[1].rules[0].value',
    ])
  })
})

describe('decimal age', () => {
  it('is compared with whole years, as in the Python bunny', () => {
    expect(parsedCohort(cohortOf(age('20.5|30.5')))).toEqual({
      kind: 'age',
      age: { low: 21, high: 30, unit: 'year' },
    })
  })
})

describe('unit of a value', () => {
  const inUnit = (unit: string) => ({ ...numeric('5|10'), unit })

  it('restricts the rows that are compared, and says so', () => {
    const message = cohortOf(inUnit('mmol/mol'))
    expect(parsedCohort(message)).toMatchObject({ unit: 'mmol/mol', value: { low: 5, high: 10 } })
    expect(parseCohort(message, ALL_TABLES)).toMatchObject({
      restriction: 'only values in "mmol/mol" were compared',
    })
    expect(parseCohort(cohortOf(numeric('5|10')), ALL_TABLES)).not.toHaveProperty('restriction')
  })

  it('is a problem at a site without units', () => {
    const absentColumns = ['measurement', 'observation'].flatMap((table) => [
      `${table}.unit_concept_id`,
      `${table}.unit_source_value`,
    ])
    expect(problems(cohortOf(inUnit('%')), { ...ALL_TABLES, absentColumns })).toEqual([
      expect.stringContaining('.unit: this site has no units, so values in "%"'),
    ])
  })

  it('is years for an age, and a problem for a place', () => {
    expect(problems(cohortOf({ ...age('20|30'), unit: 'years' }))).toEqual([])
    expect(problems(cohortOf({ ...age('20|30'), unit: 'months' }))).toHaveLength(1)
    expect(problems(cohortOf({ ...circle('0|0|1'), unit: 'km' }))).toHaveLength(1)
    expect(problems(cohortOf(inUnit('x'.repeat(51))))).toHaveLength(1)
  })
})

describe('size of a question', () => {
  it('counts a search per constraint, although they are alternatives in one group', () => {
    const aged = many(620, (index) => rule({ time: `${String(index)}|:AGE:M` }))
    const message = { groups_oper: '', groups: [{ rules_oper: 'OR', rules: aged }] }
    expect(problems(message)).toEqual([expect.stringContaining('more than 100 searches')])
    const same = many(620, () => rule({ time: '50|:AGE:Y' }))
    expect(problems({ groups_oper: '', groups: [{ rules_oper: 'AND', rules: same }] })).toEqual([])
  })

  it('allows a thousand alternative concepts', () => {
    const rules = many(1000, (index) => rule({ value: String(index) }))
    const message = { groups_oper: '', groups: [{ rules_oper: 'OR', rules }] }
    expect(problems(message)).toEqual([])
    expect(
      problems({ groups_oper: '', groups: [{ rules_oper: 'OR', rules: [...rules, BLANK] }] }),
    ).toEqual([expect.stringMatching(/^cohort: the question has 1001 rules: the limit is 1000$/)])
  })

  it('has a limit of values', () => {
    const origins = Array.from({ length: 1900 }, (_, index) => index + 1)
    expect(problems(cohortOf(rule({ secondary_modifier: origins })))).toEqual([
      expect.stringMatching(/^cohort: the question has \d+ values to compare with/),
    ])
    expect(problems(cohortOf(rule({ secondary_modifier: origins.slice(1) })))).toEqual([])
  })

  it('has a limit of searches', () => {
    expect(problems(cohortOf(...many(100, (index) => rule({ value: String(index) }))))).toEqual([])
    expect(problems(cohortOf(...many(101, (index) => rule({ value: String(index) }))))).toEqual([
      expect.stringMatching(/^cohort: the question needs more than 100 searches/),
    ])
  })

  it('limits the list of problems', () => {
    const found = problems(cohortOf(...many(500, () => rule({ value: 'x' }))))
    expect(found).toHaveLength(101)
    expect(found.at(-1)).toBe('cohort: 400 more problems')
  })

  it('shortens a long text of the sender', () => {
    const [problem = ''] = problems(cohortOf(rule({ value: 'x'.repeat(10_000) })))
    expect(problem.length).toBeLessThan(200)
  })
})
