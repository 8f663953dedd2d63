import { DuckDBInstance } from '@duckdb/node-api'
import { parsePostgresAddress } from '@warren/database'
import { createDatabase, describePostgres } from '@warren/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { PROFILE_NAMES, generateOmop, type GenerateReport } from '../../src/generate-omop.ts'
import { SYNTHETIC_TABLES } from '../../src/synthetic/synthetic-tables.ts'
import type { CdmSource, Row, SqlValue } from '@warren/bunny'
import { DuckDbSource, PostgresSource } from '@warren/bunny/sources'

interface Generated extends AsyncDisposable {
  readonly report: GenerateReport
  readonly source: CdmSource
}

async function generated(options: {
  persons: number
  seed: number
  profile?: string
}): Promise<Generated> {
  const instance = await DuckDBInstance.create()
  const report = await generateOmop({ ...options, to: instance })
  const source = DuckDbSource.forInstance(instance)
  return {
    report,
    source,
    [Symbol.asyncDispose]: async () => {
      await source[Symbol.asyncDispose]()
      instance.closeSync()
    },
  }
}

async function allRows(source: CdmSource, table: string): Promise<readonly Row[]> {
  return source.query({ text: `SELECT * FROM ${table} ORDER BY 1, 2, 3`, values: [] })
}

async function number(source: CdmSource, text: string, ...values: SqlValue[]): Promise<number> {
  const [row] = await source.query({ text, values })
  return Number(Object.values(row ?? {})[0])
}

const withCondition = (source: CdmSource, concept: number): Promise<number> =>
  number(
    source,
    'SELECT count(DISTINCT person_id) FROM condition_occurrence WHERE condition_concept_id = $1',
    concept,
  )

describe('synthetic patients', () => {
  it('are the same for the same seed, and different for another seed', async () => {
    await using one = await generated({ persons: 150, seed: 7 })
    await using same = await generated({ persons: 150, seed: 7 })
    await using other = await generated({ persons: 150, seed: 8 })
    for (const table of SYNTHETIC_TABLES) {
      expect(await allRows(same.source, table), table).toEqual(await allRows(one.source, table))
    }
    expect(await allRows(other.source, 'person')).not.toEqual(await allRows(one.source, 'person'))
  })

  it('do not depend on the number of patients', async () => {
    await using few = await generated({ persons: 50, seed: 3 })
    await using many = await generated({ persons: 200, seed: 3 })
    const people = await allRows(many.source, 'person')
    expect(people.slice(0, 50)).toEqual(await allRows(few.source, 'person'))
  })

  it('are reported with their number of rows', async () => {
    await using one = await generated({ persons: 300, seed: 1 })
    for (const { table, rows } of one.report.tables) {
      expect(await number(one.source, `SELECT count(*) FROM ${table}`), table).toBe(rows)
    }
  })

  it('differ between profiles', async () => {
    const origins = new Set<string>()
    for (const profile of PROFILE_NAMES) {
      await using one = await generated({ persons: 400, seed: 1, profile })
      const white = await number(
        one.source,
        'SELECT count(*) FROM person WHERE race_concept_id = 8527',
      )
      const old = await number(one.source, 'SELECT count(*) FROM person WHERE year_of_birth < 1950')
      origins.add(`${white} ${old}`)
    }
    expect(origins.size).toBe(PROFILE_NAMES.length)
  })
})

const persons = 5000
let hospital: Generated

const count = (text: string, ...values: SqlValue[]): Promise<number> =>
  number(hospital.source, text, ...values)

const ageWith = (concept: number): Promise<number> =>
  count(
    `SELECT avg(2026 - year_of_birth) FROM person WHERE person_id IN
       (SELECT person_id FROM condition_occurrence WHERE condition_concept_id = $1)`,
    concept,
  )

