import { newUuid } from '@warren/runtime'
import { sql, type Transaction } from 'kysely'

import type { TaskKind } from '../vocabulary/task-kind.ts'
import { SUBTASK_MOVES } from '../vocabulary/task-states.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { moveSubtasks, moveTasks } from './state-moves.ts'
import type { DueOptions, DueTask, Settlement, SettlingClaim } from './task-store.ts'

/** Users of at most this many nodes that did not answer are named in the log. */
const MAX_NAMED_NODES = 20
// Deleting a text of 30 MB takes the database 50 ms, so a statement deletes little more than one of them.
const DISCARD_BYTES = 2_000_000
const DISCARD_ROWS = 200

/**
 * Open tasks of a kind to settle. The subqueries return an ID or null and are not `not exists`, which PostgreSQL may evaluate
 * by reading every subtask that is kept.
 */
export async function findDueTasks(
  database: SqlDatabase,
  kind: TaskKind,
  { limit, silence }: DueOptions,
): Promise<readonly DueTask[]> {
  const { now } = database.differences
  const firstOpen = sql`(
    select s.id from relay_subtasks as s
    where s.task_id = relay_tasks.id and s.state in ('queued', 'leased', 'exhausted') limit 1)`
  return database.run('find due tasks', async (db) => {
    const rows = await db
      .selectFrom('relay_tasks')
      .select(['id', 'uuid', sql<boolean | 0 | 1>`${firstOpen} is null`.as('allAnswered')])
      .select(sql<boolean | 0 | 1>`deadline_at <= ${now()}`.as('isExpired'))
      .where('state', '=', sql.lit('open'))
      .where('kind', '=', kind)
      .where('settling_until', '<=', now())
      .where((eb) =>
        eb.or([
          eb('deadline_at', '<=', now()),
          sql<boolean>`${firstOpen} is null`,
          ...(silence === null ? [] : [onlySilentNodesAreLeft(database, silence)]),
        ]),
      )
      .orderBy('deadline_at')
      .limit(limit)
      .execute()
    return rows.map(({ id, uuid, allAnswered, isExpired }) => ({
      taskId: id,
      uuid,
      reason: reasonOf(Boolean(allAnswered), Boolean(isExpired)),
    }))
  })
}

function reasonOf(allAnswered: boolean, isExpired: boolean): DueTask['reason'] {
  if (allAnswered) return 'all answered'
  return isExpired ? 'deadline' : 'silent nodes'
}

/** The relay waits for a node that has leased the task, whatever the time of its last saved poll. */
function onlySilentNodesAreLeft(
  { differences: { now } }: SqlDatabase,
  { afterMs, graceMs }: NonNullable<DueOptions['silence']>,
) {
  const firstAwaited = sql`(
    select s.id from relay_subtasks as s join relay_nodes as n on n.id = s.node_id
    where s.task_id = relay_tasks.id and s.state in ('queued', 'leased', 'exhausted')
      and (s.state = 'leased'
        or n.last_seen_at > ${now(-afterMs)} or n.created_at > ${now(-afterMs)}) limit 1)`
  const lastAnswer = sql`(
    select max(s.answered_at) from relay_subtasks as s where s.task_id = relay_tasks.id)`
  return sql<boolean>`(${firstAwaited} is null
    and received_at <= ${now(-graceMs)} and ${lastAnswer} <= ${now(-graceMs)})`
}

export async function claimSettling(
  database: SqlDatabase,
  taskId: string,
  claimMs: number,
): Promise<SettlingClaim | null> {
  const { now, rowLocks } = database.differences
  const token = newUuid()
  return database.transact('claim a task to settle', async (trx) => {
    const [task] = await trx
      .updateTable('relay_tasks')
      .set({
        settling_by: token,
        settling_until: now(claimMs),
        settling_attempts: sql<number>`settling_attempts + 1`,
      })
      .where('id', '=', (eb) =>
        eb
          .selectFrom('relay_tasks as t')
          .select('t.id')
          .where('t.id', '=', taskId)
          .where('t.state', '=', sql.lit('open'))
          .where('t.settling_until', '<=', now())
          // Waits neither for another relay nor for a result that is being stored: the next sweep finds the task again.
          .$if(rowLocks, (query) => query.forUpdate().skipLocked()),
      )
      .returning(['id', 'uuid', 'upstream', 'kind', 'type', 'collection', 'asked'])
      .returning('settling_attempts')
      .execute()
    if (task === undefined) return null
    const { id, settling_attempts, ...rest } = task
    const results = await trx
      .selectFrom('relay_subtasks')
      .select(['node_id', 'answer_status', sql<number>`octet_length(answer)`.as('bytes')])
      .where('task_id', '=', id)
      .where('state', '=', sql.lit(SUBTASK_MOVES.answer.to))
      .execute()
    return {
      task: { taskId: id, ...rest },
      token,
      attempt: settling_attempts,
      results: results.map(({ node_id, answer_status, bytes }) => ({
        nodeId: node_id,
        status: answer_status ?? 'error',
        bytes: bytes ?? 0,
      })),
    }
  })
}

