import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { parsePostgresAddress } from '@warren/database'
import { createDatabase, describePostgres } from '@warren/testkit'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { LoadError } from '../../src/load-problem.ts'
import { loadOmop } from '../../src/load-omop.ts'
import type { LoadReport } from '../../src/load-report.ts'
import type { CdmSource, Row } from '@warren/bunny'
import { DuckDbSource, PostgresSource } from '@warren/bunny/sources'

const PERSON = [
  'person_id,gender_concept_id,year_of_birth,birth_datetime,race_concept_id,person_source_value',
  '1,8507,1974,1974-12-06,8527,"Smith, ""Jo"""',
  '2,8532,1950,19500802,,',
  '3,8532,1990,1990-1-2 10:20:30,0,plain',
].join('\n')

const CONDITION = [
  'condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_type_concept_id',
  '1,1,201826,2015-1-6,32020',
  '2,2,320128,2015-01-06,32020',
  '3,2,201826,20150106,32020',
].join('\n')

/** Tabs, literal quotes, a space in the header, another order, an unknown column, CR LF in one line and a BOM. */
const MEASUREMENT = [
  '\uFEFFMeasurement_Concept_ID \tperson_id\tward\tmeasurement_date\tvalue_as_number\tmeasurement_id\tvalue_source_value',
  '3004249\t1\tA\t2016-02-29\t140\t1\t5" tube',
  '3004410\t2\tB\t2016-03-01\t7.25\t2\t\r',
  '3004410\t2\tB\t2016-03-02\t\\N\t9007199254740993\t\t\t',
].join('\n')

let folder: string
let targets: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'warren-omop-'))
  targets = await mkdtemp(join(tmpdir(), 'warren-omop-target-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
  await rm(targets, { recursive: true, force: true })
})

async function files(contents: Record<string, string | Buffer>): Promise<string> {
  for (const [name, content] of Object.entries(contents))
    await writeFile(join(folder, name), content)
  return folder
}

const everything = (): Promise<string> =>
  files({
    'PERSON.csv': PERSON,
    'Condition_Occurrence.csv.gz': gzipSync(CONDITION),
    'measurement.txt': MEASUREMENT,
    'LICENSE.txt': 'do what you like',
    'PROVIDER.csv': 'provider_id\n1\n',
  })

interface Engine {
  readonly to: () => string
  readonly open: () => Promise<CdmSource>
}