/** Share of the people matching `where` who take metformin. */
const onMetformin = async (where: string): Promise<number> =>
  (await count(
    `SELECT count(*) FROM person WHERE ${where} AND person_id IN
       (SELECT person_id FROM drug_exposure WHERE drug_concept_id = 1503297)`,
  )) / (await count(`SELECT count(*) FROM person WHERE ${where}`))

describe('5,000 synthetic patients', () => {
  beforeAll(async () => {
    hospital = await generated({ persons, seed: 11 })
  })
  afterAll(() => hospital[Symbol.asyncDispose]())

  it('pass the check of the bunny', async () => {
    expect(await hospital.source.check({ specimen: true, location: true })).toMatchObject({
      ok: true,
      problems: [],
    })
  })

  it('refer to existing concepts and people only', async () => {
    const references = [
      ['condition_occurrence', 'condition_concept_id'],
      ['drug_exposure', 'drug_concept_id'],
      ['procedure_occurrence', 'procedure_concept_id'],
      ['measurement', 'measurement_concept_id'],
      ['measurement', 'unit_concept_id'],
      ['observation', 'observation_concept_id'],
      ['specimen', 'specimen_concept_id'],
      ['visit_occurrence', 'visit_concept_id'],
      ['person', 'race_concept_id'],
    ]
    for (const [table, column] of references) {
      expect(
        await count(
          `SELECT count(*) FROM ${table} WHERE ${column} NOT IN (SELECT concept_id FROM concept)
              OR person_id NOT IN (SELECT person_id FROM person)`,
        ),
        `${table}.${column}`,
      ).toBe(0)
    }
  })

  it('have all records within their observation period', async () => {
    for (const [table, column] of [
      ['condition_occurrence', 'condition_start_date'],
      ['drug_exposure', 'drug_exposure_end_date'],
      ['procedure_occurrence', 'procedure_date'],
      ['measurement', 'measurement_date'],
      ['specimen', 'specimen_date'],
      ['death', 'death_date'],
    ]) {
      expect(
        await count(
          `SELECT count(*) FROM ${table} e JOIN observation_period p USING (person_id)
            WHERE e.${column} NOT BETWEEN observation_period_start_date AND observation_period_end_date`,
        ),
        table,
      ).toBe(0)
    }
  })

  it('are half women, of all ages, and mostly alive', async () => {
    const women = await count('SELECT count(*) FROM person WHERE gender_concept_id = 8532')
    expect(women / persons).toBeGreaterThan(0.47)
    expect(women / persons).toBeLessThan(0.55)
    expect(
      await count('SELECT max(year_of_birth) - min(year_of_birth) FROM person'),
    ).toBeGreaterThan(85)
    const dead = await count('SELECT count(*) FROM death')
    expect(dead / persons).toBeGreaterThan(0.03)
    expect(dead / persons).toBeLessThan(0.15)
  })

  it('have common, uncommon and rare conditions, and some below the suppression threshold', async () => {
    const hypertension = await withCondition(hospital.source, 320_128)
    expect(hypertension / persons).toBeGreaterThan(0.15)
    expect(hypertension / persons).toBeLessThan(0.35)
    const diabetes = await withCondition(hospital.source, 201_826)
    expect(diabetes / persons).toBeGreaterThan(0.05)
    expect(diabetes / persons).toBeLessThan(0.15)
    const suppressed = await count(
      `SELECT count(*) FROM (SELECT condition_concept_id FROM condition_occurrence
         GROUP BY 1 HAVING count(DISTINCT person_id) BETWEEN 1 AND 9)`,
    )
    expect(suppressed).toBeGreaterThan(5)
  })

  it('have diseases of old age late and asthma early', async () => {
    expect(await ageWith(4_182_210)).toBeGreaterThan(75)
    expect(await ageWith(317_009)).toBeLessThan(55)
  })

  it('take the drugs of their conditions', async () => {
    const diabetic =
      'person_id IN (SELECT person_id FROM condition_occurrence WHERE condition_concept_id = 201826)'
    expect(await onMetformin(diabetic)).toBeGreaterThan(0.4)
    expect(await onMetformin(`NOT ${diabetic}`)).toBeLessThan(0.05)
  })

  it('have plausible measurements, which are higher with matching diseases', async () => {
    const mean = (concept: number): Promise<number> =>
      count(
        'SELECT avg(value_as_number) FROM measurement WHERE measurement_concept_id = $1',
        concept,
      )
    expect(await mean(3_004_249)).toBeGreaterThan(115)
    expect(await mean(3_004_249)).toBeLessThan(140)
    expect(await mean(3_038_553)).toBeGreaterThan(22)
    expect(await mean(3_038_553)).toBeLessThan(31)
    const hba1c = (diabetic: boolean): Promise<number> =>
      count(
        `SELECT avg(value_as_number) FROM measurement WHERE measurement_concept_id = 3004410 AND person_id
           ${diabetic ? '' : 'NOT'} IN (SELECT person_id FROM condition_occurrence WHERE condition_concept_id = 201826)`,
      )
    expect((await hba1c(true)) - (await hba1c(false))).toBeGreaterThan(1)
    expect(
      await count('SELECT count(*) FROM measurement WHERE value_as_number IS NULL'),
    ).toBeGreaterThan(0)
  })

  it('live in the United Kingdom, some of them at an unknown place', async () => {
    const outside = `latitude NOT BETWEEN 49.8 AND 60.9 OR longitude NOT BETWEEN -8.7 AND 1.8`
    expect(await count(`SELECT count(*) FROM location WHERE ${outside}`)).toBe(0)
    expect(await count('SELECT count(*) FROM person WHERE location_id IS NULL')).toBeGreaterThan(0)
  })

  it('have observations with numbers, with concepts, and without a value', async () => {
    for (const condition of [
      'value_as_number IS NOT NULL',
      'value_as_concept_id IS NOT NULL',
      'value_as_number IS NULL AND value_as_concept_id IS NULL',
    ]) {
      expect(await count(`SELECT count(*) FROM observation WHERE ${condition}`)).toBeGreaterThan(
        100,
      )
    }
  })

  it('have conditions below the headings of the hierarchy', async () => {
    expect(
      await count(
        `SELECT count(DISTINCT person_id) FROM condition_occurrence JOIN concept_ancestor
           ON descendant_concept_id = condition_concept_id WHERE ancestor_concept_id = 134057`,
      ),
    ).toBeGreaterThan(await withCondition(hospital.source, 320_128))
  })
})

