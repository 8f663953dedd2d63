import {
  createDatabase,
  demandTls,
  describePostgres,
  selfSignedCertificate,
  startPrivatePostgres,
  until,
} from '@warren/testkit'
import { Client } from 'pg'
import { expect, it } from 'vitest'

import { startTestRelay } from '../harness/test-relay.ts'

/** The address of a database as existing deployments of the .NET relay have it. */
function npgsql(url: string, keys = ''): string {
  const { hostname, port, username, password, pathname } = new URL(url)
  return `Host=${hostname};Port=${port};Username=${username};Password=${password};Database=${pathname.slice(1)};Pooling=true;${keys}`
}

describePostgres('a relay on a PostgreSQL', () => {
  it('that demands TLS needs no setting for it, and logs no warning of Node.js', async () => {
    await using server = await startPrivatePostgres()
    await demandTls(server.url, selfSignedCertificate())
    const warnings: string[] = []
    const onWarning = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', onWarning)
    try {
      for (const store of [npgsql(server.url), `${server.url}?sslmode=require`, server.url]) {
        await using relay = await startTestRelay({ ConnectionStrings__Default: store })
        // Its connection for notifications is encrypted too.
        await relay.users.add(`site-${Math.random()}`)
        expect(relay.logged('database notifications interrupted')).toEqual([])
      }
      expect(warnings).toEqual([])
    } finally {
      process.off('warning', onWarning)
    }
    await expect(
      startTestRelay({
        RELAY_STORE: npgsql(server.url, 'SSL Mode=VerifyFull'),
        RELAY_STARTUP_TIMEOUT: '0',
      }),
    ).rejects.toThrow(/cannot reach the database.*DEPTH_ZERO_SELF_SIGNED_CERT/)
    await expect(
      startTestRelay({
        RELAY_STORE: npgsql(server.url, 'SSL Mode=Disable'),
        RELAY_STARTUP_TIMEOUT: '0',
      }),
    ).rejects.toThrow(/no encryption/)
  })

  it('with a search path keeps its tables in that schema', async () => {
    await using database = await createDatabase()
    const client = new Client({ connectionString: database.url })
    await client.connect()
    try {
      await client.query('create schema hub')
      const store = npgsql(
        database.url,
        'Search Path=hub;Application Name=the hub;Maximum Pool Size=2',
      )
      await using relay = await startTestRelay({ ConnectionStrings__Default: store })
      await relay.users.add('site-a')
      const { rows } = await client.query<{ schema: string }>(
        `select distinct schemaname as schema from pg_tables where tablename like 'relay_%'`,
      )
      expect(rows).toEqual([{ schema: 'hub' }])
      await until(async () => {
        const { rows: sessions } = await client.query<{ count: number }>(
          `select count(*)::integer as count from pg_stat_activity where application_name = 'the hub'`,
        )
        // The pool, and the connection for notifications.
        return sessions[0] !== undefined && sessions[0].count > 1 && sessions[0].count <= 3
      })
    } finally {
      await client.end()
    }
  })

  it('with several hosts uses the one that is up', async () => {
    await using database = await createDatabase()
    await using other = await startPrivatePostgres()
    const { host } = new URL(other.url)
    await other.stop()
    const { host: up, username, password, pathname } = new URL(database.url)
    await using relay = await startTestRelay({
      RELAY_STORE: `postgres://${username}:${password}@${host},${up}${pathname}`,
    })
    await relay.users.add('site-a')
    expect((await fetch(`${relay.url}/readyz`)).status).toBe(200)
  })
})