function loadsInto(engine: Engine): void {
  const rowsOf = async (text: string): Promise<readonly Row[]> => {
    await using source = await engine.open()
    return await source.query({ text, values: [] })
  }

  it('loads files with all kinds of names, and creates tables without a file', async () => {
    const report = await loadOmop({ from: await everything(), to: engine.to() })
    const loaded = report.tables.filter(({ file }) => file !== null)
    expect(loaded.map(({ table, rows }) => [table, rows])).toEqual([
      ['person', 3],
      ['condition_occurrence', 3],
      ['measurement', 3],
    ])
    expect(await rowsOf('SELECT count(*) AS n FROM specimen')).toEqual([{ n: 0 }])
    expect(report.notes).toEqual([
      'LICENSE.txt: ignored, because it is not named after a CDM table that Warren loads',
      'PROVIDER.csv: ignored, because it is not named after a CDM table that Warren loads',
      'measurement.txt: unknown columns ignored: ward',
    ])
  })

  it('keeps quotes, empty fields, dates in three formats and IDs beyond 2^53', async () => {
    await loadOmop({ from: await everything(), to: engine.to() })
    expect(
      await rowsOf(
        'SELECT person_id, birth_datetime, race_concept_id, person_source_value FROM person ORDER BY 1',
      ),
    ).toEqual([
      {
        person_id: 1,
        birth_datetime: '1974-12-06 00:00:00',
        race_concept_id: 8527,
        person_source_value: 'Smith, "Jo"',
      },
      {
        person_id: 2,
        birth_datetime: '1950-08-02 00:00:00',
        race_concept_id: null,
        person_source_value: null,
      },
      {
        person_id: 3,
        birth_datetime: '1990-01-02 10:20:30',
        race_concept_id: 0,
        person_source_value: 'plain',
      },
    ])
    expect(
      await rowsOf('SELECT DISTINCT condition_start_date AS day FROM condition_occurrence'),
    ).toEqual([{ day: '2015-01-06' }])
    expect(
      await rowsOf(
        'SELECT measurement_id, value_as_number, value_source_value FROM measurement ORDER BY measurement_date',
      ),
    ).toEqual([
      { measurement_id: 1, value_as_number: 140, value_source_value: '5" tube' },
      { measurement_id: 2, value_as_number: 7.25, value_source_value: null },
      { measurement_id: 9_007_199_254_740_993n, value_as_number: null, value_source_value: null },
    ])
  })

  it('passes the check of the bunny', async () => {
    await loadOmop({ from: await everything(), to: engine.to() })
    await using source = await engine.open()
    const { problems } = await source.check({ specimen: true, location: true })
    // The folder has no vocabulary.
    expect(problems.map(({ code, table }) => [code, table])).toEqual([['empty-table', 'concept']])
  })

  it('rejects tables with rows, and replaces all data with --replace', async () => {
    await loadOmop({ from: await everything(), to: engine.to() })
    await expect(loadOmop({ from: folder, to: engine.to() })).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('already has rows'),
      hint: expect.stringContaining('--replace'),
    })
    await rm(join(folder, 'measurement.txt'))
    await loadOmop({ from: folder, to: engine.to(), replace: true })
    expect(await rowsOf('SELECT count(*) AS n FROM person')).toEqual([{ n: 3 }])
    // Old measurements would otherwise be counted for the new patients.
    expect(await rowsOf('SELECT count(*) AS n FROM measurement')).toEqual([{ n: 0 }])
  })

  it('loads a second folder into the empty tables', async () => {
    await loadOmop({ from: await files({ 'PERSON.csv': PERSON }), to: engine.to() })
    await rm(join(folder, 'PERSON.csv'))
    await files({ 'condition_occurrence.csv': CONDITION })
    await loadOmop({ from: folder, to: engine.to() })
    expect(
      await rowsOf('SELECT count(*) AS n FROM person JOIN condition_occurrence USING (person_id)'),
    ).toEqual([{ n: 3 }])
  })

  it('leaves the target unchanged if a line is invalid, and names file, line and column', async () => {
    await loadOmop({ from: await everything(), to: engine.to() })
    await files({
      'PERSON.csv': `${PERSON}\n4,8507,19x4,1974-12-06,8527,Zelda\n5,8507\n6,,1980,,,\n`,
    })
    const failure: unknown = await loadOmop({ from: folder, to: engine.to(), replace: true }).catch(
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(LoadError)
    expect(failure).toMatchObject({
      exitCode: 65,
      hint: expect.stringContaining('--skip-bad-lines'),
      problems: [
        { file: 'PERSON.csv', line: 5, column: 'year_of_birth' },
        { file: 'PERSON.csv', line: 6, message: 'the line has 2 fields, the first line has 6' },
        { file: 'PERSON.csv', line: 7, column: 'gender_concept_id', message: 'is empty' },
      ],
    })
    expect(String(failure)).not.toMatch(/19x4|Zelda/)
    expect(await rowsOf('SELECT count(*) AS n FROM person')).toEqual([{ n: 3 }])
    expect(await rowsOf('SELECT count(*) AS n FROM measurement')).toEqual([{ n: 3 }])
  })

  it('skips invalid lines with --skip-bad-lines, and names them', async () => {
    await files({
      'PERSON.csv': `${PERSON}\n4,8507,never,,,\n5,8507,1980,06/01/2015,,\n6,8507,1981,,,\n`,
    })
    const report = await loadOmop({ from: folder, to: engine.to(), skipBadLines: true })
    expect(report.tables.find(({ table }) => table === 'person')).toMatchObject({
      rows: 4,
      skippedLines: 2,
    })
    expect(report.notes.slice(0, 2)).toEqual([
      'skipped PERSON.csv:5: year_of_birth: expected a whole number up to 2147483647',
      'skipped PERSON.csv:6: birth_datetime: expected a date like 2015-01-06, with or without a time like 10:20:30',
    ])
    expect(await rowsOf('SELECT max(person_id) AS last FROM person')).toEqual([{ last: 6 }])
  })

  it('rejects duplicate IDs', async () => {
    await files({ 'PERSON.csv': `${PERSON}\n3,8507,1980,,,\n` })
    await expect(loadOmop({ from: folder, to: engine.to() })).rejects.toMatchObject({
      exitCode: 65,
      problems: [{ file: 'PERSON.csv', column: 'person_id' }],
    })
  })

  it('notes rows of people who do not exist', async () => {
    await files({
      'PERSON.csv': PERSON,
      'condition_occurrence.csv': `${CONDITION}\n4,99,1,20150106,0\n`,
    })
    const { notes } = await loadOmop({ from: folder, to: engine.to() })
    expect(notes).toEqual([
      'condition_occurrence: 1 row has a person_id that is not in the table person',
    ])
  })

  it('stops on abort and leaves nothing behind', async () => {
    const controller = new AbortController()
    const stopped = loadOmop({
      from: await everything(),
      to: engine.to(),
      signal: controller.signal,
      onProgress: ({ step }) => {
        if (step === 'finishing') controller.abort(new Error('stopped by a test'))
      },
    })
    await expect(stopped).rejects.toThrow('stopped by a test')
    const report: LoadReport = await loadOmop({ from: folder, to: engine.to() })
    expect(report.tables.find(({ table }) => table === 'person')?.rows).toBe(3)
  })
}

