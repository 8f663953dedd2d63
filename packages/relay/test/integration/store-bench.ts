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
import type {
  Admission,
  LeaseOptions,
  NewTask,
  Settlement,
  SettlingClaim,
} from '../../src/store/task-store.ts'
import type { RelayStore } from '../../src/store/relay-store.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'

const LIST_TASKS = `
  select t.uuid, t.state as task_state, t.received_at, t.settled_at, t.delivery_attempts, t.delivery_cause, s.state, s.answer
  from relay_tasks as t left join relay_subtasks as s on s.task_id = t.id
  order by t.received_at desc, t.id desc`

interface ListedRow {
  uuid: string
  task_state: string
  received_at: number | string
  settled_at: number | string | null
  delivery_attempts: number
  delivery_cause: string | null
  state: string | null
  answer: string | null
}

/** A task as it is in the database. */
export interface ListedTask {
  readonly uuid: string
  readonly state: string
  readonly receivedAt: number
  readonly settledAt: number | null
  readonly submissionAttempts: number
  readonly submissionCause: string | null
  /** Number of subtasks by state. */
  readonly subtasks: Readonly<Record<string, number>>
  /** Number of node results. */
  readonly kept: number
}

/** One database with any number of relays on it. */
export interface StoreBench extends AsyncDisposable {
  readonly technology: RelayStore['technology']
  /** URL of the database, for tests that read or damage it. */
  readonly url: string
  /** The time of the stores, epoch ms. It stands still until a test changes it. */
  readonly clock: { now: number }
  /** Opens a store on the database, as another relay would. It is closed with the bench. */
  open(options?: OpenOptions): RelayStore
  /** All tasks, newest first. Not part of the store, because no program needs it. */
  listTasks(): Promise<readonly ListedTask[]>
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
    async listTasks() {
      const file = new DatabaseSync(path)
      const rows = file.prepare(LIST_TASKS).all()
      file.close()
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return listed(rows as unknown as ListedRow[])
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
    async listTasks() {
      const client = new Client({ connectionString: database.url })
      await client.connect()
      const { rows } = await client.query<ListedRow>(LIST_TASKS)
      await client.end()
      return listed(rows)
    },
    async [Symbol.asyncDispose]() {
      await closeAll(stores)
      await database[Symbol.asyncDispose]()
    },
  }
}

function listed(rows: readonly ListedRow[]): ListedTask[] {
  return [...Map.groupBy(rows, ({ uuid }) => uuid)].map(([uuid, ofTask]) => {
    const subtasks: Record<string, number> = {}
    for (const { state } of ofTask) {
      if (state !== null) subtasks[state] = (subtasks[state] ?? 0) + 1
    }
    const {
      task_state: state,
      received_at,
      settled_at,
      delivery_attempts,
      delivery_cause,
    } = ofTask[0]!
    return {
      uuid,
      state,
      receivedAt: Number(received_at),
      settledAt: settled_at === null ? null : Number(settled_at),
      submissionAttempts: delivery_attempts,
      submissionCause: delivery_cause,
      subtasks,
      kept: ofTask.filter(({ answer }) => answer !== null).length,
    }
  })
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

export const CLAIM_MS = 15_000

/** Claims a task and stores a combined result: by default, what `combine` makes of the results of its nodes. */
export async function settle(
  store: RelayStore,
  taskId: string,
  combine: (claim: SettlingClaim) => string | Promise<string> = () => '{}',
): Promise<Settlement | null> {
  const claim = await store.tasks.claimSettling(taskId, CLAIM_MS)
  return claim === null ? null : store.tasks.settle(claim, await combine(claim))
}

export const LEASE: LeaseOptions = {
  leaseMs: { availability: 60_000, distribution: 1_800_000 },
  maxAttempts: 5,
}
