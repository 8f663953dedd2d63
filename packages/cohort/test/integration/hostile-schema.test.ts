import { describePostgres } from '@warren/testkit'
import { describe, expect, it } from 'vitest'
import { type Cohort, type CohortDialect, compileCohort } from '../../src/index.ts'
import type { CdmDatabase } from '../cdm/cdm-database.ts'
import { DuckDbCdm } from '../cdm/duckdb-cdm.ts'
import { PostgresCdm } from '../cdm/postgres-cdm.ts'

const NAMES = [
  'cdm"; drop table person; --',
  "it's",
  'a.b',
  'select',
  'cdm]; drop table person; --',
  'white space\nand more',
  '$1',
]
const DATA = {
  person: [
    {
      person_id: 1,
      gender_concept_id: 8507,
      race_concept_id: 0,
      ethnicity_concept_id: 0,
      year_of_birth: 1980,
      month_of_birth: 1,
      location_id: null,
    },
  ],
}
const COHORT: Cohort = { kind: 'demographic', concept: 8507 }

function compile(dialect: CohortDialect, schema: string) {
  const options = { specimen: true, location: true }
  return compileCohort(COHORT, { dialect, schema, now: new Date(2026, 0, 1), options })
}

function staysAName(
  dialect: CohortDialect,
  create: (schema: string) => Promise<CdmDatabase>,
): void {
  it.each(NAMES)('%j is the name of a schema and nothing else', async (schema) => {
    await using database = await create(schema)
    await database.load(DATA)
    expect(await database.count(compile(dialect, schema))).toBe(1)
    expect(await database.count(compile(dialect, schema))).toBe(1)
  })

  it('a name that is not there is an error, not another schema', async () => {
    await using database = await create('cdm')
    await expect(database.count(compile(dialect, 'cdm" as x --'))).rejects.toThrow()
  })
}

describe('a schema name on DuckDB', () => {
  staysAName('duckdb', (schema) => DuckDbCdm.create(schema))
})

describePostgres('a schema name on PostgreSQL', () => {
  staysAName('postgres', (schema) => PostgresCdm.create(schema))
})

describe('a schema name on SQL Server', () => {
  it('has its closing brackets doubled', () => {
    expect(compile('mssql', 'cdm]; drop table person; --').text).toContain(
      'from [cdm]]; drop table person; --].person p',
    )
  })
})

describe('a schema name', () => {
  it('with a NUL is refused, because servers end the name there', () => {
    expect(() => compile('postgres', 'cdm\0"')).toThrow(RangeError)
  })
})
