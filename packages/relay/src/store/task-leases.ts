import { sql, type ExpressionBuilder } from 'kysely'

import type { LeasedSubtask, LeaseOptions, QueuedSubtask, ReturnedLease } from './task-store.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { moveSubtasks } from './state-moves.ts'

// After a long outage, many leases are to be returned. Batches keep the transactions short.
const RETURN_BATCH = 500

/**
 * Leases the oldest subtask of each node in one statement, so it is atomic in every database. With row locks, a row that
 * another relay is leasing is skipped, and the state of a row is checked again after it is locked.
 */
export async function leaseOldest(
  database: SqlDatabase,
  nodeIds: readonly string[],
  { kind, leaseMs, maxAttempts }: LeaseOptions,
): Promise<readonly LeasedSubtask[]> {
  const { rowLocks, now } = database.differences
  // Repeated after a lost response, this leases the next subtasks. The first ones return when their leases expire.
  return database.run('lease subtasks', async (db) => {
    const oldest = db
      .selectFrom('relay_subtasks as s')
      .innerJoin('relay_tasks as t', 't.id', 's.task_id')
      .select('s.id')
      .where('s.node_id', '=', sql<string>`n.id`)
      .where('s.state', '=', sql.lit('queued'))
      .where('s.attempts', '<', maxAttempts)
      .where('t.state', '=', sql.lit('open'))
      .where('t.deadline_at', '>', now())
      .$if(kind !== undefined, (query) => query.where('s.kind', '=', kind ?? 'availability'))
      .orderBy('s.asked_at')
      .orderBy('s.id')
      .limit(1)
      .$if(rowLocks, (query) => query.forUpdate('s').skipLocked())
    const candidates = db
      .selectFrom('relay_nodes as n')
      .select(oldest.as('id'))
      .where('n.id', 'in', nodeIds)
      .where('n.active', '=', 1)
    const leased = await moveSubtasks(db, 'lease')
      .set({
        attempts: sql<number>`attempts + 1`,
        leased_until: sql<number>`case kind
          when 'availability' then ${now(leaseMs.availability)} else ${now(leaseMs.distribution)} end`,
      })
      // Materialized, because looking for candidates locks them: it must happen once.
      .where(
        sql<string>`relay_subtasks.id`,
        'in',
        sql<string>`(with candidates as materialized ${candidates} select id from candidates)`,
      )
      .returning(['id', 'node_id', 'task_id', 'kind', 'attempts', 'leased_until'])
      .returning((eb) => [
        taskOf(eb).select('t.uuid').as('uuid'),
        taskOf(eb).select('t.body').as('body'),
        userOf(eb).select('u.id').as('user_id'),
        userOf(eb).select('u.name').as('owner'),
        userOf(eb).select('u.password_version').as('password_version'),
        userOf(eb)
          .where('u.earlier_password_until', '>', now())
          .select('u.earlier_password_version')
          .as('earlier_version'),
      ])
      .returning(IS_LAST.as('is_last'))
      .execute()
    return leased.map((row) => ({
      subtaskId: row.id,
      nodeId: row.node_id,
      owner: row.owner ?? '',
      login: {
        userId: row.user_id ?? '',
        passwordVersion: row.password_version ?? 0,
        earlierVersion: row.earlier_version,
      },
      taskId: row.task_id,
      taskUuid: row.uuid ?? '',
      kind: row.kind,
      attempt: row.attempts,
      leasedUntil: row.leased_until ?? 0,
      body: row.body ?? '{}',
      isLast: Boolean(row.is_last),
    }))
  })
}

// The subtask itself is excluded, because PostgreSQL reads it as it was before the statement.
const IS_LAST = sql<boolean | 0 | 1>`not exists (
  select 1 from relay_subtasks as other
  where other.node_id = relay_subtasks.node_id and other.state = 'queued'
    and other.id <> relay_subtasks.id)`

/** The task of a subtask, in a statement on `relay_subtasks`. */
function taskOf(eb: ExpressionBuilder<RelayTables, 'relay_subtasks'>) {
  return eb.selectFrom('relay_tasks as t').whereRef('t.id', '=', 'relay_subtasks.task_id')
}

/** The user of a subtask's node, in a statement on `relay_subtasks`. */
function userOf(eb: ExpressionBuilder<RelayTables, 'relay_subtasks'>) {
  return eb
    .selectFrom('relay_nodes as n')
    .innerJoin('relay_users as u', 'u.id', 'n.user_id')
    .whereRef('n.id', '=', 'relay_subtasks.node_id')
}