const path = (): string => join(targets, 'hospital.duckdb')

describe('loading into DuckDB', () => {
  loadsInto({
    to: () => `duckdb:${path()}`,
    open: () => DuckDbSource.open({ path: path() }),
  })

  it('leaves no unfinished file next to the target, whether it succeeds or fails', async () => {
    await loadOmop({ from: await everything(), to: `duckdb:${path()}` })
    await files({ 'PERSON.csv': 'person_id\n1\n' })
    await loadOmop({ from: folder, to: `duckdb:${path()}`, replace: true }).catch(() => {})
    expect(await readdir(targets)).toEqual(['hospital.duckdb'])
  })

  it('replaces a file that a source has open', async () => {
    await loadOmop({ from: await files({ 'PERSON.csv': PERSON }), to: `duckdb:${path()}` })
    await using source = await DuckDbSource.open({ path: path() })
    const count = { text: 'SELECT count(*) AS n FROM person', values: [] }
    expect(await source.query(count)).toEqual([{ n: 3 }])
    await files({ 'PERSON.csv': `${PERSON}\n4,8507,1980,,,\n` })
    await loadOmop({ from: folder, to: `duckdb:${path()}`, replace: true })
    await expect.poll(() => source.query(count), { timeout: 10_000 }).toEqual([{ n: 4 }])
  })

  it('keeps other tables and views of the file', async () => {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const instance = await DuckDBInstance.create(path())
    const connection = await instance.connect()
    await connection.run('CREATE TABLE notes (text VARCHAR); INSERT INTO notes VALUES (1)')
    connection.closeSync()
    instance.closeSync()
    await loadOmop({ from: await everything(), to: `duckdb:${path()}`, replace: true })
    await using source = await DuckDbSource.open({ path: path() })
    const text =
      'SELECT (SELECT count(*) FROM notes) AS notes, (SELECT count(*) FROM person) AS persons'
    expect(await source.query({ text, values: [] })).toEqual([{ notes: 1, persons: 3 }])
  })

  it('loads into a schema', async () => {
    await loadOmop({ from: await everything(), to: `duckdb:${path()}`, schema: 'cdm' })
    await using source = await DuckDbSource.open({ path: path(), schema: 'cdm' })
    const { problems } = await source.check()
    expect(problems.map(({ code }) => code)).toEqual(['empty-table'])
    await using misled = await DuckDbSource.open({ path: path() })
    expect((await misled.check()).problems[0]?.hint).toContain('schema cdm')
  })
})

describePostgres('loading into PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof createDatabase>>
  let client: Client
  beforeAll(async () => {
    database = await createDatabase()
    client = new Client({ connectionString: database.url })
    await client.connect()
  })
  afterAll(async () => {
    await client.end()
    await database[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    await client.query(
      'DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS cdm CASCADE; CREATE SCHEMA public',
    )
  })
  const to = (): string => database.url
  loadsInto({ to, open: () => PostgresSource.open(parsePostgresAddress(database.url, {})) })

  it('creates keys, and indexes with the names of the CDM', async () => {
    await loadOmop({ from: await everything(), to: to(), schema: 'cdm' })
    const { rows } = await client.query<{ name: string }>(
      `SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'cdm' AND tablename = 'condition_occurrence' ORDER BY 1`,
    )
    expect(rows.map(({ name }) => name)).toEqual([
      'idx_condition_concept_id_1',
      'idx_condition_person_id_1',
      'xpk_condition_occurrence',
    ])
  })

  it('keeps privileges and columns of existing tables', async () => {
    await client.query(
      `CREATE TABLE person (person_id integer PRIMARY KEY, gender_concept_id integer, year_of_birth integer, extra text DEFAULT 'x')`,
    )
    const report = await loadOmop({ from: await everything(), to: to() })
    expect(report.notes).toContain(
      'skipped person.race_concept_id: the existing table has no such column',
    )
    const { rows } = await client.query('SELECT * FROM person WHERE person_id = 1')
    expect(rows).toEqual([
      { person_id: 1, gender_concept_id: 8507, year_of_birth: 1974, extra: 'x' },
    ])
  })

  it('names the column of an existing table that rejects a row, without its data', async () => {
    await client.query(
      'CREATE TABLE person (person_id integer PRIMARY KEY, gender_concept_id integer, year_of_birth integer, person_source_value varchar(5))',
    )
    const failure: unknown = await loadOmop({ from: await everything(), to: to() }).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({
      exitCode: 65,
      message: expect.stringContaining('person.person_source_value (SQLSTATE 22001)'),
    })
    expect(String(failure)).not.toContain('Smith')
  })
})
