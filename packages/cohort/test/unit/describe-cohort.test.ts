import { describe, expect, it } from 'vitest'
import { parseCohort } from '../../src/parse/parse-cohort.ts'
import type { Cohort, EventCriterion } from '../../src/tree/cohort.ts'
import { conceptsIn, criteriaIn } from '../../src/words/concepts-in.ts'
import { describeCohort } from '../../src/words/describe-cohort.ts'
import { NO_ONE, EVERYONE } from '../../src/tree/cohort.ts'

const NAMES = new Map([
  [320128, 'Essential hypertension'],
  [317009, 'Asthma'],
  [3004410, 'HbA1c'],
  [32817, 'EHR'],
  [8527, 'White'],
])

const event = (concept: number, more: Partial<EventCriterion> = {}): EventCriterion => ({
  kind: 'event',
  concept,
  value: null,
  ageAtEvent: null,
  elapsed: null,
  provenance: [],
  ...more,
})
const women: Cohort = { kind: 'demographic', concept: 8532 }
const men: Cohort = { kind: 'demographic', concept: 8507 }
const not = (member: Cohort): Cohort => ({ kind: 'not', member })
const all = (...members: Cohort[]): Cohort => ({ kind: 'all', members })
const any = (...members: Cohort[]): Cohort => ({ kind: 'any', members })
const age = (low: number | null, high: number | null, unit: 'year' | 'month' = 'year'): Cohort => ({
  kind: 'age',
  age: { low, high, unit },
})

const words = (cohort: Cohort): string => describeCohort(cohort, { names: NAMES })