export async function returnLease(
  database: SqlDatabase,
  subtaskId: string,
  attempt: number,
): Promise<boolean> {
  return database.transact('return a lease', async (trx, announce) => {
    const returned = await moveSubtasks(trx, 'requeue')
      .set({ attempts: attempt - 1, leased_until: null, published: 0 })
      .where('id', '=', subtaskId)
      .where('attempts', '=', attempt)
      .returning('node_id')
      .executeTakeFirst()
    if (returned !== undefined) announce({ kind: 'work', nodeIds: [returned.node_id] })
    return returned !== undefined
  })
}

export async function returnExpiredLeases(
  database: SqlDatabase,
  maxAttempts: number,
): Promise<readonly ReturnedLease[]> {
  const all: ReturnedLease[] = []
  for (;;) {
    const returned = await returnBatch(database, maxAttempts)
    all.push(...returned)
    if (returned.length < RETURN_BATCH) return all
  }
}

async function returnBatch(
  database: SqlDatabase,
  maxAttempts: number,
): Promise<readonly ReturnedLease[]> {
  const { now, rowLocks } = database.differences
  return database.transact('return expired leases', async (trx, announce) => {
    const expired = await trx
      .selectFrom('relay_subtasks as s')
      .innerJoin('relay_tasks as t', 't.id', 's.task_id')
      .select(['s.id', 's.node_id', 's.kind', 's.attempts', 't.uuid'])
      .select(sql<number>`t.deadline_at - ${now()}`.as('leftMs'))
      .where('s.state', '=', sql.lit('leased'))
      .where('s.leased_until', '<=', now())
      .orderBy('s.leased_until')
      .limit(RETURN_BATCH)
      // Skipping locked rows means that this never waits, so it cannot deadlock.
      .$if(rowLocks, (query) => query.forUpdate('s').skipLocked())
      .execute()
    const exhausted = expired.filter(({ attempts }) => attempts >= maxAttempts)
    const queued = expired.filter(({ attempts }) => attempts < maxAttempts)
    if (exhausted.length > 0) {
      await moveSubtasks(trx, 'exhaust')
        .set({ leased_until: null })
        .where('id', 'in', idsOf(exhausted))
        .execute()
    }
    if (queued.length > 0) {
      await moveSubtasks(trx, 'requeue')
        .set({ leased_until: null, published: 0 })
        .where('id', 'in', idsOf(queued))
        .execute()
      announce({
        kind: 'work',
        nodeIds: [...new Set(queued.map(({ node_id }) => node_id))],
      })
    }
    return expired.map((row) => ({
      subtaskId: row.id,
      taskUuid: row.uuid,
      nodeId: row.node_id,
      kind: row.kind,
      attempt: row.attempts,
      exhausted: row.attempts >= maxAttempts,
      leftMs: row.leftMs,
    }))
  })
}

function idsOf(rows: readonly { id: string }[]): string[] {
  return rows.map(({ id }) => id)
}

// ---------------------------------------------------------------- for queues that catch up

export async function findUnpublished(
  database: SqlDatabase,
  minAgeMs: number,
  limit: number,
): Promise<readonly QueuedSubtask[]> {
  const { now } = database.differences
  return database.run('find unpublished subtasks', async (db) => {
    const rows = await db
      .selectFrom('relay_subtasks as s')
      .innerJoin('relay_tasks as t', 't.id', 's.task_id')
      .select(['s.id', 's.node_id', 's.kind'])
      .select(sql<number>`t.deadline_at - ${now()}`.as('leftMs'))
      .where('s.state', '=', sql.lit('queued'))
      .where('s.published', '=', 0)
      .where('s.asked_at', '<=', now(-minAgeMs))
      .orderBy('s.asked_at')
      .orderBy('s.id')
      .limit(limit)
      .execute()
    return rows.map(({ id, node_id, kind, leftMs }) => ({
      subtaskId: id,
      nodeId: node_id,
      kind,
      leftMs,
    }))
  })
}

export async function markPublished(
  database: SqlDatabase,
  subtaskIds: readonly string[],
): Promise<void> {
  for (let start = 0; start < subtaskIds.length; start += RETURN_BATCH) {
    await database.run('mark subtasks as published', (db) =>
      db
        .updateTable('relay_subtasks')
        .set({ published: 1 })
        .where('id', 'in', subtaskIds.slice(start, start + RETURN_BATCH))
        .execute(),
    )
  }
}

export async function findNodesWithWork(database: SqlDatabase): Promise<readonly string[]> {
  return database.run('find nodes with work', async (db) => {
    const rows = await db
      .selectFrom('relay_subtasks')
      .select('node_id')
      .distinct()
      .where('state', '=', sql.lit('queued'))
      .execute()
    return rows.map(({ node_id }) => node_id)
  })
}
