import { type PostgresAddress, postgresError, PostgresRoute } from '@warren/database'
import { ExitCode, ProgramError } from '@warren/runtime'
import type { Client } from 'pg'
import type { ImportedUser } from '../nodes/import-plan.ts'

/** What the database of a .NET relay contains. */
export interface DotnetHub {
  readonly users: readonly ImportedUser[]
  /** Names of users that have no password, so that nothing can log in with them. */
  readonly withoutPassword: readonly string[]
  /** Collection IDs of nodes that belong to no user. */
  readonly withoutUser: readonly string[]
  /** Tasks that its nodes have not all answered, newest first. */
  readonly openTasks: readonly OpenTask[]
}

export interface OpenTask {
  readonly uuid: string
  readonly type: string
  readonly receivedAt: Date
}

const DEFAULTS = { connectTimeoutMs: 10_000, applicationName: 'warren-relay-import' }
const STATEMENT_MS = 60_000
const MAX_USERS = 100_000
const MAX_TASKS = 1_000

/** Reads the database of a .NET relay in one read-only transaction. Throws a ProgramError if that is not possible. */
export async function readDotnetHub(address: PostgresAddress): Promise<DotnetHub> {
  return await withClient(address, async (client) => {
    await client.query('begin transaction isolation level repeatable read read only')
    if (!(await hasTables(client))) {
      throw new ProgramError('the database has no tables "AspNetUsers" and "SubNodes"', {
        exitCode: ExitCode.data,
        hint: 'Check that --from names the database of the .NET relay, and its schema (Search Path).',
      })
    }
    const users = await readUsers(client)
    return {
      users: users.flatMap(({ passwordHash, ...user }) =>
        passwordHash === null || passwordHash === '' ? [] : [{ ...user, passwordHash }],
      ),
      withoutPassword: users.flatMap(({ username, passwordHash }) =>
        passwordHash === null || passwordHash === '' ? [username] : [],
      ),
      withoutUser: await readNodesWithoutUser(client),
      openTasks: await readOpenTasks(client),
    }
  })
}

/** Whether the database is that of a .NET relay with users. False if that cannot be found out. */
export async function hasDotnetUsers(address: PostgresAddress): Promise<boolean> {
  try {
    return await withClient(address, async (client) => {
      if (!(await hasTables(client))) return false
      const { rows } = await client.query('select 1 from "AspNetUsers" limit 1')
      return rows.length > 0
    })
  } catch {
    return false
  }
}

async function withClient<T>(
  address: PostgresAddress,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const route = new PostgresRoute(address, DEFAULTS)
  let client: Client | undefined
  try {
    client = await route.connect({ query_timeout: STATEMENT_MS })
    return await work(client)
  } catch (error: unknown) {
    if (error instanceof ProgramError) throw error
    const { message } = postgresError(error)
    throw new ProgramError(`cannot read the database of the .NET relay: ${message}`, {
      exitCode: ExitCode.unavailable,
      hint: 'Its user needs SELECT on "AspNetUsers", "SubNodes", "RelayUserSubNode" and "RelayTasks".',
      cause: error,
    })
  } finally {
    await client?.end().catch(() => undefined)
  }
}

async function hasTables(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    `select to_regclass('"AspNetUsers"') is not null and to_regclass('"SubNodes"') is not null as found`,
  )
  return rows[0]?.found === true
}

interface UserRow {
  readonly username: string
  readonly passwordHash: string | null
  readonly declared: boolean
  readonly collectionIds: readonly string[]
}

async function readUsers(client: Client): Promise<readonly UserRow[]> {
  const { rows } = await client.query<UserRow>(
    `select u."UserName" as username, u."PasswordHash" as "passwordHash",
       coalesce(u."IsDeclared", false) as declared,
       coalesce(array_agg(s."SubNodesId"::text order by s."SubNodesId")
         filter (where s."SubNodesId" is not null), '{}') as "collectionIds"
     from "AspNetUsers" u left join "RelayUserSubNode" s on s."RelayUsersId" = u."Id"
     where u."UserName" is not null
     group by u."Id", u."UserName", u."PasswordHash", u."IsDeclared"
     order by upper(u."UserName") limit ${MAX_USERS}`,
  )
  return rows
}

async function readNodesWithoutUser(client: Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(
    `select n."Id"::text as id from "SubNodes" n
     where not exists (select 1 from "RelayUserSubNode" s where s."SubNodesId" = n."Id")
     order by n."Id" limit ${MAX_USERS}`,
  )
  return rows.map(({ id }) => id)
}

async function readOpenTasks(client: Client): Promise<readonly OpenTask[]> {
  const { rows } = await client.query<OpenTask>(
    `select "Id" as uuid, "Type" as type, "CreatedAt" as "receivedAt" from "RelayTasks"
     where "CompletedAt" is null order by "CreatedAt" desc limit ${MAX_TASKS}`,
  )
  return rows
}
