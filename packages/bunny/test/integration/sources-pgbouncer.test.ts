import { parsePostgresAddress } from '@warren/database'
import {
  createDatabase,
  describePgBouncer,
  startPgBouncer,
  until,
  type PgBouncer,
  type TestDatabase,
} from '@warren/testkit'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PostgresSource } from '../../src/sources/postgres-source.ts'

describePgBouncer('a PostgreSQL source behind pgbouncer in transaction mode', () => {
  let database: TestDatabase
  let bouncer: PgBouncer
  let source: PostgresSource
  beforeAll(async () => {
    database = await createDatabase()
    bouncer = await startPgBouncer(database.url)
    source = await PostgresSource.open({
      ...parsePostgresAddress(bouncer.url),
      statementTimeoutMs: 60_000,
    })
  })
  afterAll(async () => {
    await source[Symbol.asyncDispose]()
    await bouncer[Symbol.asyncDispose]()
    await database[Symbol.asyncDispose]()
  })

  const asOther = async (text: string, url = bouncer.url) => {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query<Record<string, string>>(text)).rows
    } finally {
      await client.end()
    }
  }
  const SETTINGS = `SELECT name, setting FROM pg_settings WHERE name IN
    ('default_transaction_read_only', 'statement_timeout', 'jit', 'datestyle', 'idle_in_transaction_session_timeout',
     'client_connection_check_interval') ORDER BY name`

  it('leaves nothing on the connection, so that other programs can write', async () => {
    const before = await asOther(SETTINGS)
    for (let round = 0; round < 3; round += 1) {
      await source.query({ text: 'SELECT $1::int AS n', values: [round] })
      await source.query({ text: 'SELECT 1/0', values: [] }).catch(() => {})
      await source.query({ text: 'CREATE TABLE own (n int)', values: [] }).catch(() => {})
      expect(await asOther(SETTINGS)).toEqual(before)
    }
    await asOther('CREATE TABLE etl_log (n int)')
    expect(await asOther(`SELECT to_regclass('own') AS own`)).toEqual([{ own: null }])
  })

  it('limits and restricts its own statements on any connection', async () => {
    const [row] = await source.query({
      text: `SELECT current_setting('transaction_read_only') AS readonly, current_setting('jit') AS jit,
        current_setting('statement_timeout') AS timeout`,
      values: [],
    })
    expect(row).toEqual({ readonly: 'on', jit: 'off', timeout: '1min' })
    const slow = { text: 'SELECT pg_sleep(60)', values: [] }
    await expect(source.query(slow, { timeoutMs: 200 })).rejects.toMatchObject({ kind: 'timeout' })
  })

  it('cancels the statement in the server, and the pool can be used after that', async () => {
    const stop = new AbortController()
    const running = source.query(
      { text: 'SELECT pg_sleep(50) AS cancelled_here', values: [] },
      { signal: stop.signal },
    )
    const active = () =>
      asOther(
        `SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
          AND query LIKE '%cancelled_here%'`,
        database.url,
      )
    await until(async () => (await active()).length === 1, { timeoutMs: 20_000 })
    stop.abort()
    await expect(running).rejects.toMatchObject({ kind: 'cancelled' })
    await until(async () => (await active()).length === 0, { timeoutMs: 20_000 })
    expect(await source.query({ text: 'SELECT 1 AS n', values: [] })).toEqual([{ n: 1 }])
  })
})
