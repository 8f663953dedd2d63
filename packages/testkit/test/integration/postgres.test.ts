import { Client } from 'pg'
import { expect, it } from 'vitest'

import {
  createDatabase,
  describePostgres,
  postgresUrl,
  startPrivatePostgres,
  until,
} from '../../src/index.ts'

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

describePostgres('createDatabase', () => {
  it('creates an empty database, separate from others', async () => {
    await using one = await createDatabase()
    await using other = await createDatabase()
    await query(one.url, 'CREATE TABLE task (id int)')
    await expect(query(other.url, 'SELECT * FROM task')).rejects.toThrow(/does not exist/)
  })

  it('drops the database despite an open connection', async () => {
    const database = await createDatabase()
    const leak = new Client({ connectionString: database.url })
    leak.on('error', () => {})
    await leak.connect()
    await database[Symbol.asyncDispose]()
    const server = await postgresUrl()
    const rows = await query(server, `SELECT 1 FROM pg_database WHERE datname = '${database.name}'`)
    expect(rows).toEqual([])
  })

  it('copies a template that is prepared once for concurrent callers', async () => {
    let prepared = 0
    const template = {
      name: `testkit ${Date.now()}`,
      prepare: async (url: string) => {
        prepared += 1
        await query(url, 'CREATE TABLE task AS SELECT 7 AS id')
      },
    }
    await using stack = new AsyncDisposableStack()
    const databases = await Promise.all([1, 2, 3].map(() => createDatabase({ template })))
    for (const database of databases) stack.use(database)
    expect(prepared).toBe(1)
    for (const { url } of databases) {
      expect(await query(url, 'SELECT id FROM task')).toEqual([{ id: 7 }])
    }
  })

  it('does not copy a template whose preparation failed', async () => {
    let attempts = 0
    const template = {
      name: `testkit failing ${Date.now()}`,
      prepare: async (url: string) => {
        attempts += 1
        await query(url, 'CREATE TABLE task (id int)')
        if (attempts === 1) throw new Error('disk full')
      },
    }
    await expect(createDatabase({ template })).rejects.toThrow('disk full')
    await using database = await createDatabase({ template })
    expect(await query(database.url, 'SELECT * FROM task')).toEqual([])
  })

  it('rejects a wrong password', async () => {
    const url = new URL(await postgresUrl())
    url.password = 'wrong'
    await expect(query(url.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  })
})

describePostgres('startPrivatePostgres', () => {
  it('keeps its data and port over stop, start and kill', { timeout: 90_000 }, async () => {
    await using server = await startPrivatePostgres()
    await query(server.url, 'CREATE TABLE task AS SELECT 7 AS id')
    await server.stop()
    await expect(query(server.url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/)
    await server.start()
    expect(await query(server.url, 'SELECT id FROM task')).toEqual([{ id: 7 }])
    await server.kill()
    await server.start()
    const rows = await until(() => query(server.url, 'SELECT count(*)::int AS n FROM pg_class'))
    expect(rows).toHaveLength(1)
  })

  it('has a standby that follows it and can be promoted', { timeout: 90_000 }, async () => {
    await using primary = await startPrivatePostgres()
    await using standby = await primary.startStandby()
    await query(primary.url, 'CREATE TABLE task AS SELECT 7 AS id')
    await until(() => query(standby.url, 'SELECT id FROM task'))
    await expect(query(standby.url, 'DELETE FROM task')).rejects.toThrow(/read-only/)
    await primary.kill()
    await query(standby.url, 'SELECT pg_promote()')
    await until(() => query(standby.url, 'DELETE FROM task'))
    expect(await query(standby.url, 'SELECT id FROM task')).toEqual([])
  })
})
