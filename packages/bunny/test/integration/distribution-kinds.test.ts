import { parsePostgresAddress } from '@warren/database'
import { decodeDistribution, fileText, type EncodedResult } from '@warren/task-api'
import { createDatabase, describePostgres } from '@warren/testkit'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDeadline } from '../../src/solve/run-query.ts'
import type { SolveContext } from '../../src/solve/solve-context.ts'
import { solveTask } from '../../src/solve/solve-task.ts'
import type { CdmSource } from '../../src/sources/cdm-source.ts'
import { openSource } from '../../src/sources/engines.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'
import { distribution } from '../support/tasks.ts'
import { fillPostgres, UNEVEN_SCHEMA, unevenDuckDb } from '../support/uneven-hospital.ts'

const people = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** 300 people. 120 have hypertension (I10), 50 asthma (J45) and 4 diabetes (E10). */
const DATA = {
  persons: people(1, 300).map((id) => [id, 8507, 8527, 1970] as const),
  conditions: [
    ...people(1, 120).map((id) => [id, 201] as const),
    ...people(51, 100).map((id) => [id, 202] as const),
    ...people(1, 4).map((id) => [id, 203] as const),
  ],
  concepts: [
    [8507, 'MALE'],
    [8527, 'White'],
    [201, 'Hypertension'],
    [202, 'Asthma'],
    [203, 'Diabetes'],
    [3000, 'Systolic pressure'],
    [3001, 'Rare test'],
    [5001, 'Pacemaker'],
    [9201, 'Inpatient Visit'],
    [6001, 'Heart failure'],
  ] as const,
}

const events = (table: string, columns: string, rows: readonly (readonly number[])[]): string =>
  `INSERT INTO ${UNEVEN_SCHEMA}.${table} (person_id, ${columns}) VALUES ${rows.map((row) => `(${row.join(', ')})`).join(', ')}`

const MORE = [
  `INSERT INTO ${UNEVEN_SCHEMA}.concept (concept_id, concept_name, domain_id, vocabulary_id, concept_code) VALUES
    (901, 'Essential hypertension', 'Condition', 'ICD10', 'I10'),
    (902, 'Predominantly allergic asthma', 'Condition', 'ICD10', 'J45.0'),
    (903, 'Asthma', 'Condition', 'ICD10', 'J45'),
    (904, 'Type 1 diabetes mellitus', 'Condition', 'ICD10', 'E10')`,
  `INSERT INTO ${UNEVEN_SCHEMA}.concept_relationship VALUES
    (901, 201, 'Maps to', NULL), (902, 202, 'Maps to', ''), (904, 203, 'Maps to', NULL), (903, 201, 'Maps to', 'D')`,
  // Values from 1 to 250, one per person.
  events(
    'measurement',
    'measurement_concept_id, value_as_number',
    people(1, 250).map((id) => [id, 3000, id]),
  ),
  events(
    'measurement',
    'measurement_concept_id, value_as_number',
    people(1, 100).map((id) => [id, 3001, id]),
  ),
  events(
    'device_exposure',
    'device_concept_id',
    people(1, 30).map((id) => [id, 5001]),
  ),
  events(
    'visit_occurrence',
    'visit_concept_id',
    people(1, 40).map((id) => [id, 9201]),
  ),
  // Two rows for each of them.
  events(
    'death',
    'cause_concept_id',
    [...people(1, 20), ...people(1, 20)].map((id) => [id, 6001]),
  ),
]

const rowsOf = ({ queryResult }: EncodedResult) => {
  const file = queryResult.files.find(({ file_name }) => file_name === 'code.distribution')
  if (file === undefined) throw new Error('no code.distribution')
  return decodeDistribution(fileText(file)).rows
}

function distributes(open: () => Promise<{ source: CdmSource; close: () => Promise<void> }>): void {
  let opened: Awaited<ReturnType<typeof open>>
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.close())

  const solve = async (code: string, more: Partial<SolveContext> = {}) => {
    const { result, failure } = await solveTask(distribution(code), {
      source: opened.source,
      policy: { threshold: 10, nearest: 10 },
      omop: { specimen: false, location: false },
      collectionId: 'our_collection',
      version: '9.9.9',
      encode: true,
      deadline: startDeadline(60_000),
      stop: new AbortController().signal,
      clock: new JumpingClock(),
      log: recordingLog().log,
      ...more,
    })
    expect(failure).toBeUndefined()
    return rowsOf(result)
  }

  it('counts people by ICD-10 chapter and category', async () => {
    const rows = await solve('ICD-MAIN')
    expect(
      rows.map(({ code, count, omop, omopDescription, category }) => [
        code,
        count,
        omop,
        omopDescription,
        category,
      ]),
    ).toEqual([
      ['ICD10:I00-I99', 120, '', '', 'ICD chapter'],
      ['ICD10:I10', 120, '901', 'Essential hypertension', 'ICD code'],
      ['ICD10:J00-J99', 50, '', '', 'ICD chapter'],
      ['ICD10:J45', 50, '903', 'Asthma', 'ICD code'],
    ])
  })

  it('adds statistics of values if enough people have one', async () => {
    const rows = await solve('GENERIC', { statistics: true })
    const statistics = (concept: string) => {
      const { count, min, q1, median, mean, q3, max } =
        rows.find(({ omop }) => omop === concept) ?? {}
      return { count, min, q1, median, mean, q3, max }
    }
    // The 5th percentile is 13.45 and the 95th is 237.55: a hundredth of their distance is rounded to tens.
    expect(statistics('3000')).toEqual({
      count: 250,
      min: 10,
      q1: 60,
      median: 130,
      mean: 130,
      q3: 190,
      max: 240,
    })
    const none = { min: null, q1: null, median: null, mean: null, q3: null, max: null }
    expect(statistics('3001')).toEqual({ count: 100, ...none })
    const without = await solve('GENERIC')
    expect(without.find(({ omop }) => omop === '3000')).toMatchObject({ count: 250, ...none })
  })

  it('has devices, visits and causes of death only if the site allows it', async () => {
    const codes = async (omop: SolveContext['omop']) =>
      (await solve('GENERIC', { omop }))
        .filter(({ category }) => ['Device', 'Visit', 'Death'].includes(category))
        .map(({ omop: concept, count, category }) => [category, concept, count])
    const specimen = false
    const location = false
    expect(await codes({ specimen, location })).toEqual([])
    expect(await codes({ specimen, location, device: true, visit: true, death: true })).toEqual(
      expect.arrayContaining([
        ['Device', '5001', 30],
        ['Visit', '9201', 40],
        ['Death', '6001', 20],
      ]),
    )
  })
}

describe('the kinds of distributions on DuckDB', () => {
  distributes(async () => {
    const hospital = await unevenDuckDb()
    await hospital.load(DATA)
    for (const statement of MORE) await hospital.run(statement)
    return { source: hospital.source, close: async () => await hospital[Symbol.asyncDispose]() }
  })
})

describePostgres('the kinds of distributions on PostgreSQL', () => {
  distributes(async () => {
    const database = await createDatabase()
    await fillPostgres(database.url, DATA)
    const client = new Client({ connectionString: database.url })
    await client.connect()
    for (const statement of MORE) await client.query(statement)
    await client.end()
    const source = await openSource({
      driver: 'postgresql',
      ...parsePostgresAddress(database.url, {}),
      schema: UNEVEN_SCHEMA,
    })
    const close = async (): Promise<void> => {
      await source[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    }
    return { source, close }
  })
})
