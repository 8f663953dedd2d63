import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { FaultProxy, startPrivatePostgres, type PrivateServer } from '@warren/testkit'
import { Client } from 'pg'
import { z } from 'zod'
import type { SmallDisk } from './small-disk.ts'

export interface FinalState {
  readonly uuid: string
  readonly state: string
  readonly cause: string | null
}

/** The database of the relays, and what can happen to it. */
export interface ChaosDatabase extends AsyncDisposable {
  /** RELAY_STORE of a relay. */
  storeUrl(relay: string): string
  /** The connections of a relay. */
  link(relay: string): FaultProxy | undefined
  restart(how: 'stop' | 'kill', ms: number): Promise<void>
  /** No transaction can write while it lasts. */
  blockWrites(ms: number): Promise<void>
  fillDisk(ms: number): Promise<void>
  finalStates(): Promise<readonly FinalState[]>
}

const FINAL_STATES = 'select uuid, state, delivery_cause as cause from relay_tasks'
const finalStates = z.array(
  z.object({ uuid: z.string(), state: z.string(), cause: z.string().nullable() }),
)

/** A private PostgreSQL, behind one proxy per relay. With a disk, the tables are on it. */
export async function startPostgresDatabase(
  relays: readonly string[],
  disk: SmallDisk | undefined,
): Promise<ChaosDatabase> {
  await using starting = new AsyncDisposableStack()
  const server = starting.use(await startPrivatePostgres())
  await createRelayDatabase(server, disk)
  const url = new URL(server.url)
  url.pathname = '/relay'
  const proxies = new Map<string, FaultProxy>()
  for (const relay of relays) {
    proxies.set(relay, starting.use(await FaultProxy.start(server.url)))
  }
  const resources = starting.move()
  return {
    storeUrl: (relay) => proxies.get(relay)?.url(url.href) ?? url.href,
    link: (relay) => proxies.get(relay),
    restart: async (how, ms) => {
      await server[how]()
      await delay(ms)
      await server.start()
    },
    blockWrites: async (ms) => {
      await execute(server.url, 'ALTER SYSTEM SET default_transaction_read_only = on', RELOAD)
      await delay(ms)
      await execute(server.url, 'ALTER SYSTEM RESET default_transaction_read_only', RELOAD)
    },
    fillDisk: (ms) => fill(disk, ms),
    finalStates: async () => {
      await using session = await connect(url.href)
      return finalStates.parse((await session.client.query(FINAL_STATES)).rows)
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** An SQLite file for one relay. */
export function openSqliteDatabase(folder: string, disk: SmallDisk | undefined): ChaosDatabase {
  const file = join(disk?.folder ?? folder, 'relay.sqlite')
  return {
    storeUrl: () => `sqlite:${file}`,
    link: () => undefined,
    restart: () => Promise.reject(new Error('SQLite has no server')),
    blockWrites: async (ms) => {
      using database = new DatabaseSync(file)
      await beginExclusively(database)
      await delay(ms)
      database.exec('ROLLBACK')
    },
    fillDisk: (ms) => fill(disk, ms),
    finalStates: async () => {
      using database = new DatabaseSync(file, { readOnly: true })
      return finalStates.parse(database.prepare(FINAL_STATES).all())
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

const RELOAD = 'SELECT pg_reload_conf()'

async function createRelayDatabase(
  server: PrivateServer,
  disk: SmallDisk | undefined,
): Promise<void> {
  if (disk === undefined) {
    await execute(server.url, 'CREATE DATABASE relay TEMPLATE template0')
    return
  }
  await using session = await connect(server.url)
  const { rows } = await session.client.query('SHOW data_directory')
  const [row] = z.array(z.object({ data_directory: z.string() })).parse(rows)
  await disk.giveToOwnerOf(row?.data_directory ?? '')
  await session.client.query(`CREATE TABLESPACE small LOCATION '${disk.folder}'`)
  await session.client.query('CREATE DATABASE relay TEMPLATE template0 TABLESPACE small')
}

async function fill(disk: SmallDisk | undefined, ms: number): Promise<void> {
  if (disk === undefined) throw new Error('there is no small disk')
  const ballast = join(disk.folder, 'ballast')
  const file = await open(ballast, 'w')
  try {
    for (const chunk of [Buffer.alloc(1_048_576), Buffer.alloc(4_096)]) {
      // Ends with ENOSPC.
      await (async () => {
        for (;;) await file.write(chunk)
      })().catch(() => undefined)
    }
    await delay(ms)
  } finally {
    await file.close()
    await rm(ballast, { force: true })
  }
}

const LOCK_TRIES = 100

async function beginExclusively(database: DatabaseSync): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      database.exec('BEGIN IMMEDIATE')
      return
    } catch (error: unknown) {
      if (tries === LOCK_TRIES) throw error
      await delay(10)
    }
  }
}

async function connect(url: string): Promise<AsyncDisposable & { client: Client }> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

async function execute(url: string, ...statements: readonly string[]): Promise<void> {
  await using session = await connect(url)
  for (const statement of statements) await session.client.query(statement)
}
