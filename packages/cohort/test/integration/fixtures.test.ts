import { readFileSync, readdirSync } from 'node:fs'
import { describePostgres } from '@warren/testkit'
import { parseTask } from '@warren/task-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type CdmData,
  type Cohort,
  type SqlDialect,
  type CohortOptions,
  compileCohort,
  evaluateCohort,
  parseCohort,
} from '../../src/index.ts'
import { CHOSEN_DIALECTS } from '../cdm/chosen-dialects.ts'
import type { CdmDatabase } from '../cdm/cdm-database.ts'
import { DuckDbCdm } from '../cdm/duckdb-cdm.ts'
import { PostgresCdm } from '../cdm/postgres-cdm.ts'

const FOLDER = new URL('../fixtures/', import.meta.url)
/** The last day of March: a month before it is the last day of February. */
const NOW = new Date(2026, 2, 31, 23, 59)

interface Expected {
  readonly about: string
  readonly options: CohortOptions
  readonly persons: readonly number[]
}

interface Case extends Expected {
  readonly name: string
  readonly cohort: Cohort
}

function read(path: string): string {
  return readFileSync(new URL(path, FOLDER), 'utf8')
}

const hospital: CdmData = JSON.parse(read('hospital.json'))

const cases = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }): Case => {
    const expected: Expected = JSON.parse(read(`${name}/expected.json`))
    const task = parseTask(JSON.parse(read(`${name}/request.json`)))
    if (task.kind !== 'availability') throw new Error(`${name} is not an availability task`)
    const parsed = parseCohort(task.cohort, expected.options)
    if (!parsed.ok) throw new Error(`${name}: ${JSON.stringify(parsed.problems)}`)
    return { ...expected, name, cohort: parsed.cohort }
  })
  .sort((a, b) => a.name.localeCompare(b.name))

function compiled({ cohort, options }: Case, dialect: SqlDialect) {
  return compileCohort(cohort, { dialect, schema: 'cdm', now: NOW, options })
}

describe('fixtures', () => {
  it('exist', () => {
    expect(cases.length).toBeGreaterThan(40)
  })

  it.each(cases)('$name: $about', ({ cohort, options, persons }) => {
    const found = evaluateCohort(cohort, hospital, { now: NOW, options })
    expect([...found].sort((a, b) => a - b)).toEqual(persons)
  })

  describe.each(CHOSEN_DIALECTS)('as %s SQL', (dialect) => {
    // After an intended change, run "npx vitest run packages/cohort -u" and review the difference.
    it.each(cases)('$name', async (subject) => {
      const { text, values } = compiled(subject, dialect)
      const bound = values.map((value, index) => `-- ${index + 1}: ${JSON.stringify(value)}`)
      const file = new URL(`${subject.name}/${dialect}.sql`, FOLDER)
      await expect([text, ...bound, ''].join('\n')).toMatchFileSnapshot(file.pathname)
    })
  })
})

function testFixtures(dialect: SqlDialect, create: () => Promise<CdmDatabase>): void {
  let database: CdmDatabase

  beforeAll(async () => {
    database = await create()
    await database.load(hospital)
  })

  afterAll(() => database[Symbol.asyncDispose]())

  it.each(cases)('$name', async (subject) => {
    const statement = compiled(subject, dialect)
    const found = await database.persons(statement)
    expect(found.sort((a, b) => a - b)).toEqual(subject.persons)
    expect(await database.count(statement)).toBe(subject.persons.length)
  })
}

describe.runIf(CHOSEN_DIALECTS.includes('duckdb'))('fixtures on DuckDB', () => {
  testFixtures('duckdb', () => DuckDbCdm.create('cdm'))
})

if (CHOSEN_DIALECTS.includes('postgres')) {
  describePostgres('fixtures on PostgreSQL', () => {
    testFixtures('postgres', () => PostgresCdm.create('cdm'))
  })
}
