import { sql, type Transaction } from 'kysely'

import { SUBTASK_MOVES } from '../tasks/task-states.ts'
import type {
  AnswerOutcome,
  AnswerStatus,
  DueTask,
  NodeAnswer,
  TaskKind,
  TaskToSettle,
} from './relay-store.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { moveSubtasks, moveTasks } from './state-moves.ts'

// Counts are a few hundred bytes, distributions may be megabytes: what is in memory at once stays small.
const ANSWERS_AT_ONCE: Readonly<Record<TaskKind, number>> = { availability: 200, distribution: 4 }

export interface AnswerToStore {
  readonly subtaskId: string
  readonly nodeId: string
  readonly result: string
  readonly status: AnswerStatus
  readonly now: number
}

export async function storeAnswer(
  database: SqlDatabase,
  answer: AnswerToStore,
): Promise<AnswerOutcome> {
  const stored = await database.transact('store answer', async (trx) => {
    const subtask = await trx
      .selectFrom('relay_subtasks as s')
      .innerJoin('relay_tasks as t', 't.id', 's.task_id')
      .select(['t.id as taskId', 't.uuid as taskUuid', 't.state', 's.attempts'])
      .where('s.id', '=', answer.subtaskId)
      .where('s.node_id', '=', answer.nodeId)
      // Many answers at once, but none while the task is being settled: it would be lost.
      .$if(database.differences.rowLocks, (query) => query.forShare('t'))
      .executeTakeFirst()
    if (subtask === undefined || subtask.attempts === 0) return { outcome: 'not-theirs' } as const
    const { taskId, taskUuid, state } = subtask
    if (state !== 'open') return { outcome: 'late', taskId, taskUuid } as const
    await moveSubtasks(trx, 'answer')
      .set({
        answer: answer.result,
        answer_status: answer.status,
        answered_at: answer.now,
        leased_until: null,
      })
      .where('id', '=', answer.subtaskId)
      // A second worker that failed must not undo what the first one found.
      .$if(answer.status === 'error', (query) =>
        query.where((eb) =>
          eb.or([eb('answer_status', 'is', null), eb('answer_status', '=', sql.lit('error'))]),
        ),
      )
      .execute()
    return { outcome: 'stored', taskId, taskUuid } as const
  })
  if (stored.outcome !== 'stored') return stored
  // Asked after the commit: of two last answers, the one committed later is sure to see both.
  return { ...stored, complete: await isComplete(database, stored.taskId) }
}

// No subtask is without an answer, where `relay_tasks` is in scope.
const COMPLETE = sql<boolean | 0 | 1>`not exists (
  select 1 from relay_subtasks as s
  where s.task_id = relay_tasks.id and s.state <> ${sql.lit(SUBTASK_MOVES.answer.to)})`

async function isComplete(database: SqlDatabase, taskId: string): Promise<boolean> {
  const task = await database.run('look for missing answers', (db) =>
    db
      .selectFrom('relay_tasks')
      .select(COMPLETE.as('complete'))
      .where('id', '=', taskId)
      .executeTakeFirst(),
  )
  return Boolean(task?.complete)
}

export async function tasksDueForSettling(
  database: SqlDatabase,
  now: number,
  limit: number,
): Promise<readonly DueTask[]> {
  return database.run('due for settling', async (db) => {
    const rows = await db
      .selectFrom('relay_tasks')
      .select(['id', 'uuid', COMPLETE.as('complete')])
      .where('state', '=', sql.lit('open'))
      .where((eb) => eb.or([eb('deadline_at', '<=', now), sql<boolean>`${COMPLETE}`]))
      .orderBy('deadline_at')
      .limit(limit)
      .execute()
    return rows.map(({ id, uuid, complete }) => ({
      taskId: id,
      uuid,
      reason: complete ? ('complete' as const) : ('deadline' as const),
    }))
  })
}

export async function settleTask(
  database: SqlDatabase,
  taskId: string,
  now: number,
  aggregate: (task: TaskToSettle, answers: AsyncIterable<NodeAnswer>) => Promise<string>,
  options: { keepAnswers: boolean },
): Promise<{ outcome: 'settled'; result: string } | { outcome: 'already' }> {
  return database.transact('settle', async (trx, announce) => {
    const task = await trx
      .selectFrom('relay_tasks')
      .select(['id', 'uuid', 'upstream', 'kind', 'type', 'collection', 'asked'])
      .where('id', '=', taskId)
      .where('state', '=', sql.lit('open'))
      // Waits for answers being stored, then keeps others out until it is done.
      .$if(database.differences.rowLocks, (query) => query.forUpdate())
      .executeTakeFirst()
    if (task === undefined) return { outcome: 'already' } as const
    const { id, ...rest } = task
    const result = await aggregate({ taskId: id, ...rest }, answersOf(trx, id, task.kind))
    const moved = await moveTasks(trx, 'settle')
      .set({ result, settled_at: now, deliver_at: now })
      .where('id', '=', taskId)
      .returning('id')
      .execute()
    if (moved.length === 0) return { outcome: 'already' } as const
    await moveSubtasks(trx, 'miss').set({ leased_until: null }).where('task_id', '=', id).execute()
    if (!options.keepAnswers) {
      await trx
        .updateTable('relay_subtasks')
        .set({ answer: null })
        .where('task_id', '=', id)
        .where('answer', 'is not', null)
        .execute()
    }
    announce({ kind: 'settled', upstream: task.upstream })
    return { outcome: 'settled', result } as const
  })
}

async function* answersOf(
  trx: Transaction<RelayTables>,
  taskId: string,
  kind: TaskKind,
): AsyncGenerator<NodeAnswer> {
  const atOnce = ANSWERS_AT_ONCE[kind]
  let after: string | undefined
  for (;;) {
    const rows = await trx
      .selectFrom('relay_subtasks')
      .select(['node_id', 'answer_status', 'answer'])
      .where('task_id', '=', taskId)
      .where('state', '=', sql.lit(SUBTASK_MOVES.answer.to))
      .$if(after !== undefined, (query) => query.where('node_id', '>', after ?? ''))
      .orderBy('node_id')
      .limit(atOnce)
      .execute()
    for (const { node_id, answer_status, answer } of rows) {
      yield { nodeId: node_id, status: answer_status ?? 'error', result: answer ?? '' }
    }
    after = rows.at(-1)?.node_id
    if (rows.length < atOnce) return
  }
}