export async function renewSettling(
  database: SqlDatabase,
  { task: { taskId }, token }: SettlingClaim,
  claimMs: number,
): Promise<boolean> {
  const { now } = database.differences
  const [renewed] = await database.run('renew a claim to settle', (db) =>
    db
      .updateTable('relay_tasks')
      .set({ settling_until: now(claimMs) })
      .where('id', '=', taskId)
      .where('state', '=', sql.lit('open'))
      .where('settling_by', '=', token)
      .where('settling_until', '>', now())
      .returning('id')
      .execute(),
  )
  return renewed !== undefined
}

export async function releaseSettling(
  database: SqlDatabase,
  { task: { taskId }, token }: SettlingClaim,
): Promise<void> {
  await database.run('release a claim to settle', (db) =>
    db
      .updateTable('relay_tasks')
      .set({
        settling_by: null,
        settling_until: 0,
        settling_attempts: sql<number>`settling_attempts - 1`,
      })
      .where('id', '=', taskId)
      .where('state', '=', sql.lit('open'))
      .where('settling_by', '=', token)
      .execute(),
  )
}

export async function settleTask(
  database: SqlDatabase,
  { task: { taskId, upstream }, token }: SettlingClaim,
  result: string | Buffer,
): Promise<Settlement> {
  const { now } = database.differences
  return database.transact('settle a task', async (trx, announce) => {
    const [moved] = await moveTasks(trx, 'settle')
      .set({ result: sql<string>`cast(${result} as text)`, settled_at: now(), deliver_at: now() })
      .where('id', '=', taskId)
      .where('settling_by', '=', token)
      .where('settling_until', '>', now())
      .returning(sql<boolean | 0 | 1>`deadline_at <= ${now()}`.as('isExpired'))
      .execute()
    if (moved === undefined) return { outcome: 'lost' } as const
    const missed = await moveSubtasks(trx, 'miss')
      .set({ leased_until: null })
      .where('task_id', '=', taskId)
      .returning('node_id')
      .execute()
    announce({ kind: 'settled', upstream })
    const users = await findUserNames(
      trx,
      missed.map(({ node_id }) => node_id),
    )
    const isExpired = Boolean(moved.isExpired)
    return { outcome: 'settled', missing: missed.length, users, isExpired } as const
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

export async function findUndiscarded(
  database: SqlDatabase,
  limit: number,
): Promise<readonly string[]> {
  const { now } = database.differences
  const tasks = await database.run('find results to discard', (db) =>
    db
      .selectFrom('relay_tasks')
      .select('id')
      .where('state', '<>', sql.lit('open'))
      .where('settling_by', 'is not', null)
      .where('settling_until', '<=', now())
      .limit(limit)
      .execute(),
  )
  return tasks.map(({ id }) => id)
}

export async function discardResults(
  database: SqlDatabase,
  taskId: string,
  { keep }: { keep: boolean },
): Promise<void> {
  const kept = keep
    ? []
    : await database.run('list results to discard', (db) =>
        db
          .selectFrom('relay_subtasks')
          .select(['id', sql<number>`octet_length(answer)`.as('bytes')])
          .where('task_id', '=', taskId)
          .where('answer', 'is not', null)
          .execute(),
      )
  for (let start = 0; start < kept.length;) {
    let bytes = 0
    let end = start
    while (end < kept.length && end - start < DISCARD_ROWS && bytes < DISCARD_BYTES) {
      bytes += kept[end]?.bytes ?? 0
      end++
    }
    const ids = kept.slice(start, end).map(({ id }) => id)
    await database.run('discard results', (db) =>
      db.updateTable('relay_subtasks').set({ answer: null }).where('id', 'in', ids).execute(),
    )
    start = end
  }
  await database.run('mark results as discarded', (db) =>
    db
      .updateTable('relay_tasks')
      .set({ settling_by: null })
      .where('id', '=', taskId)
      .where('state', '<>', sql.lit('open'))
      .execute(),
  )
}
