import { sql, type Kysely } from 'kysely'

import type { ResultOutcome, ResultStatus } from './task-store.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { moveSubtasks } from './state-moves.ts'

// True if every subtask of an open task is answered. Needs `relay_tasks` in scope. The states are those of an index, so that
// the cost does not depend on the number of answered subtasks.
const ALL_ANSWERED = sql<boolean | 0 | 1>`not exists (
  select 1 from relay_subtasks as s
  where s.task_id = relay_tasks.id and s.state in ('queued', 'leased', 'exhausted'))`

// A store operation that finds a claim which has just expired is repeated.
const MAX_ROUNDS = 3

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
  const { now } = database.differences
  const { subtaskId, nodeId, status } = result
  for (let round = 1; ; round++) {
    const isStored = await database.run('store a result', (db) =>
      storeInOpenTask(database, db, result),
    )
    // Read after the commit: of the last two results, the one that commits later sees both.
    const subtask = await database.run('read the answered task', (db) =>
      db
        .selectFrom('relay_tasks')
        .innerJoin('relay_subtasks', 'relay_subtasks.task_id', 'relay_tasks.id')
        .select(['relay_tasks.id as taskId', 'relay_tasks.uuid as taskUuid', 'relay_tasks.kind'])
        .select(['relay_tasks.state', 'relay_subtasks.attempts', 'relay_subtasks.answer_status'])
        .select(sql<boolean | 0 | 1>`relay_tasks.settling_until > ${now()}`.as('isClaimed'))
        .select(ALL_ANSWERED.as('allAnswered'))
        .where('relay_subtasks.id', '=', subtaskId)
        .where('relay_subtasks.node_id', '=', nodeId)
        .executeTakeFirst(),
    )
    if (subtask === undefined || subtask.attempts === 0) return { outcome: 'not-assigned' }
    const { taskId, taskUuid, kind, allAnswered } = subtask
    const isSuperfluous = status === 'error' && subtask.answer_status === 'ok'
    if (isStored || (subtask.state === 'open' && isSuperfluous)) {
      return { outcome: 'stored', taskId, taskUuid, kind, allAnswered: Boolean(allAnswered) }
    }
    if (subtask.state !== 'open' || Boolean(subtask.isClaimed) || round === MAX_ROUNDS) {
      return { outcome: 'late', taskId, taskUuid }
    }
  }
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
    .where('t.settling_until', '<=', database.differences.now())
    // The shared lock allows many results at once, but none while the task is being claimed for settling.
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
