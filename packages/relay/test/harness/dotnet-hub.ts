import { Client } from 'pg'

import { randomBytes, pbkdf2Sync } from 'node:crypto'

// The tables of a .NET relay, with the columns that an import reads and the keys between them.
const TABLES = `
  create table "AspNetUsers" (
    "Id" text primary key, "Discriminator" varchar(13) not null default 'RelayUser',
    "UserName" varchar(256), "NormalizedUserName" varchar(256) unique, "PasswordHash" text,
    "SecurityStamp" text, "IsDeclared" boolean);
  create table "SubNodes" ("Id" uuid primary key);
  create table "RelayUserSubNode" (
    "RelayUsersId" text references "AspNetUsers" on delete cascade,
    "SubNodesId" uuid references "SubNodes" on delete cascade,
    primary key ("RelayUsersId", "SubNodesId"));
  create table "RelayTasks" (
    "Id" varchar(255) primary key, "Type" varchar(512) not null, "Collection" varchar(255) not null,
    "CreatedAt" timestamptz not null default now(), "CompletedAt" timestamptz);
  create table "RelaySubTasks" (
    "Id" uuid primary key, "OwnerId" uuid references "SubNodes" on delete cascade,
    "RelayTaskId" varchar(255) references "RelayTasks" on delete cascade, "Result" text)`

export interface DotnetUser {
  readonly name: string
  /** Null: the user has none. */
  readonly password: string | null
  readonly declared?: boolean
  readonly nodeIds: readonly string[]
}

/** Makes a database look like that of a .NET relay. `nodeIds` are nodes without a user, `openTasks` their uuids. */
export async function createDotnetHub(
  url: string,
  hub: {
    readonly users: readonly DotnetUser[]
    readonly nodeIds?: readonly string[]
    readonly openTasks?: readonly string[]
  },
): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(TABLES)
    for (const { name, password, declared = false, nodeIds } of hub.users) {
      const id = crypto.randomUUID()
      await client.query(
        'insert into "AspNetUsers" ("Id", "UserName", "NormalizedUserName", "PasswordHash", "IsDeclared") values ($1, $2, $3, $4, $5)',
        [id, name, name.toUpperCase(), password === null ? null : identityHash(password), declared],
      )
      for (const nodeId of nodeIds) {
        await client.query('insert into "SubNodes" values ($1) on conflict do nothing', [nodeId])
        await client.query('insert into "RelayUserSubNode" values ($1, $2)', [id, nodeId])
      }
    }
    for (const nodeId of hub.nodeIds ?? []) {
      await client.query('insert into "SubNodes" values ($1)', [nodeId])
    }
    for (const uuid of hub.openTasks ?? []) {
      await client.query(`insert into "RelayTasks" values ($1, 'RQ.a', 'RQ-CC-EXAMPLE')`, [uuid])
    }
    await client.query(
      `insert into "RelayTasks" values ('finished', 'RQ.a', 'RQ-CC-EXAMPLE', now(), now())`,
    )
  } finally {
    await client.end()
  }
}

/** A password hash as ASP.NET Identity v3 stores it: PBKDF2 with HMAC-SHA512, 100,000 iterations. */
export function identityHash(password: string): string {
  const salt = randomBytes(16)
  const header = Buffer.alloc(13)
  header[0] = 1
  header.writeUInt32BE(2, 1)
  header.writeUInt32BE(100_000, 5)
  header.writeUInt32BE(salt.length, 9)
  const key = pbkdf2Sync(password, salt, 100_000, 32, 'sha512')
  return Buffer.concat([header, salt, key]).toString('base64')
}
