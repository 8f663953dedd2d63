import { describe, expect, it } from 'vitest'
import {
  type Cohort,
  type SqlDialect,
  type CompileSettings,
  type EventCriterion,
  compileCohort,
} from '../../src/index.ts'

const SETTINGS: CompileSettings = {
  dialect: 'postgres',
  now: new Date(2024, 1, 29),
  options: { specimen: false, location: true },
}

function event(concept: number, members: Partial<EventCriterion> = {}): EventCriterion {
  return {
    kind: 'event',
    concept,
    value: null,
    ageAtEvent: null,
    elapsed: null,
    provenance: [],
    ...members,
  }
}

function not(member: Cohort): Cohort {
  return { kind: 'not', member }
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1
}

describe('compileCohort', () => {
  it('binds every value and includes none in the text', () => {
    const cohort: Cohort = {
      kind: 'all',
      members: [
        event(987_001, {
          value: { low: 987.5, high: 988.5 },
          ageAtEvent: { low: 98_701, high: 98_702, unit: 'year' },
          elapsed: { atLeast: 3, lessThan: 5, unit: 'year' },
          provenance: [987_002, 987_003],
        }),
        { kind: 'demographic', concept: 987_004 },
        { kind: 'age', age: { low: 98_703, high: null, unit: 'year' } },
        { kind: 'location', latitude: 12.9875, longitude: 9.875, radius: 9876 },
      ],
    }
    for (const dialect of ['postgres', 'duckdb', 'mssql'] as const) {
      const { text, values } = compileCohort(cohort, { ...SETTINGS, dialect })
      expect(text).not.toMatch(/98[78]|2021|2019|9\.875/)
      expect(values).toEqual(
        expect.arrayContaining([987_001, '987.5', '988.5', 98_701, 98_702, '2021-03-01', '9876']),
      )
    }
  })

  it('binds equal values once, even if several tables use them', () => {
    const { text, values } = compileCohort(event(42), SETTINGS)
    expect(values).toEqual([42])
    expect(occurrences(text, '$1')).toBe(5)
  })

  it('binds equal values of different types separately', () => {
    const cohort = event(7, { value: { low: 7, high: 7 }, provenance: [7] })
    expect(compileCohort(cohort, SETTINGS).values).toEqual([7, '7'])
  })

  it.each<[SqlDialect, string]>([
    ['postgres', '"'],
    ['duckdb', '"'],
    ['mssql', '['],
  ])('uses the default schema of the connection if %s gets no schema', (dialect, quote) => {
    for (const schema of [{}, { schema: '' }]) {
      const { text } = compileCohort(event(42), { ...SETTINGS, ...schema, dialect })
      expect(text).not.toContain(quote)
      expect(text).toContain('from condition_occurrence e')
    }
  })

  it('searches specimens only if the site allows it', () => {
    expect(compileCohort(event(42), SETTINGS).text).not.toContain('specimen')
    const options = { specimen: true, location: true }
    expect(compileCohort(event(42), { ...SETTINGS, options }).text).toContain('from specimen e')
  })

  it('merges alternative events into one search', () => {
    const any: Cohort = {
      kind: 'any',
      members: [event(1), { kind: 'any', members: [event(2), event(1)] }],
    }
    const { text, values } = compileCohort(any, SETTINGS)
    expect(occurrences(text, 'left join')).toBe(1)
    expect(occurrences(text, 'from condition_occurrence')).toBe(1)
    expect(values).toEqual([1, 2])
  })

  it('merges excluded events into one search', () => {
    const { text } = compileCohort(
      { kind: 'all', members: [not(event(1)), not(event(2))] },
      SETTINGS,
    )
    expect(occurrences(text, 'left join')).toBe(1)
    expect(text).toMatch(/where s1\.person_id is null$/)
  })

  it('searches separately for events that are all required', () => {
    const { text } = compileCohort({ kind: 'all', members: [event(1), event(2)] }, SETTINGS)
    expect(occurrences(text, 'left join')).toBe(2)
  })

  it('searches once for a repeated event', () => {
    const cohort: Cohort = { kind: 'all', members: [event(1), not(not(event(1)))] }
    expect(occurrences(compileCohort(cohort, SETTINGS).text, 'left join')).toBe(1)
  })

  it('does not search if the result is known', () => {
    const noOne: Cohort = { kind: 'all', members: [event(1), { kind: 'no-one' }] }
    expect(compileCohort(noOne, SETTINGS).text).toBe(
      'select count(distinct p.person_id) as persons\nfrom person p\nwhere 1 = 0',
    )
    const everyone: Cohort = {
      kind: 'any',
      members: [event(1), not({ kind: 'any', members: [] })],
    }
    expect(compileCohort(everyone, SETTINGS).text).toMatch(/where 1 = 1$/)
  })

  it('rejects a list longer than the parameter limit of SQL Server', () => {
    const provenance = Array.from({ length: 2001 }, (_, index) => index + 1)
    expect(() => compileCohort(event(1, { provenance }), SETTINGS)).toThrow(
      'cohort needs more than 2000 values in one statement',
    )
  })

  it('rejects locations that the options exclude, which a parsed cohort never has', () => {
    const circle: Cohort = { kind: 'location', latitude: 0, longitude: 0, radius: 1 }
    const options = { specimen: false, location: false }
    expect(() => compileCohort(circle, { ...SETTINGS, options })).toThrow(RangeError)
  })

  it('rejects a time before year 1', () => {
    const elapsed = { atLeast: 3000, lessThan: null, unit: 'year' } as const
    expect(() => compileCohort(event(1, { elapsed }), SETTINGS)).toThrow(RangeError)
  })
})
