import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { createDatabase, describePostgres, until } from '@warren/testkit'
import { sql as rawSql, type Transaction } from 'kysely'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { MIGRATIONS } from '../../src/store/migrations.ts'
import type { RelayTables } from '../../src/store/sql-schema.ts'
import { BareNode } from '../harness/bare-client.ts'
import { ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { openSqlite, startTestRelay } from '../harness/test-relay.ts'
import { postgresBench, recordingLog, sqliteBench } from './store-bench.ts'

let resources: AsyncDisposableStack
beforeEach(() => {
  resources = new AsyncDisposableStack()
})
afterEach(() => resources.disposeAsync())

async function sql(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

describePostgres('a PostgreSQL that becomes read-only', () => {
  it('makes the relay unready and stops polling, and is used again within 10 s of its end', async () => {
    const { name, url } = resources.use(await createDatabase())
    const upstream = resources.use(await ScriptedUpstream.start())
    const relay = resources.use(await startTestRelay({ RELAY_STORE: url, ...upstream.env() }))
    const node = new BareNode(relay.url, await relay.users.add('site-a'))
    await until(() => upstream.polls('a').length > 2)
    expect((await fetch(`${relay.url}/readyz`)).status).toBe(200)

    await sql(
      url,
      `alter database ${name} set default_transaction_read_only = on`,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    )
    // The first failure may be that of a connection that was closed.
    await until(async () => {
      const response = await fetch(`${relay.url}/readyz`)
      const text = await response.text()
      return response.status === 503 && text.includes('the database is read-only')
    })
    // Polls that had started may finish.
    await delay(2_000)
    const polls = upstream.requests.length
    await delay(2_000)
    expect(upstream.requests).toHaveLength(polls)

    await sql(url, 'set default_transaction_read_only = off', `alter database ${name} reset all`)
    const since = performance.now()
    await until(
      async () =>
        (await node.poll()).status === 204 &&
        (await fetch(`${relay.url}/readyz`)).status === 200 &&
        upstream.requests.length > polls,
      { timeoutMs: 10_000 },
    )
    expect(performance.now() - since).toBeLessThan(10_000)
    await until(() => relay.logged('database recovered')[0], { timeoutMs: 10_000 })
    expect(relay.logged('database unavailable').at(-1)).toMatchObject({
      detail: 'the database is read-only',
    })
    expect(relay.logged('database unavailable').length).toBeLessThanOrEqual(2)
    expect(relay.logged('database recovered')).toHaveLength(1)
  }, 60_000)
})

describePostgres('a PostgreSQL whose disk is full', () => {
  it('is unavailable until something can be written', async () => {
    await using bench = await postgresBench()
    const { log, records } = recordingLog()
    const store = bench.open({ log })
    await sql(
      bench.url,
      `create function full_disk() returns trigger language plpgsql as
       $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$`,
      `create trigger full_disk before insert or update on relay_leaders
       for each row execute function full_disk()`,
    )
    await expect(store.leadership('x').acquire()).rejects.toMatchObject({
      code: '53100',
      unavailable: true,
      message: expect.stringContaining('the disk of the database is full') as unknown,
    })
    await expect(store.check()).rejects.toMatchObject({ code: '53100' })
    await sql(bench.url, 'drop trigger full_disk on relay_leaders')
    await store.check()
    expect(records.map(({ msg }) => msg)).toEqual(['database unavailable'])
  })
})

describe('a SQLite file', () => {
  it('on a full disk is unavailable, and the reason is not hidden by the rollback', async () => {
    await using bench = await sqliteBench()
    const { log, records } = recordingLog()
    // Each connection has a limit of its own, and it is at least the present size of the file.
    const limit = {
      version: 1_000,
      name: 'full disk',
      up: async (trx: Transaction<RelayTables>) => {
        await rawSql`pragma max_page_count = 1`.execute(trx)
      },
    }
    const store = bench.open({ log, migrations: [...MIGRATIONS, limit] })
    await store.migrate()
    const error = await store.users
      .addUser({ name: 'x'.repeat(200_000), passwordHash: 'h', declared: false })
      .catch((cause: unknown) => cause)
    expect(error).toMatchObject({
      name: 'StoreError',
      code: 'SQLITE_FULL',
      unavailable: true,
      message: expect.stringContaining('the disk of the database is full') as unknown,
    })
    expect(records).toMatchObject([{ msg: 'database unavailable', code: 'SQLITE_FULL' }])
  })
})

describe('a relay next to a newer one that has migrated the database', () => {
  it('is not ready, stops polling and logs it once', async () => {
    const { url } = resources.use(await openSqlite())
    const upstream = resources.use(await ScriptedUpstream.start())
    const relay = resources.use(await startTestRelay({ RELAY_STORE: url, ...upstream.env() }))
    await until(() => upstream.polls('a').length > 2)
    const file = new DatabaseSync(url.replace('sqlite:', ''))
    file.exec(`insert into relay_migrations values (1000, 'of a newer release', 0)`)
    file.close()
    await until(() => relay.logged('polling stopped')[0])
    const ready = await fetch(`${relay.url}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.text()).toContain('this release supports up to')
    // Polls that had started may finish.
    await delay(2_500)
    const polls = upstream.requests.length
    await delay(3_500)
    expect(upstream.requests).toHaveLength(polls)
    expect(relay.logged('database schema not supported')).toMatchObject([{ level: 50 }])
  }, 30_000)
})
