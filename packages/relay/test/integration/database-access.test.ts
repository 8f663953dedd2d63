import { setTimeout as delay } from 'node:timers/promises'
import { createDatabase, describePostgres, until } from '@warren/testkit'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { BareNode, nodeResult } from '../harness/bare-client.ts'
import { availabilityTask, ScriptedUpstream } from '../harness/scripted-upstream.ts'
import { startTestRelay, type TestRelay } from '../harness/test-relay.ts'

/** A database and the role of a relay that owns it. */
interface Access {
  readonly database: string
  readonly role: string
  /** Runs statements in `database` as a superuser. */
  readonly inside: (...statements: string[]) => Promise<void>
  /** Runs statements outside of it as a superuser. */
  readonly outside: (...statements: string[]) => Promise<void>
}

type Change = (access: Access) => Promise<void>

const PASSWORD = 'relay-password'
/** More than the time in which a relay notices that it may not lead any longer. */
const STOP_MS = 8_000

const endSessions = (database: string): string =>
  `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}' and pid <> pg_backend_pid()`

const CHANGES: readonly [
  title: string,
  detail: string,
  code: string,
  lose: Change,
  back: Change,
][] = [
  [
    'after the password was changed',
    'the database rejects the password of the relay',
    '28P01',
    ({ role, database, outside }) =>
      outside(`alter role ${role} password 'another'`, endSessions(database)),
    ({ role, outside }) => outside(`alter role ${role} password '${PASSWORD}'`),
  ],
  [
    'after the role may not log in any longer',
    'the database rejects the user of the relay',
    '28000',
    ({ role, database, outside }) => outside(`alter role ${role} nologin`, endSessions(database)),
    ({ role, outside }) => outside(`alter role ${role} login`),
  ],
  [
    'after the database was renamed',
    'the database does not exist',
    '3D000',
    ({ database, outside }) =>
      outside(
        `alter database ${database} allow_connections false`,
        endSessions(database),
        `alter database ${database} rename to ${database}_gone`,
      ),
    ({ database, outside }) =>
      outside(
        `alter database ${database}_gone rename to ${database}`,
        `alter database ${database} allow_connections true`,
      ),
  ],
  [
    'after all connections were taken',
    'the database has no free connection',
    '53300',
    ({ database, outside }) =>
      outside(`alter database ${database} connection limit 0`, endSessions(database)),
    ({ database, outside }) => outside(`alter database ${database} connection limit -1`),
  ],
  [
    'after it lost the privileges of one table',
    'the user of the relay lacks a privilege in the database',
    '42501',
    ({ inside }) => inside('alter table relay_subtasks owner to current_user'),
    ({ role, inside }) => inside(`alter table relay_subtasks owner to ${role}`),
  ],
  [
    'after one of its tables was renamed',
    'a table of the relay does not exist',
    '42P01',
    ({ inside }) => inside('alter table relay_subtasks rename to relay_gone'),
    ({ inside }) => inside('alter table relay_gone rename to relay_subtasks'),
  ],
]

let resources: AsyncDisposableStack
beforeEach(() => {
  resources = new AsyncDisposableStack()
})
afterEach(() => resources.disposeAsync())

async function run(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A database whose owner is a new role, and the URL with which that role connects. */
async function openAccess(): Promise<Access & { readonly url: string }> {
  const outer = resources.use(await createDatabase())
  const inner = resources.use(await createDatabase())
  const role = `${inner.name}_relay`
  const outside = (...statements: string[]) => run(outer.url, statements)
  await outside(
    `create role ${role} login password '${PASSWORD}'`,
    `alter database ${inner.name} owner to ${role}`,
  )
  await run(inner.url, [`grant all on schema public to ${role}`])
  resources.defer(() =>
    outside(`drop database if exists ${inner.name} with (force)`, `drop role ${role}`),
  )
  const url = new URL(inner.url)
  url.username = role
  url.password = PASSWORD
  return {
    database: inner.name,
    role,
    outside,
    inside: (...statements) => run(inner.url, statements),
    url: url.href,
  }
}

async function readiness({ url }: TestRelay): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/readyz`)
  return { status: response.status, text: await response.text() }
}

describePostgres('a relay that PostgreSQL rejects while it runs', () => {
  it.each(CHANGES)(
    '%s is unavailable, says why, does not poll, and continues by itself',
    async (_, detail, code, lose, back) => {
      const access = await openAccess()
      const upstream = resources.use(await ScriptedUpstream.start())
      const relay = resources.use(
        await startTestRelay({ RELAY_STORE: access.url, ...upstream.env() }),
      )
      const node = new BareNode(relay.url, await relay.users.add('site-a'))
      upstream.handOut(availabilityTask('RQ-CC-EXAMPLE'))
      const task = await node.nextTask()

      await lose(access)
      await until(async () => {
        const { status, text } = await readiness(relay)
        if (status === 503 && text.includes(detail)) return true
        // A connection that was being opened has survived.
        await access.outside(endSessions(access.database))
        return false
      })
      expect((await node.post(task.uuid, nodeResult(task, 40))).status).toBe(503)
      await delay(STOP_MS)
      const polls = upstream.requests.length
      await delay(2_000)
      expect(upstream.requests).toHaveLength(polls)

      await back(access)
      await until(async () => (await node.post(task.uuid, nodeResult(task, 40))).status === 200, {
        timeoutMs: 10_000,
      })
      await until(
        async () => (await readiness(relay)).status === 200 && upstream.requests.length > polls,
        { timeoutMs: 10_000 },
      )
      await until(() => relay.logged('database recovered').length > 0)
      const lines = relay.logged('database unavailable')
      expect(lines.at(-1)).toMatchObject({
        level: 50,
        code,
        detail: expect.stringContaining(detail) as unknown,
        hint: expect.stringMatching(/^[A-Z].*[.\w]$/) as unknown,
      })
      // A broken connection may come first.
      expect(lines.filter((line) => line['code'] === code)).toHaveLength(1)
      expect(relay.logged('database recovered')).toHaveLength(1)
      expect(relay.logged('request failed')).toEqual([])
    },
    90_000,
  )
})
