import { sql, type Kysely, type Transaction } from 'kysely'

import { SUBTASK_MOVES } from '../tasks/task-states.ts'
import type {
  ResultOutcome,
  ResultStatus,
  DueTask,
  NodeResult,
  Settlement,
  TaskKind,
  TaskToSettle,
} from './relay-store.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { moveSubtasks, moveTasks } from './state-moves.ts'

// Counts are a few hundred bytes, distributions up to 30 MB: what is in memory at once stays small.
const ANSWERS_AT_ONCE: Readonly<Record<TaskKind, number>> = { availability: 200, distribution: 1 }

/** Of more nodes that did not answer the names are not looked up: they are for people to read. */
const MOST_NAMED = 20

// No subtask is without an answer, where `relay_tasks` is in scope.
const ALL_ANSWERED = sql<boolean | 0 | 1>`not exists (
  select 1 from relay_subtasks as s
  where s.task_id = relay_tasks.id and s.state <> ${sql.lit(SUBTASK_MOVES.answer.to)})`

export interface ResultToStore {
  readonly subtaskId: string
  readonly nodeId: string
  readonly json: string
  readonly status: ResultStatus
  readonly now: number
}

export async function storeResult(
  database: SqlDatabase,
  answer: ResultToStore,
): Promise<ResultOutcome> {
  const { subtaskId, nodeId } = answer
  const stored = await database.run('store answer', (db) => storeInOpenTask(database, db, answer))
  // Asked after the commit: of two last answers, the one committed later is sure to see both.
  const subtask = await database.run('look at the answered task', (db) =>
    db
      .selectFrom('relay_tasks')
      .innerJoin('relay_subtasks', 'relay_subtasks.task_id', 'relay_tasks.id')
      .select(['relay_tasks.id as taskId', 'relay_tasks.uuid as taskUuid', 'relay_tasks.state'])
      .select(['relay_subtasks.attempts', ALL_ANSWERED.as('allAnswered')])
      .where('relay_subtasks.id', '=', subtaskId)
      .where('relay_subtasks.node_id', '=', nodeId)
      .executeTakeFirst(),
  )
  if (subtask === undefined || subtask.attempts === 0) return { outcome: 'not-assigned' }
  const { taskId, taskUuid, state } = subtask
  // Not stored in an open task: a failure that replaces no answer.
  if (!stored && state !== 'open') return { outcome: 'late', taskId, taskUuid }
  return { outcome: 'stored', taskId, taskUuid, allAnswered: Boolean(subtask.allAnswered) }
}

/** One statement. True if a row was changed. */
async function storeInOpenTask(
  database: SqlDatabase,
  db: Kysely<RelayTables>,
  { subtaskId, nodeId, json, status, now }: ResultToStore,
): Promise<boolean> {
  const openTask = db
    .selectFrom('relay_tasks as t')
    .select('t.id')
    .where('t.id', '=', (eb) =>
      eb.selectFrom('relay_subtasks as own').select('own.task_id').where('own.id', '=', subtaskId),
    )
    .where('t.state', '=', sql.lit('open'))
    // Many answers at once, but none while the task is being settled: it would be lost. Waits until
    // that is over, and finds the task closed.
    .$if(database.differences.rowLocks, (query) => query.forShare())
  const changed = await moveSubtasks(db, 'answer')
    .set({ answer: json, answer_status: status, answered_at: now, leased_until: null })
    .where('id', '=', subtaskId)
    .where('node_id', '=', nodeId)
    .where('attempts', '>', 0)
    .where('task_id', '=', openTask)
    // A second worker that failed must not undo what the first one found.
    .$if(status === 'error', (query) =>
      query.where((eb) =>
        eb.or([eb('answer_status', 'is', null), eb('answer_status', '=', sql.lit('error'))]),
      ),
    )
    .returning('id')
    .execute()
  return changed.length > 0
}

export async function tasksDueForSettling(
  database: SqlDatabase,
  now: number,
  limit: number,
): Promise<readonly DueTask[]> {
  return database.run('due for settling', async (db) => {
    const rows = await db
      .selectFrom('relay_tasks')
      .select(['id', 'uuid', ALL_ANSWERED.as('allAnswered')])
      .where('state', '=', sql.lit('open'))
      .where((eb) => eb.or([eb('deadline_at', '<=', now), sql<boolean>`${ALL_ANSWERED}`]))
      .orderBy('deadline_at')
      .limit(limit)
      .execute()
    return rows.map(({ id, uuid, allAnswered }) => ({
      taskId: id,
      uuid,
      reason: allAnswered ? ('all answered' as const) : ('deadline' as const),
    }))
  })
}

export async function settleTask(
  database: SqlDatabase,
  taskId: string,
  now: number,
  aggregate: (task: TaskToSettle, answers: AsyncIterable<NodeResult>) => Promise<string>,
  options: { keepNodeResults: boolean },
): Promise<Settlement> {
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
    const missed = await moveSubtasks(trx, 'miss')
      .set({ leased_until: null })
      .where('task_id', '=', id)
      .returning('node_id')
      .execute()
    if (!options.keepNodeResults) {
      await trx
        .updateTable('relay_subtasks')
        .set({ answer: null })
        .where('task_id', '=', id)
        .where('answer', 'is not', null)
        .execute()
    }
    announce({ kind: 'settled', upstream: task.upstream })
    const missing = await usersOf(
      trx,
      missed.map(({ node_id }) => node_id),
    )
    return { outcome: 'settled', result, missing } as const
  })
}

/** Names of the users of some nodes, in order. */
async function usersOf(trx: Transaction<RelayTables>, nodes: readonly string[]): Promise<string[]> {
  if (nodes.length === 0) return []
  const users = await trx
    .selectFrom('relay_users as u')
    .innerJoin('relay_nodes as n', 'n.user_id', 'u.id')
    .select('u.name')
    .distinct()
    .where('n.id', 'in', nodes.slice(0, MOST_NAMED))
    .orderBy('u.name')
    .execute()
  return users.map(({ name }) => name)
}

async function* answersOf(
  trx: Transaction<RelayTables>,
  taskId: string,
  kind: TaskKind,
): AsyncGenerator<NodeResult> {
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
      yield { nodeId: node_id, status: answer_status ?? 'error', json: answer ?? '' }
    }
    after = rows.at(-1)?.node_id
    if (rows.length < atOnce) return
  }
}
