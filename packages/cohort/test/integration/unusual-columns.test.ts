import { describePostgres } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SqlDialect, type EventCriterion, compileCohort } from '../../src/index.ts'
import type { CdmDatabase } from '../cdm/cdm-database.ts'
import { DuckDbCdm } from '../cdm/duckdb-cdm.ts'
import { PostgresCdm } from '../cdm/postgres-cdm.ts'

const PERSON = {
  gender_concept_id: 0,
  race_concept_id: 0,
  ethnicity_concept_id: 0,
  year_of_birth: 1980,
  month_of_birth: 1,
  location_id: null,
}

/** Column types that some sites use instead of those of the CDM. */
const COLUMNS = `
  alter table "cdm".condition_occurrence alter column condition_start_date type timestamp;
  alter table "cdm".condition_occurrence alter column condition_concept_id type bigint;
  alter table "cdm".measurement alter column value_as_number type double precision;
  insert into "cdm".condition_occurrence (person_id, condition_concept_id, condition_start_date) values
    (1, 201826, '2024-01-29 23:59:59'), (2, 201826, '2024-01-30 00:00:00'), (3, 9000000000, '2024-01-01');
  insert into "cdm".measurement (person_id, measurement_concept_id, value_as_number) values
    (1, 3004249, 'NaN'), (2, 3004249, 'Infinity'), (3, 3004249, 1.5), (4, 3004249, '-Infinity');
`

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

function testUnusualColumns(dialect: SqlDialect, create: () => Promise<CdmDatabase>): void {
  let database: CdmDatabase

  beforeAll(async () => {
    database = await create()
    await database.load({ person: [1, 2, 3, 4].map((person_id) => ({ person_id, ...PERSON })) })
    await database.run(COLUMNS)
  })

  afterAll(() => database[Symbol.asyncDispose]())

  async function found(cohort: EventCriterion): Promise<number[]> {
    const options = { specimen: false, location: false }
    const now = new Date(2024, 1, 29)
    const persons = await database.persons(
      compileCohort(cohort, { dialect, schema: 'cdm', now, options }),
    )
    return persons.sort((a, b) => a - b)
  }

  it('counts the whole cut-off day if dates are timestamps', async () => {
    const elapsed = { atLeast: 1, lessThan: null, unit: 'month' } as const
    expect(await found(event(201_826, { elapsed }))).toEqual([1])
    const since = { atLeast: null, lessThan: 1, unit: 'month' } as const
    expect(await found(event(201_826, { elapsed: since }))).toEqual([2])
  })

  it('finds concept IDs of more than 32 bits, even if other columns have 32 bits', async () => {
    expect(await found(event(9_000_000_000))).toEqual([3])
    expect(await found(event(9_000_000_001))).toEqual([])
  })

  it('treats NaN and infinity as unknown', async () => {
    expect(await found(event(3_004_249, { value: { low: 0, high: null } }))).toEqual([3])
    expect(await found(event(3_004_249, { value: { low: null, high: 2 } }))).toEqual([3])
    expect(await found(event(3_004_249))).toEqual([1, 2, 3, 4])
  })
}

describe('unusual columns on DuckDB', () => {
  testUnusualColumns('duckdb', () => DuckDbCdm.create('cdm'))
})

describePostgres('unusual columns on PostgreSQL', () => {
  testUnusualColumns('postgres', () => PostgresCdm.create('cdm'))
})
