import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { until } from '@warren/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SqlStatement } from '../../src/sources/cdm-source.ts'
import { openSource } from '../../src/sources/engines.ts'

const sql = (text: string): SqlStatement => ({ text, values: [] })

/** DuckDB plans it for minutes, and does not look whether it was interrupted. */
const UNPLANNABLE = sql(
  `SELECT count(*) AS n FROM person p ${Array.from(
    { length: 500 },
    (_, i) =>
      `LEFT JOIN (SELECT DISTINCT person_id FROM person WHERE year_of_birth > ${String(i)}) s${String(i)} ON s${String(i)}.person_id = p.person_id`,
  ).join(' ')} WHERE s0.person_id IS NOT NULL OR s499.person_id IS NOT NULL`,
)
/** Takes a second or more. */
const SLOW = sql(
  'SELECT count(*) AS n FROM range(100000) a(x), range(1500) b(y) WHERE (x + y) % 7 = 3',
)
const ONE = sql('SELECT 1 AS one')

describe('a DuckDB file in a process of its own', () => {
  let folder = ''
  const path = (): string => join(folder, 'omop.duckdb')
  const temp = (): string => join(folder, 'temp')
  const open = (statementTimeoutMs = 600_000) =>
    openSource({ driver: 'duckdb', path: path(), tempDirectory: temp(), statementTimeoutMs })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warren-duckdb-source-'))
    const instance = await DuckDBInstance.create(path())
    const connection = await instance.connect()
    await connection.run(
      'CREATE TABLE person AS SELECT range AS person_id, 1900 + range % 100 AS year_of_birth FROM range(10)',
    )
    connection.closeSync()
    instance.closeSync()
  })
  beforeEach(() => mkdir(temp(), { recursive: true }))
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('stops a statement at its deadline while DuckDB plans it', async () => {
    await using source = await open()
    await source.query(ONE)
    const started = performance.now()
    await expect(
      source.query(UNPLANNABLE, { signal: AbortSignal.timeout(300) }),
    ).rejects.toMatchObject({ kind: 'cancelled' })
    expect(performance.now() - started).toBeLessThan(20_000)
    expect(await source.query(ONE)).toEqual([{ one: 1 }])
  })

  it('stops it after the limit of the source too', async () => {
    await using source = await open(300)
    await expect(source.query(UNPLANNABLE)).rejects.toMatchObject({ kind: 'timeout' })
    expect(await source.query(ONE)).toEqual([{ one: 1 }])
  })

  it('answers the statement that ran next to it', async () => {
    await using source = await open()
    const expected = await source.query(SLOW)
    const stopped = source.query(UNPLANNABLE, { signal: AbortSignal.timeout(200) })
    let starts = 0
    const rows: unknown[] = []
    const neighbour = source.each(SLOW, () => {
      starts += 1
      return (row) => rows.push(row)
    })
    await expect(stopped).rejects.toMatchObject({ kind: 'cancelled' })
    await neighbour
    expect(rows).toEqual(expected)
    expect(starts).toBeGreaterThan(0)
  })

  it('passes on an error of the reader, and runs the next statement', async () => {
    await using source = await open()
    const failing = source.each(sql('SELECT x FROM range(1000000) a(x)'), () => () => {
      throw new RangeError('enough')
    })
    await expect(failing).rejects.toThrow(new RangeError('enough'))
    expect(await source.query(ONE)).toEqual([{ one: 1 }])
  })

  it('leaves no file behind, and does not keep the database open', async () => {
    const source = await open()
    await source.query(ONE)
    expect(await readdir(temp())).toHaveLength(1)
    await source[Symbol.asyncDispose]()
    await until(async () => (await readdir(temp())).length === 0)
    // DuckDB opens a file for writing only if no other process reads it.
    const instance = await until(() => DuckDBInstance.create(path()))
    instance.closeSync()
  })

  it('says what is wrong with a file that cannot be opened, each time', async () => {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(
        openSource({ driver: 'duckdb', path: join(folder, 'none.duckdb') }),
      ).rejects.toMatchObject({ kind: 'unavailable', message: 'the DuckDB file does not exist' })
    }
    await expect(
      openSource({ driver: 'duckdb', path: path(), tempDirectory: join(folder, 'none') }),
    ).rejects.toMatchObject({
      message: 'cannot create a folder in DATASOURCE_DUCKDB_TEMP_DIRECTORY',
    })
  })
})
