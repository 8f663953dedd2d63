import { sql } from 'kysely'

import type { TaskState } from '../vocabulary/task-states.ts'
import type { StoreCounts } from './task-store.ts'
import type { SqlDatabase } from './sql-database.ts'

export async function countByState(database: SqlDatabase): Promise<StoreCounts> {
  return database.run('count tasks', async (db) => {
    const tasks = await db
      .selectFrom('relay_tasks')
      .select(['state', (eb) => eb.fn.countAll<number>().as('number')])
      .groupBy('state')
      .execute()
    // One state at a time, because each has an index of its own.
    const subtasksIn = async (state: 'queued' | 'leased'): Promise<number> => {
      const counted = await db
        .selectFrom('relay_subtasks')
        .select((eb) => eb.fn.countAll<number>().as('number'))
        .where('state', '=', sql.lit(state))
        .executeTakeFirstOrThrow()
      return counted.number
    }
    const tasksIn = (state: TaskState): number =>
      tasks.find((row) => row.state === state)?.number ?? 0
    return {
      tasks: {
        open: tasksIn('open'),
        settled: tasksIn('settled'),
        submitted: tasksIn('delivered'),
        dead: tasksIn('dead'),
      },
      queuedSubtasks: await subtasksIn('queued'),
      leasedSubtasks: await subtasksIn('leased'),
    }
  })
}
