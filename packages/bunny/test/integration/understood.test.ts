import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDeadline } from '../../src/solve/run-query.ts'
import { solveTask } from '../../src/solve/solve-task.ts'
import { DuckDbSource } from '../../src/sources/duckdb-source.ts'
import { JumpingClock } from '../support/jumping-clock.ts'
import { recordingLog } from '../support/log-lines.ts'
import { availability, rule } from '../support/tasks.ts'

const HBA1C = '3004410'

/** Two people with a value of 7, one in per cent and one in mmol/mol, and one event at 23:30 UTC. */
const TABLES = `
CREATE TABLE person (person_id INTEGER, gender_concept_id INTEGER, year_of_birth INTEGER, race_concept_id INTEGER, ethnicity_concept_id INTEGER);
INSERT INTO person VALUES (1, 8507, 1970, 0, 0), (2, 8532, 1980, 0, 0);
CREATE TABLE measurement (person_id INTEGER, measurement_concept_id INTEGER, measurement_date DATE, measurement_datetime TIMESTAMPTZ, measurement_type_concept_id INTEGER, value_as_number DOUBLE, unit_source_value VARCHAR);
INSERT INTO measurement VALUES (1, ${HBA1C}, '2026-01-01', NULL, 0, 7, '%'), (2, ${HBA1C}, NULL, '2026-06-30 23:30:00+00', 0, 7, 'mmol/mol');
CREATE TABLE observation (person_id INTEGER, observation_concept_id INTEGER, observation_date DATE, observation_type_concept_id INTEGER, value_as_number DOUBLE);
CREATE TABLE condition_occurrence (person_id INTEGER, condition_concept_id INTEGER, condition_start_date DATE, condition_type_concept_id INTEGER);
CREATE TABLE drug_exposure (person_id INTEGER, drug_concept_id INTEGER, drug_exposure_start_date DATE, drug_type_concept_id INTEGER);
CREATE TABLE procedure_occurrence (person_id INTEGER, procedure_concept_id INTEGER, procedure_date DATE, procedure_type_concept_id INTEGER);`

describe('a question', () => {
  let folder: string
  let source: DuckDbSource

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-understood-'))
    const path = join(folder, 'omop.duckdb')
    const instance = await DuckDBInstance.create(path)
    const connection = await instance.connect()
    await connection.run(TABLES)
    connection.closeSync()
    instance.closeSync()
    source = await DuckDbSource.open({ path, timeZone: 'UTC' })
  })
  afterAll(async () => {
    await source[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const solve = (task: unknown, timeZone = 'UTC', now = '2026-07-01T12:00:00Z') =>
    solveTask(task, {
      source,
      policy: { threshold: 0, nearest: 0 },
      omop: { specimen: false, location: false },
      timeZone,
      collectionId: 'our_collection',
      version: '9.9.9',
      encode: true,
      deadline: startDeadline(60_000),
      stop: new AbortController().signal,
      clock: new JumpingClock(Date.parse(now)),
      log: recordingLog().log,
    })

  const inUnit = (unit: string) =>
    availability([
      rule('5|10', { varcat: 'Measurement', type: 'NUM', varname: `OMOP=${HBA1C}`, unit }),
    ])

  it('with a member that is not known is refused by its path, with all of them', async () => {
    const task = availability([rule('1', { negate: true, ext: null, name: 'for people' })])
    const [group] = task.cohort.groups
    const { result } = await solve({
      ...task,
      filters: ['x'],
      cohort: { ...task.cohort, groups: [{ ...group, exclude: true, 'a b': 1 }] },
    })
    expect(result.status).toBe('error')
    for (const path of [
      'filters',
      'cohort.groups[0].exclude',
      'cohort.groups[0]["a b"]',
      'cohort.groups[0].rules[0].negate',
    ]) {
      expect(result.message).toContain(`${path}: unknown member`)
    }
    expect(result.message).not.toContain('name')
  })

  it('with a unit compares values in it only, and says so', async () => {
    expect((await solve(inUnit(''))).result.queryResult.count).toBe(2)
    for (const unit of ['%', 'mmol/mol']) {
      expect((await solve(inUnit(unit))).result).toMatchObject({
        message: `only values in "${unit}" were compared`,
        queryResult: { count: 1 },
      })
    }
    expect((await solve(inUnit('8554'))).result.message).toContain('this site has no units')
  })

  it('about time reads the datetime where there is no date, in the zone of the site', async () => {
    const recent = availability([rule(HBA1C, { time: '|1:TIME:D' })])
    // The event is on 30 June in UTC, so it is a day ago on 1 July, and not less than a day.
    expect((await solve(recent)).result.queryResult.count).toBe(0)
    expect((await solve(recent, 'UTC', '2026-06-30T23:45:00Z')).result.queryResult.count).toBe(1)
    // In Auckland, the same moment is on 1 July.
    expect(
      (await solve(recent, 'Pacific/Auckland', '2026-06-30T23:45:00Z')).result.queryResult.count,
    ).toBe(0)
  })

  it('with millions of values is refused before it is read', async () => {
    const huge = availability([rule('1', { secondary_modifier: Array(3_300_000).fill('') })])
    const startedAt = performance.now()
    const { result } = await solve(huge)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    expect(result.message).toContain('secondary_modifier: has 3300000 elements')
    const groups = { ...huge, cohort: { groups: Array(3_300_000).fill(null), groups_oper: 'OR' } }
    expect((await solve(groups)).result.message).toContain('cohort: has more than 5000')
  })
})
