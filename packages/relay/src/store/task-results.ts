import { sql, type Kysely, type Transaction } from 'kysely'

import { SUBTASK_MOVES } from '../vocabulary/task-states.ts'
import type {
  ResultOutcome,
  ResultStatus,
  DueTask,
  NodeResult,
  Settlement,
  TaskToSettle,
} from './task-store.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { moveSubtasks, moveTasks } from './state-moves.ts'

// A count has a few hundred bytes, a distribution up to 30 MB. The batches limit the memory used.
const RESULTS_PER_BATCH: Readonly<Record<TaskKind, number>> = { availability: 200, distribution: 1 }

/** Users of at most this many nodes that did not answer are named in the log. */
const MAX_NAMED_NODES = 20

// True if every subtask of an open task is answered. Needs `relay_tasks` in scope. The states are those of an index, so that
// the cost does not depend on the number of answered subtasks.
const ALL_ANSWERED = sql<boolean | 0 | 1>`not exists (
  select 1 from relay_subtasks as s
  where s.task_id = relay_tasks.id and s.state in ('queued', 'leased', 'exhausted'))`

export interface ResultToStore {
  readonly subtaskId: string
  readonly nodeId: string
  readonly json: string | Buffer
  readonly status: ResultStatus
}

export async function isAssigned(
  database: SqlDatabase,
  subtaskId: string,
  nodeId: string,
): Promise<boolean> {
  const row = await database.run('find a subtask', (db) =>
    db
      .selectFrom('relay_subtasks')
      .select('id')
      .where('id', '=', subtaskId)
      .where('node_id', '=', nodeId)
      .where('attempts', '>', 0)
      .executeTakeFirst(),
  )
  return row !== undefined
}

export async function storeResult(
  database: SqlDatabase,
  result: ResultToStore,
): Promise<ResultOutcome> {
  const { subtaskId, nodeId } = result
  const stored = await database.run('store a result', (db) => storeInOpenTask(database, db, result))
  // Read after the commit: of the last two results, the one that commits later sees both.
  const subtask = await database.run('read the answered task', (db) =>
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
  // In an open task, a result that was not stored is a failure after a result with status ok.
  if (!stored && state !== 'open') return { outcome: 'late', taskId, taskUuid }
  return { outcome: 'stored', taskId, taskUuid, allAnswered: Boolean(subtask.allAnswered) }
}

/** Stores the result in one statement. True if a row was changed. */
async function storeInOpenTask(
  database: SqlDatabase,
  db: Kysely<RelayTables>,
  { subtaskId, nodeId, json, status }: ResultToStore,
): Promise<boolean> {
  const openTask = db
    .selectFrom('relay_tasks as t')
    .select('t.id')
    .where('t.id', '=', (eb) =>
      eb.selectFrom('relay_subtasks as own').select('own.task_id').where('own.id', '=', subtaskId),
    )
    .where('t.state', '=', sql.lit('open'))
    // The shared lock allows many results at once, but none while the task is being settled. This then waits and finds the
    // task settled.
    .$if(database.differences.rowLocks, (query) => query.forShare())
  const changed = await moveSubtasks(db, 'answer')
    // Bytes are stored as they are: as a string, they would take twice the memory.
    .set({
      answer: sql<string>`cast(${json} as text)`,
      answer_status: status,
      answered_at: database.differences.now(),
      leased_until: null,
    })
    .where('id', '=', subtaskId)
    .where('node_id', '=', nodeId)
    .where('attempts', '>', 0)
    .where('task_id', '=', openTask)
    // A failure must not replace the result of another worker of the node.
    .$if(status === 'error', (query) =>
      query.where((eb) =>
        eb.or([eb('answer_status', 'is', null), eb('answer_status', '=', sql.lit('error'))]),
      ),
    )
    .returning('id')
    .execute()
  return changed.length > 0
}

export async function findDueTasks(
  database: SqlDatabase,
  limit: number,
): Promise<readonly DueTask[]> {
  const { now } = database.differences
  return database.run('find due tasks', async (db) => {
    const rows = await db
      .selectFrom('relay_tasks')
      .select(['id', 'uuid', ALL_ANSWERED.as('allAnswered')])
      .where('state', '=', sql.lit('open'))
      .where((eb) => eb.or([eb('deadline_at', '<=', now()), sql<boolean>`${ALL_ANSWERED}`]))
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
  combine: (task: TaskToSettle, results: AsyncIterable<NodeResult>) => Promise<string>,
  options: { keepNodeResults: boolean },
): Promise<Settlement> {
  const { now } = database.differences
  return database.transact('settle a task', async (trx, announce) => {
    const task = await trx
      .selectFrom('relay_tasks')
      .select(['id', 'uuid', 'upstream', 'kind', 'type', 'collection', 'asked'])
      .where('id', '=', taskId)
      .where('state', '=', sql.lit('open'))
      // Waits for results that are being stored, then blocks others until the commit.
      .$if(database.differences.rowLocks, (query) => query.forUpdate())
      .executeTakeFirst()
    if (task === undefined) return { outcome: 'already' } as const
    const { id, ...rest } = task
    const result = await combine({ taskId: id, ...rest }, readResults(trx, id, task.kind))
    const moved = await moveTasks(trx, 'settle')
      .set({ result, settled_at: now(), deliver_at: now() })
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
    const missing = await findUserNames(
      trx,
      missed.map(({ node_id }) => node_id),
    )
    return { outcome: 'settled', result, missing } as const
  })
}

/** Names of the nodes' users, sorted. */
async function findUserNames(
  trx: Transaction<RelayTables>,
  nodes: readonly string[],
): Promise<string[]> {
  if (nodes.length === 0) return []
  const users = await trx
    .selectFrom('relay_users as u')
    .innerJoin('relay_nodes as n', 'n.user_id', 'u.id')
    .select('u.name')
    .distinct()
    .where('n.id', 'in', nodes.slice(0, MAX_NAMED_NODES))
    .orderBy('u.name')
    .execute()
  return users.map(({ name }) => name)
}

async function* readResults(
  trx: Transaction<RelayTables>,
  taskId: string,
  kind: TaskKind,
): AsyncGenerator<NodeResult> {
  const limit = RESULTS_PER_BATCH[kind]
  let after: string | undefined
  for (;;) {
    const rows = await trx
      .selectFrom('relay_subtasks')
      .select(['node_id', 'answer_status', 'answer'])
      .where('task_id', '=', taskId)
      .where('state', '=', sql.lit(SUBTASK_MOVES.answer.to))
      .$if(after !== undefined, (query) => query.where('node_id', '>', after ?? ''))
      .orderBy('node_id')
      .limit(limit)
      .execute()
    for (const { node_id, answer_status, answer } of rows) {
      yield { nodeId: node_id, status: answer_status ?? 'error', json: answer ?? '' }
    }
    after = rows.at(-1)?.node_id
    if (rows.length < limit) return
  }
}
