import { parsePostgresAddress } from '@warren/database'
import { createDatabase, describePostgres } from '@warren/testkit'
import {
  decodeAlternatives,
  decodeDistribution,
  fileText,
  type EncodedResult,
} from '@warren/task-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CdmSource } from '../../src/sources/cdm-source.ts'
import { PostgresSource } from '../../src/sources/postgres-source.ts'
import { startDeadline } from '../../src/solve/run-query.ts'
import type { SolveContext } from '../../src/solve/solve-context.ts'
import { solveTask } from '../../src/solve/solve-task.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'
import { availability, distribution, person, rule } from '../support/tasks.ts'
import {
  fillPostgres,
  unevenDuckDb,
  UNEVEN_SCHEMA,
  type UnevenData,
} from '../support/uneven-hospital.ts'

const MALE = 8507
const FEMALE = 8532
const WHITE = 8527
const COUGH = 254_761
const ASTHMA = 317_009

const people = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** 12 people with two rows each, half of them men; 5 have a cough. 40 events are of people who are not in `person`. */
const DATA: UnevenData = {
  concepts: [
    [MALE, 'MALE'],
    [FEMALE, 'FEMALE'],
    [WHITE, 'White'],
    [COUGH, 'Cough'],
    [COUGH, 'Cough, loaded twice'],
    [ASTHMA, 'Asthma'],
  ],
  persons: [...people(1, 12), ...people(1, 12)].map((id) => [
    id,
    id <= 6 ? MALE : FEMALE,
    WHITE,
    1980,
  ]),
  conditions: [
    ...people(1, 5).map((id): [number, number] => [id, COUGH]),
    ...people(1001, 1040).map((id): [number, number] => [id, COUGH]),
    ...people(1001, 1040).map((id): [number, number] => [id, ASTHMA]),
  ],
}

function countsPeople(open: () => Promise<CdmSource>): void {
  let source: CdmSource
  beforeAll(async () => {
    source = await open()
  })
  afterAll(() => source[Symbol.asyncDispose]())

  const solve = async (task: unknown, threshold: number, more: Partial<SolveContext> = {}) => {
    const { result, failure } = await solveTask(task, {
      source,
      policy: { threshold, nearest: threshold },
      omop: { specimen: true, location: false, device: true, visit: true, death: true },
      collectionId: 'our_collection',
      version: '1.2.3',
      encode: true,
      deadline: startDeadline(60_000),
      stop: new AbortController().signal,
      clock: new JumpingClock(Date.parse('2026-06-01T12:00:00Z')),
      log: recordingLog().log,
      ...more,
    })
    expect(failure).toBeUndefined()
    return result
  }
  const rowsOf = (result: EncodedResult) => {
    const [file] = result.queryResult.files
    return file === undefined ? [] : decodeDistribution(fileText(file)).rows
  }

  it('counts people with several rows once, in every kind of task alike', async () => {
    const count = async (task: unknown) => (await solve(task, 0)).queryResult.count
    expect(await count(availability([person(String(MALE))]))).toBe(6)
    expect(await count(availability([rule(String(COUGH))]))).toBe(5)
    const codes = rowsOf(await solve(distribution('GENERIC'), 0))
    expect(codes.map(({ code, count }) => [code, count])).toEqual([
      [`OMOP:${String(COUGH)}`, 5],
      [`OMOP:${String(MALE)}`, 6],
      [`OMOP:${String(FEMALE)}`, 6],
      [`OMOP:${String(WHITE)}`, 12],
    ])
    const [sex, genomics, age] = rowsOf(
      await solve(distribution('DEMOGRAPHICS'), 0, { ages: true }),
    )
    expect(sex?.count).toBe(12)
    expect(Object.fromEntries(decodeAlternatives(sex?.alternatives ?? ''))).toEqual({
      Male: 6,
      Female: 6,
    })
    expect(genomics?.alternatives).toBe('^No|12^')
    expect(age).toMatchObject({ count: 12, alternatives: '^45-49|12^' })
  })

  it('suppresses what only duplicates bring to the threshold', async () => {
    expect((await solve(availability([rule(String(COUGH))]), 10)).queryResult.count).toBe(0)
    expect((await solve(availability([person(String(MALE))]), 10)).queryResult.count).toBe(0)
    const codes = rowsOf(await solve(distribution('GENERIC'), 10))
    expect(codes.map(({ code, count }) => [code, count])).toEqual([[`OMOP:${String(WHITE)}`, 10]])
    const [sex] = rowsOf(await solve(distribution('DEMOGRAPHICS'), 10))
    expect(sex).toMatchObject({ count: 10, alternatives: '' })
  })

  it('counts no one for events of people who are not in person', async () => {
    const none = await solve(availability([rule(String(ASTHMA))]), 0)
    expect(none.queryResult.count).toBe(0)
    const codes = rowsOf(await solve(distribution('GENERIC'), 0))
    expect(codes.map(({ omop }) => omop)).not.toContain(String(ASTHMA))
  })

  it('warns at start that person_id is not unique', async () => {
    const { problems, ok } = await source.check()
    expect(ok).toBe(true)
    expect(problems).toContainEqual(
      expect.objectContaining({ severity: 'warning', code: 'duplicate-person', table: 'person' }),
    )
  })
}

describe('uneven data in DuckDB', () => {
  countsPeople(async () => {
    const hospital = await unevenDuckDb()
    await hospital.load(DATA)
    return hospital.source
  })
})

describePostgres('uneven data in PostgreSQL', () => {
  countsPeople(async () => {
    const database = await createDatabase()
    await fillPostgres(database.url, DATA)
    return PostgresSource.open({ ...parsePostgresAddress(database.url), schema: UNEVEN_SCHEMA })
  })
})