describe('describeCohort', () => {
  it.each<[string, Cohort]>([
    ['everyone', EVERYONE],
    ['no one', NO_ONE],
    ['women', women],
    ['people who are not women', not(women)],
    [
      'people whose gender, race or ethnicity is White (8527)',
      { kind: 'demographic', concept: 8527 },
    ],
    ['people whose gender, race or ethnicity is concept 99', { kind: 'demographic', concept: 99 }],
    ['people aged 40 or over', age(40, null)],
    ['people aged 65 or under', age(null, 65)],
    ['people aged 40 to 65', age(40, 65)],
    ['people aged 40', age(40, 40)],
    ['people aged 6 to 18 months', age(6, 18, 'month')],
    ['people aged 1 month or under', age(null, 1, 'month')],
    ['people aged 65 to 40, which matches no one', age(65, 40)],
    ['people not aged 40 or over', not(age(40, null))],
    ['people with Asthma (317009)', event(317009)],
    ['people with concept 12345', event(12345)],
    ['people without Asthma (317009)', not(event(317009))],
    ['people with Asthma (317009)', not(not(event(317009)))],
    [
      'people with HbA1c (3004410) with a value of 5 to 10',
      event(3004410, { value: { low: 5, high: 10 } }),
    ],
    [
      'people with HbA1c (3004410) with a value of 6.5 or more',
      event(3004410, { value: { low: 6.5, high: null } }),
    ],
    [
      'people with HbA1c (3004410) with a value of 7 or less',
      event(3004410, { value: { low: null, high: 7 } }),
    ],
    [
      'people with Asthma (317009) recorded at the age of 50 or over',
      event(317009, { ageAtEvent: { low: 50, high: null, unit: 'year' } }),
    ],
    [
      'people with Asthma (317009) recorded at the age of 6 to 12 months',
      event(317009, { ageAtEvent: { low: 6, high: 12, unit: 'month' } }),
    ],
    [
      'people with Asthma (317009) recorded in the last 6 months',
      event(317009, { elapsed: { atLeast: null, lessThan: 6, unit: 'month' } }),
    ],
    [
      'people with Asthma (317009) recorded in the last year',
      event(317009, { elapsed: { atLeast: null, lessThan: 1, unit: 'year' } }),
    ],
    [
      'people with Asthma (317009) recorded at least 2 weeks ago',
      event(317009, { elapsed: { atLeast: 2, lessThan: null, unit: 'week' } }),
    ],
    [
      'people with Asthma (317009) recorded at least 1 day and less than 30 days ago',
      event(317009, { elapsed: { atLeast: 1, lessThan: 30, unit: 'day' } }),
    ],
    [
      'people with Asthma (317009) in a record of type EHR (32817) or concept 32020',
      event(317009, { provenance: [32817, 32020] }),
    ],
    [
      'people living within 5 km of latitude 51.5, longitude -0.12',
      { kind: 'location', latitude: 51.5, longitude: -0.12, radius: 5000 },
    ],
    [
      'people not living within 750 m of latitude 51.5, longitude -0.12',
      not({ kind: 'location', latitude: 51.5, longitude: -0.12, radius: 750 }),
    ],
    [
      'women with Essential hypertension (320128), aged 40 or over and without Asthma (317009)',
      all(women, event(320128), age(40, null), not(event(317009))),
    ],
    ['people with Asthma (317009) or with concept 1', any(event(317009), event(1))],
    [
      'women with Asthma (317009) and (aged 40 or over or with concept 1)',
      all(women, event(317009), any(age(40, null), event(1))),
    ],
    [
      'women with Asthma (317009); or men with concept 1 and without concept 2',
      any(all(women, event(317009)), all(men, event(1), not(event(2)))),
    ],
    ['women; or men', any(women, men)],
    ['women who are men', all(women, men)],
    [
      'people with concept 1 and not (with concept 2 or with concept 3)',
      all(event(1), not(any(event(2), event(3)))),
    ],
    [
      'people with concept 1 and ((with concept 2 and with concept 3) or with concept 4)',
      all(event(1), any(all(event(2), event(3)), event(4))),
    ],
    ['people with concept 1', all(event(1), EVERYONE, all())],
    ['no one', all(event(1), NO_ONE)],
    ['everyone', any(event(1), EVERYONE)],
    ['no one', any()],
    ['everyone', not(NO_ONE)],
  ])('writes %s', (expected, cohort) => {
    expect(words(cohort)).toBe(expected)
  })

  it('describes a question as it is sent', () => {
    const rule = (more: object) => ({
      type: 'TEXT',
      varname: 'OMOP',
      varcat: 'Condition',
      oper: '=',
      value: '',
      time: '',
      secondary_modifier: [],
      ext: '',
      unit: '',
      regex: '',
      ...more,
    })
    const parsed = parseCohort({
      groups_oper: 'AND',
      groups: [
        {
          rules_oper: 'AND',
          rules: [
            rule({ varcat: 'Person', value: '8532' }),
            rule({ value: '320128', time: '40|:AGE:Y' }),
            rule({ value: '317009', oper: '!=' }),
          ],
        },
      ],
    })
    if (!parsed.ok) throw new Error('the question is valid')
    expect(words(parsed.cohort)).toBe(
      'women with Essential hypertension (320128) recorded at the age of 40 or over and without Asthma (317009)',
    )
  })

  it('keeps names of the vocabulary on one line, and shortens long ones', () => {
    const names = new Map([
      [1, 'two\nlines\u001b[31m'],
      [2, 'x'.repeat(500)],
      [3, ' '],
    ])
    expect(describeCohort(event(1), { names })).toBe('people with two lines [31m (1)')
    expect(describeCohort(event(2), { names })).toMatch(/^people with x{79}… \(2\)$/)
    expect(describeCohort(event(3), { names })).toBe('people with concept 3')
  })

  it('cuts a description that is too long', () => {
    const many = any(...Array.from({ length: 1000 }, (_, index) => event(index)))
    const text = describeCohort(many, { maxLength: 100 })
    expect(text).toHaveLength(100)
    expect(text.endsWith('…')).toBe(true)
    expect(describeCohort(many).length).toBe(4000)
  })

  it('describes a question of the greatest depth', () => {
    let nested: Cohort = event(1)
    for (let depth = 0; depth < 32; depth += 1) {
      nested = depth % 2 === 0 ? any(nested, event(depth)) : all(nested, event(depth))
    }
    expect(describeCohort(nested)).toMatch(/^people .*concept 31/)
  })
})

describe('conceptsIn', () => {
  it('lists each concept once, record types apart', () => {
    const cohort = all(
      women,
      not(any(event(9, { provenance: [32817] }), event(3))),
      event(9),
      age(1, 2),
    )
    expect(conceptsIn(cohort)).toEqual({ searched: [3, 9, 8532], recordTypes: [32817] })
  })
})

describe('criteriaIn', () => {
  it('lists the criteria with their signs', () => {
    const cohort = all(women, not(any(event(1), not(event(2)))))
    expect(criteriaIn(cohort).map(({ criterion, negated }) => [criterion.kind, negated])).toEqual([
      ['demographic', false],
      ['event', true],
      ['event', false],
    ])
  })
})