describe('invalid options', () => {
  it.each([
    [{ persons: 0 }, '--persons'],
    [{ persons: 1.5 }, '--persons'],
    [{ seed: -1 }, '--seed'],
    [{ profile: 'citty' }, 'citty'],
    [{ until: '06/30/2026' }, '--until "06/30/2026"'],
  ])('%j is rejected with exit code 64', async (wrong, mentions) => {
    const to = await DuckDBInstance.create()
    await expect(generateOmop({ persons: 10, seed: 1, to, ...wrong })).rejects.toMatchObject({
      exitCode: 64,
      message: expect.stringContaining(mentions),
    })
    to.closeSync()
  })
})

describePostgres('synthetic patients in PostgreSQL', () => {
  it('are the same rows as in DuckDB', async () => {
    await using database = await createDatabase()
    await generateOmop({ persons: 400, seed: 5, to: database.url, profile: 'university' })
    await using postgres = await PostgresSource.open(parsePostgresAddress(database.url, {}))
    await using duckDb = await generated({ persons: 400, seed: 5, profile: 'university' })
    for (const table of SYNTHETIC_TABLES) {
      expect(await allRows(postgres, table), table).toEqual(await allRows(duckDb.source, table))
    }
    expect(await postgres.check({ specimen: true, location: true })).toMatchObject({ problems: [] })
  })
})
