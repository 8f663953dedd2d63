import { sql } from 'kysely'

import type { TaskState } from '../vocabulary/task-states.ts'
import type { StoreCounts, TaskSummary } from './task-store.ts'
import type { SqlDatabase } from './sql-database.ts'

export async function listTasks(
  database: SqlDatabase,
  { state, limit }: { state?: TaskState; limit: number },
): Promise<readonly TaskSummary[]> {
  return database.run('list tasks', async (db) => {
    const tasks = await db
      .selectFrom('relay_tasks')
      .select(['id', 'uuid', 'upstream', 'kind', 'type', 'state', 'received_at', 'deadline_at'])
      .select(['settled_at', 'asked', 'delivery_attempts', 'delivery_cause'])
      .$if(state !== undefined, (query) => query.where('state', '=', state ?? 'open'))
      .orderBy('received_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute()
    if (tasks.length === 0) return []
    const perState = await db
      .selectFrom('relay_subtasks')
      .select(['task_id', 'state', (eb) => eb.fn.countAll<number>().as('number')])
      .where(
        'task_id',
        'in',
        tasks.map(({ id }) => id),
      )
      .groupBy(['task_id', 'state'])
      .execute()
    const byTask = Map.groupBy(perState, ({ task_id }) => task_id)
    return tasks.map((task) => ({
      taskId: task.id,
      uuid: task.uuid,
      upstream: task.upstream,
      kind: task.kind,
      type: task.type,
      state: task.state,
      receivedAt: task.received_at,
      deadlineAt: task.deadline_at,
      settledAt: task.settled_at,
      asked: task.asked,
      subtasks: Object.fromEntries(
        (byTask.get(task.id) ?? []).map((row) => [row.state, row.number]),
      ),
      submissionAttempts: task.delivery_attempts,
      submissionCause: task.delivery_cause,
    }))
  })
}

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
