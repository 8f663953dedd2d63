import { setTimeout as delay } from 'node:timers/promises'
import { parsePostgresAddress, PostgresRoute } from '@warren/database'
import {
  createDatabase,
  demandTls,
  describePostgres,
  selfSignedCertificate,
  startPrivatePostgres,
} from '@warren/testkit'
import { types } from 'pg'
import { expect, it } from 'vitest'

import { HealingPool } from '../../src/store/postgres-pool.ts'

function poolOf(url: string, queryMs = 30_000): HealingPool {
  const route = new PostgresRoute(parsePostgresAddress(url), {
    applicationName: 'warren-test',
    connectTimeoutMs: 10_000,
    session: 'any',
  })
  return new HealingPool({ route, types, size: 1, queryMs })
}

async function openPool(queryMs?: number) {
  const database = await createDatabase()
  const pool = poolOf(database.url, queryMs)
  const copy = async (sql: string, ...parameters: string[]) =>
    (await pool.copyRows({ sql, parameters })).map((row) => row.map((value) => value?.toString()))
  return {
    pool,
    copy,
    async [Symbol.asyncDispose]() {
      await pool.end()
      await database[Symbol.asyncDispose]()
    },
  }
}

describePostgres('reading rows with COPY', () => {
  it('returns every text as it is, and null as null', async () => {
    await using bench = await openPool()
    const texts = ['', '\\', '\\.', '\\N', `a\tb\nc\rd'e"f`, 'é漢😀', '$1 $2', `';--`]
    for (const text of texts) {
      const [row] = await bench.copy('select $1, null::text, $2', text, 'end')
      expect(row).toEqual([text, undefined, 'end'])
    }
    expect(await bench.copy(`select 'x' where false`)).toEqual([])
    expect(await bench.copy('select n::text from generate_series(1, 3) n')).toEqual([
      ['1'],
      ['2'],
      ['3'],
    ])
  })

  it('returns large texts in memory of their own', async () => {
    await using bench = await openPool()
    const sql = `select repeat('é', 5000000), repeat('b', $1::int)`
    const [row] = await bench.pool.copyRows({ sql, parameters: ['3'] })
    expect(row?.map((value) => value?.length)).toEqual([10_000_000, 3])
    expect(row?.map((value) => value?.buffer.byteLength)).toEqual([10_000_000, 3])
    expect(row?.[0]?.equals(Buffer.from('é'.repeat(5_000_000)))).toBe(true)
  })

  it('works on an encrypted connection', async () => {
    await using server = await startPrivatePostgres()
    await demandTls(server.url, selfSignedCertificate())
    const pool = poolOf(`${server.url}?sslmode=require`)
    const query = { sql: `select repeat('x', 3000000)`, parameters: [] }
    for (let time = 0; time < 2; time++) {
      const [row] = await pool.copyRows(query)
      expect(row?.[0]?.length).toBe(3_000_000)
    }
    await pool.end()
  })

  it('leaves a connection that can be used, also after an error of the server', async () => {
    await using bench = await openPool()
    await expect(bench.copy('select x from no_such_table')).rejects.toMatchObject({ code: '42P01' })
    // The error follows thousands of rows.
    const late = `select case when n < 50000 then 'a' else (1 / (n - 50000))::text end from generate_series(1, 60000) n`
    await expect(bench.copy(late)).rejects.toMatchObject({ code: '22012' })
    const backend = 'select pg_backend_pid()::text'
    expect(await bench.copy(backend)).toEqual(await bench.copy(backend))
  })

  it('ends its timeout with the response, and fails after it', async () => {
    await using bench = await openPool(700)
    expect(await bench.copy(`select 'a'`)).toEqual([['a']])
    // A timeout that still ran would fail the process now.
    await delay(1_000)
    await expect(bench.copy('select pg_sleep(20)::text')).rejects.toThrow(/timeout/)
    expect(await bench.copy(`select 'b'`)).toEqual([['b']])
    await delay(1_000)
  })
})
