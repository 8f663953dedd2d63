import { DuckDBInstance } from '@duckdb/node-api'
import { parsePostgresAddress } from '@warren/database'
import { createDatabase, describePostgres, type TestDatabase } from '@warren/testkit'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { generateOmop } from '@warren/omop'
import type { CdmSource, SqlStatement } from '../../src/sources/cdm-source.ts'
import { openSource } from '../../src/sources/engines.ts'
import { DuckDbSource } from '../../src/sources/duckdb-source.ts'

const PERSONS = 200

const sql = (text: string, ...values: SqlStatement['values']): SqlStatement => ({ text, values })

/** Billions of pairs, which both engines need to enumerate. */
const ENDLESS = sql(
  'SELECT count(*) AS n FROM generate_series(1, 100000) a(x), generate_series(1, 100000) b(y) WHERE (x + y) % 7 = 3',
)

interface Limits {
  readonly poolSize?: number
  readonly statementTimeoutMs?: number
}

/** The tests of all sources, with real databases. */
function behavesAsSource(open: (limits?: Limits) => Promise<CdmSource>): void {
  let source: CdmSource
  beforeAll(async () => {
    source = await open({ poolSize: 2 })
  })
  afterAll(() => source[Symbol.asyncDispose]())

  it('binds values to numbered placeholders, which may repeat', async () => {
    const rows = await source.query(
      sql(
        `SELECT count(*) AS n FROM person WHERE gender_concept_id = $1 OR (gender_concept_id <> $1 AND year_of_birth > $2)`,
        8507,
        3000,
      ),
    )
    const men = await source.query(
      sql('SELECT count(*) AS n FROM person WHERE gender_concept_id = 8507'),
    )
    expect(rows).toEqual(men)
    expect(Number(rows[0]?.['n'])).toBeGreaterThan(50)
  })

  it('returns numbers as number, large ones as bigint, and dates and timestamps as text', async () => {
    const [row] = await source.query(
      sql(`SELECT count(*) AS whole, CAST(1.5 AS numeric(10, 2)) AS part, CAST(2.25 AS double precision) AS double,
                  CAST('2015-01-06' AS date) AS day, CAST('2015-01-06 10:20:30' AS timestamp) AS moment,
                  9007199254740993 AS big, 1 = 1 AS yes, NULL AS nothing, 'text' AS text
             FROM person`),
    )
    expect(row).toEqual({
      whole: PERSONS,
      part: 1.5,
      double: 2.25,
      day: '2015-01-06',
      moment: '2015-01-06 10:20:30',
      big: 9_007_199_254_740_993n,
      yes: true,
      nothing: null,
      text: 'text',
    })
  })

  it('accepts dates as text, bigints and NULL', async () => {
    const [row] = await source.query(
      sql(
        `SELECT count(*) AS n FROM condition_occurrence WHERE condition_start_date <= CAST($1 AS date)
            AND person_id < $2 AND CAST($3 AS integer) IS NULL`,
        '2100-01-01',
        9_007_199_254_740_993n,
        null,
      ),
    )
    expect(Number(row?.['n'])).toBeGreaterThan(0)
  })

  it.each([
    'CREATE TABLE mine (a integer)',
    'DELETE FROM person',
    'UPDATE person SET year_of_birth = 1900',
    "INSERT INTO concept (concept_id, concept_name, domain_id) VALUES (1, 'x', 'y')",
    'DROP TABLE person',
  ])('rejects a statement that writes: %s', async (text) => {
    await expect(source.query(sql(text))).rejects.toMatchObject({ kind: 'query' })
    expect(await source.query(sql('SELECT count(*) AS n FROM person'))).toEqual([{ n: PERSONS }])
  })

  it('rejects several statements in one', async () => {
    await expect(source.query(sql('SELECT 1; SELECT 2'))).rejects.toMatchObject({ kind: 'query' })
    await expect(source.query(sql('SELECT $1; DROP TABLE person', 1))).rejects.toMatchObject({
      kind: 'query',
    })
  })

  it('names a missing table or column', async () => {
    await expect(source.query(sql('SELECT 1 FROM nowhere'))).rejects.toMatchObject({
      kind: 'missing-table',
      message: 'table nowhere does not exist',
    })
    await expect(source.query(sql('SELECT nothing FROM person'))).rejects.toMatchObject({
      kind: 'missing-column',
      message: 'column nothing does not exist',
    })
  })

  it('repeats no value in an error, but keeps the error of the driver as its cause', async () => {
    const failure: unknown = await source
      .query(sql('SELECT CAST($1 AS date) AS day', '1974-13-06 Mrs Smith'))
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ kind: 'query', retryable: false })
    expect(String(failure)).not.toMatch(/1974|Smith/)
    expect(failure).toHaveProperty('cause')
  })

  it('rejects without a query if the signal is already aborted', async () => {
    await expect(source.query(ENDLESS, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: 'cancelled',
      retryable: false,
    })
  })

  it('cancels a running statement on abort, and runs the next one', async () => {
    const started = performance.now()
    await expect(source.query(ENDLESS, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject(
      { kind: 'cancelled' },
    )
    expect(performance.now() - started).toBeLessThan(20_000)
    expect(await source.query(sql('SELECT 1 AS one'))).toEqual([{ one: 1 }])
  })

  it('cancels a statement on abort in each of its steps', async () => {
    await using fresh = await open({ poolSize: 1 })
    for (let steps = 0; steps < 12; steps += 1) {
      const stop = new AbortController()
      const running = fresh.query(ENDLESS, { signal: stop.signal })
      for (let step = 0; step < steps; step += 1) await setImmediate()
      stop.abort()
      await expect(running).rejects.toMatchObject({ kind: 'cancelled' })
    }
    expect(await fresh.query(sql('SELECT 1 AS one'))).toEqual([{ one: 1 }])
  })

  it('cancels a statement after its timeout', async () => {
    await using limited = await open({ statementTimeoutMs: 200 })
    await expect(limited.query(ENDLESS)).rejects.toMatchObject({
      kind: 'timeout',
      retryable: true,
    })
    expect(await limited.query(sql('SELECT 1 AS one'))).toEqual([{ one: 1 }])
  })

  it('queues statements if all connections are in use', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => source.query(sql('SELECT CAST($1 AS integer) AS i', i))),
    )
    expect(results.map(([row]) => row?.['i'])).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  it('removes aborted statements from the queue, and runs the others', async () => {
    const running = new AbortController()
    const waiting = new AbortController()
    const both = [1, 2].map(() => source.query(ENDLESS, { signal: running.signal }))
    const aborted = source.query(sql('SELECT 1 AS one'), { signal: waiting.signal })
    const queued = source.query(sql('SELECT 2 AS two'))
    setTimeout(() => waiting.abort(), 50)
    await expect(aborted).rejects.toMatchObject({ kind: 'cancelled' })
    running.abort()
    const stopped = await Promise.allSettled(both)
    expect(stopped.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await queued).toEqual([{ two: 2 }])
  })

  it('finishes running statements before it closes, and rejects later ones', async () => {
    const closing = await open()
    const running = closing.query(sql('SELECT count(*) AS n FROM measurement a, person b'))
    await closing[Symbol.asyncDispose]()
    expect(Number((await running)[0]?.['n'])).toBeGreaterThan(0)
    await expect(closing.query(sql('SELECT 1'))).rejects.toMatchObject({ name: 'SourceError' })
    await closing[Symbol.asyncDispose]()
  })

  it('finds no problem in a complete CDM', async () => {
    const check = await source.check({ specimen: true, location: true })
    expect(check).toMatchObject({ ok: true, problems: [] })
    expect(check.server).toMatch(/^(PostgreSQL|DuckDB) \d+\.\d+/)
  })
}

describe('a DuckDB file as a source', () => {
  let folder: string
  const path = (): string => join(folder, 'hospital.duckdb')
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-source-'))
    await generateOmop({ persons: PERSONS, seed: 1, to: `duckdb:${path()}` })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  behavesAsSource((limits) => openSource({ driver: 'duckdb', path: path(), ...limits }))
})

describe('a DuckDB database in memory as a source', () => {
  let instance: DuckDBInstance
  beforeAll(async () => {
    instance = await DuckDBInstance.create()
    await generateOmop({ persons: PERSONS, seed: 1, to: instance })
  })
  afterAll(() => instance.closeSync())
  behavesAsSource((limits) => Promise.resolve(DuckDbSource.forInstance(instance, limits)))
})

describePostgres('a PostgreSQL database as a source', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase()
    await generateOmop({ persons: PERSONS, seed: 1, to: database.url })
  })
  afterAll(() => database[Symbol.asyncDispose]())
  behavesAsSource((limits) =>
    openSource({ driver: 'postgresql', ...parsePostgresAddress(database.url, {}), ...limits }),
  )
})
