import { sql } from 'kysely'

import type { TaskState } from '../vocabulary/task-states.ts'
import type { StoreCounts } from './task-store.ts'
import type { SqlDatabase } from './sql-database.ts'

/** A count of tasks that are kept is reused for this many times the time that it took. */
const REUSE = 100
/** A count that had to wait for the database says nothing about the next one. */
const MAX_REUSE_MS = 60_000

type Finished = Pick<StoreCounts['tasks'], 'submitted' | 'dead'>

/**
 * Counts tasks by state. Tasks that are kept after they ended are counted so rarely that it takes at most 1% of the time,
 * however many there are. The others are always counted, by indexes that do not contain the kept ones.
 */
export class TaskOverview {
  readonly #database: Pick<SqlDatabase, 'run'>
  readonly #now: () => number
  #finished: Promise<Finished> | null = null
  #reuseUntil = 0

  constructor(database: Pick<SqlDatabase, 'run'>, now: () => number = () => performance.now()) {
    this.#database = database
    this.#now = now
  }

  async count(): Promise<StoreCounts> {
    const [finished, present] = await Promise.all([this.#countFinished(), this.#countPresent()])
    const { open, settled, queuedSubtasks, leasedSubtasks } = present
    return { tasks: { open, settled, ...finished }, queuedSubtasks, leasedSubtasks }
  }

  #countFinished(): Promise<Finished> {
    if (this.#finished !== null && this.#now() < this.#reuseUntil) return this.#finished
    const started = this.#now()
    this.#reuseUntil = Number.POSITIVE_INFINITY
    const counting = this.#database.run('count finished tasks', async (db) => ({
      submitted: await tasksIn(db, 'delivered'),
      dead: await tasksIn(db, 'dead'),
    }))
    this.#finished = counting
    counting.then(
      () => (this.#reuseUntil = this.#reusableUntil(started)),
      () => (this.#finished = null),
    )
    return counting
  }

  #reusableUntil(started: number): number {
    const now = this.#now()
    return now + Math.min(REUSE * (now - started), MAX_REUSE_MS)
  }

  #countPresent() {
    return this.#database.run('count tasks', async (db) => ({
      open: await tasksIn(db, 'open'),
      settled: await tasksIn(db, 'settled'),
      queuedSubtasks: await subtasksIn(db, 'queued'),
      leasedSubtasks: await subtasksIn(db, 'leased'),
    }))
  }
}

// One state at a time, because each is a range of an index or has an index of its own.

async function tasksIn(db: SqlDatabase['db'], state: TaskState): Promise<number> {
  const { number } = await db
    .selectFrom('relay_tasks')
    .select((eb) => eb.fn.countAll<number>().as('number'))
    .where('state', '=', sql.lit(state))
    .executeTakeFirstOrThrow()
  return number
}

async function subtasksIn(db: SqlDatabase['db'], state: 'queued' | 'leased'): Promise<number> {
  const { number } = await db
    .selectFrom('relay_subtasks')
    .select((eb) => eb.fn.countAll<number>().as('number'))
    .where('state', '=', sql.lit(state))
    .executeTakeFirstOrThrow()
  return number
}
