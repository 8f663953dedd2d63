import { describePostgres } from '@warren/testkit'
import { describe, expect, it } from 'vitest'
import { type Cohort, type SqlDialect, compileCohort } from '../../src/index.ts'
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

function compile(dialect: SqlDialect, schema: string) {
  const options = { specimen: true, location: true }
  return compileCohort(COHORT, { dialect, schema, now: new Date(2026, 0, 1), options })
}

function testSchemaNames(
  dialect: SqlDialect,
  create: (schema: string) => Promise<CdmDatabase>,
): void {
  it.each(NAMES)('%j is read as one name', async (schema) => {
    await using database = await create(schema)
    await database.load(DATA)
    expect(await database.count(compile(dialect, schema))).toBe(1)
    expect(await database.count(compile(dialect, schema))).toBe(1)
  })

  it('fails if the schema does not exist, and uses no other', async () => {
    await using database = await create('cdm')
    await expect(database.count(compile(dialect, 'cdm" as x --'))).rejects.toThrow()
  })
}

describe('schema name on DuckDB', () => {
  testSchemaNames('duckdb', (schema) => DuckDbCdm.create(schema))
})

describePostgres('schema name on PostgreSQL', () => {
  testSchemaNames('postgres', (schema) => PostgresCdm.create(schema))
})

describe('schema name on SQL Server', () => {
  it('is written with doubled closing brackets', () => {
    expect(compile('mssql', 'cdm]; drop table person; --').text).toContain(
      'from [cdm]]; drop table person; --].person p',
    )
  })
})

describe('schema name', () => {
  it('is rejected if it contains a NUL, where some servers end the name', () => {
    expect(() => compile('postgres', 'cdm\0"')).toThrow(RangeError)
  })
})
