import { parsePostgresAddress } from '@warren/database'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createLogger, newUuid, type Logger } from '@warren/runtime'
import { createDatabase, describePostgres } from '@warren/testkit'
import { Client } from 'pg'
import { describe } from 'vitest'

import type { Migration } from '../../src/store/migrations.ts'
import { openPostgresStore } from '../../src/store/postgres-store.ts'
import type { Admission, LeaseOptions, NewTask } from '../../src/store/task-store.ts'
import type { RelayStore } from '../../src/store/relay-store.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'

const COUNT_KEPT_RESULTS = 'select count(answer) as kept from relay_subtasks'

/** One database with any number of relays on it. */
export interface StoreBench extends AsyncDisposable {
  readonly technology: RelayStore['technology']
  /** URL of the database, for tests that read or damage it. */
  readonly url: string
  /** The time of the stores, epoch ms. It stands still until a test changes it. */
  readonly clock: { now: number }
  /** Opens a store on the database, as another relay would. It is closed with the bench. */
  open(options?: OpenOptions): RelayStore
  /** Number of node results in the database. Not part of the store, because no program needs it. */
  countKeptResults(): Promise<number>
}

export interface OpenOptions {
  log?: Logger
  poolSize?: number
  /** Replaces the clock of the bench. Epoch ms. */
  clock?: () => number
  /** Uses the time of the database, instead of the clock of the bench. */
  realTime?: boolean
  migrations?: readonly Migration[]
}

export type OpenBench = (options?: { migrated?: boolean }) => Promise<StoreBench>

/** Runs a suite against every store, with a real database. */
export function describeStores(title: string, suite: (bench: OpenBench) => void): void {
  describe(`${title} (SQLite)`, () => suite(sqliteBench))
  describePostgres(`${title} (PostgreSQL)`, () => suite(postgresBench))
}

export async function sqliteBench({ migrated = true } = {}): Promise<StoreBench> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-relay-'))
  const path = join(folder, 'relay.db')
  if (migrated) {
    await using store = openSqliteStore({ path, log: quietLog() })
    await store.migrate()
  }
  const stores: RelayStore[] = []
  const clock = { now: NOW }
  return {
    technology: 'sqlite',
    url: path,
    clock,
    open: ({ realTime = false, ...options } = {}) =>
      keep(
        stores,
        openSqliteStore({ path, log: quietLog(), ...testClock(realTime, clock), ...options }),
      ),
    async countKeptResults() {
      const file = new DatabaseSync(path)
      const row = file.prepare(COUNT_KEPT_RESULTS).get()
      file.close()
      return Number(row?.['kept'])
    },
    async [Symbol.asyncDispose]() {
      await closeAll(stores)
      await rm(folder, { recursive: true })
    },
  }
}

export async function postgresBench({ migrated = true } = {}): Promise<StoreBench> {
  const template = {
    name: 'relay core',
    async prepare(url: string) {
      await using store = openPostgresStore({ address: parsePostgresAddress(url), log: quietLog() })
      await store.migrate()
    },
  }
  const database = await createDatabase(migrated ? { template } : {})
  const stores: RelayStore[] = []
  const clock = { now: NOW }
  return {
    technology: 'postgresql',
    url: database.url,
    clock,
    open: ({ realTime = false, ...options } = {}) =>
      keep(
        stores,
        openPostgresStore({
          address: parsePostgresAddress(database.url),
          poolSize: 5,
          log: quietLog(),
          ...testClock(realTime, clock),
          ...options,
        }),
      ),
    async countKeptResults() {
      const client = new Client({ connectionString: database.url })
      await client.connect()
      const { rows } = await client.query<{ kept: string }>(COUNT_KEPT_RESULTS)
      await client.end()
      return Number(rows[0]?.kept)
    },
    async [Symbol.asyncDispose]() {
      await closeAll(stores)
      await database[Symbol.asyncDispose]()
    },
  }
}

function testClock(realTime: boolean, clock: { now: number }): { clock?: () => number } {
  return realTime ? {} : { clock: () => clock.now }
}

function keep(stores: RelayStore[], store: RelayStore): RelayStore {
  stores.push(store)
  return store
}

async function closeAll(stores: readonly RelayStore[]): Promise<void> {
  for (const store of stores) await store[Symbol.asyncDispose]()
}

export function quietLog(): Logger {
  return createLogger({
    component: 'test',
    level: 'error',
    format: 'json',
    destination: { write: () => {} },
  })
}

/** A log that keeps its records for the test. */
export function recordingLog(): {
  log: Logger
  records: { msg: string; [field: string]: unknown }[]
} {
  const records: { msg: string; [field: string]: unknown }[] = []
  const write = (line: string): void => void records.push(JSON.parse(line))
  const log = createLogger({
    component: 'test',
    level: 'debug',
    format: 'json',
    destination: { write },
  })
  return { log, records }
}

/** Adds a user with `number` nodes. Returns their IDs in ascending order. */
export async function addNodes(
  store: RelayStore,
  number: number,
  name = 'north',
): Promise<string[]> {
  const user = await store.users.addUser({ name, passwordHash: 'hash', declared: false })
  const ids: string[] = []
  while (ids.length < number) {
    const batch = Math.min(20, number - ids.length)
    const nodes = await Promise.all(
      Array.from({ length: batch }, () => store.users.addNode(user.id)),
    )
    ids.push(...nodes.map(({ id }) => id))
  }
  return ids.sort()
}

export const NOW = 1_770_000_000_000

export function newTask(more: Partial<NewTask> = {}): NewTask {
  return {
    upstream: 'national',
    uuid: newUuid(),
    kind: 'availability',
    type: 'availability',
    collection: 'RQ-CC-EXAMPLE',
    body: '{"uuid":"from upstream","cohort":{}}',
    ageMs: 0,
    deadlineMs: 240_000,
    resultWithoutNodes: '{"status":"error"}',
    ...more,
  }
}

export async function admitted(
  store: RelayStore,
  task: NewTask = newTask(),
): Promise<Extract<Admission, { outcome: 'admitted' }>> {
  const admission = await store.tasks.admit(task)
  if (admission.outcome !== 'admitted') throw new Error(`the task was ${admission.outcome}`)
  return admission
}

export const LEASE: LeaseOptions = {
  leaseMs: { availability: 60_000, distribution: 1_800_000 },
  maxAttempts: 5,
}
