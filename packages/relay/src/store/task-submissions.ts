import { sql, type Kysely } from 'kysely'

import type { Submission, SubmissionOutcome } from './task-store.ts'
import type { SqlDatabase, SqlDifferences } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { printableText } from './printable-text.ts'
import { moveTasks } from './state-moves.ts'
import { toBytes } from './text-bytes.ts'

const FINAL_STATES = (['delivered', 'dead'] as const).map((state) => sql.lit(state))
const DELETE_BATCH = 500
const MAX_CAUSE_LENGTH = 500
const MAX_SMALL_BYTES = 65_536

export interface ClaimOptions {
  readonly limit: number
  readonly claimMs: number
  readonly upstream?: string
  readonly except?: readonly string[]
}

export async function claimSubmissions(
  database: SqlDatabase,
  { limit, claimMs, upstream, except = [] }: ClaimOptions,
): Promise<readonly Submission[]> {
  const { now, rowLocks, textBytes } = database.differences
  const claimed = await database.transact('claim submissions', async (trx) => {
    const due = await trx
      .selectFrom('relay_tasks')
      .select(['id', 'uuid', 'upstream', 'kind', 'collection', 'delivery_attempts'])
      .select(smallText(textBytes).as('result'))
      .select(sql<number>`${now()} - received_at`.as('ageMs'))
      .where('state', '=', sql.lit('settled'))
      .where('deliver_at', '<=', now())
      .where('claimed_until', '<=', now())
      .$if(upstream !== undefined, (query) => query.where('upstream', '=', upstream ?? ''))
      .$if(except.length > 0, (query) => query.where('id', 'not in', except))
      .orderBy('deliver_at')
      .orderBy('id')
      .limit(limit)
      .$if(rowLocks, (query) => query.forUpdate().skipLocked())
      .execute()
    if (due.length === 0) return []
    await trx
      .updateTable('relay_tasks')
      .set({
        claimed_until: now(claimMs),
        delivery_attempts: sql<number>`delivery_attempts + 1`,
      })
      .where(
        'id',
        'in',
        due.map(({ id }) => id),
      )
      .execute()
    return due.map((row) => ({
      taskId: row.id,
      uuid: row.uuid,
      upstream: row.upstream,
      kind: row.kind,
      collection: row.collection,
      result: row.result === null ? null : toBytes(row.result),
      attempt: row.delivery_attempts + 1,
      ageMs: row.ageMs,
    }))
  })
  const large = claimed.filter(({ result }) => result === null).map(({ taskId }) => taskId)
  const results = await readLargeResults(database, large)
  return claimed.flatMap((submission) => {
    // Null: the task was deleted meanwhile.
    const result = submission.result ?? results.get(submission.taskId) ?? null
    return result === null ? [] : [{ ...submission, result }]
  })
}

/** Null for a larger one: it is read after the transaction, so that it does not hold the lock meanwhile. */
function smallText(textBytes: SqlDifferences['textBytes']) {
  return sql<
    string | Uint8Array | null
  >`case when octet_length(result) <= ${sql.lit(MAX_SMALL_BYTES)} then ${textBytes('result')} end`
}

async function readLargeResults(
  database: SqlDatabase,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, Buffer | null>> {
  const results = new Map<string, Buffer | null>()
  // One at a time, because each may have 30 MB.
  for (const taskId of taskIds) {
    const query = database.db
      .selectFrom('relay_tasks')
      .select(database.differences.textBytes('result').as('result'))
      .where('id', '=', taskId)
      .compile()
    const [row] = await database.run('read a combined result', (db) =>
      database.differences.readTexts(db, query),
    )
    results.set(taskId, row?.[0] ?? null)
  }
  return results
}

export async function renewClaims(
  database: SqlDatabase,
  submissions: readonly Pick<Submission, 'taskId' | 'attempt'>[],
  claimMs: number,
): Promise<void> {
  if (submissions.length === 0) return
  const { now } = database.differences
  await database.run('renew claims of submissions', (db) =>
    db
      .updateTable('relay_tasks')
      .set({ claimed_until: now(claimMs) })
      .where('state', '=', sql.lit('settled'))
      .where((eb) =>
        eb.or(
          submissions.map(({ taskId, attempt }) =>
            eb.and([eb('id', '=', taskId), eb('delivery_attempts', '=', attempt)]),
          ),
        ),
      )
      .execute(),
  )
}

export async function recordSubmission(
  database: SqlDatabase,
  submission: Pick<Submission, 'taskId' | 'attempt'>,
  outcome: SubmissionOutcome,
): Promise<boolean> {
  const { now } = database.differences
  return database.run('record a submission', async (db) => {
    const recorded = await submissionUpdate(db, submission, outcome, now)
      .where('id', '=', submission.taskId)
      .returning('id')
      .execute()
    return recorded.length > 0
  })
}

function submissionUpdate(
  db: Kysely<RelayTables>,
  { attempt }: Pick<Submission, 'attempt'>,
  outcome: SubmissionOutcome,
  now: SqlDifferences['now'],
) {
  if (outcome.outcome === 'submitted') {
    return moveTasks(db, 'submit').set({ closed_at: now(), claimed_until: 0, delivery_cause: null })
  }
  const failed = {
    claimed_until: 0,
    delivery_cause: printableText(outcome.cause, MAX_CAUSE_LENGTH),
  }
  if (outcome.outcome === 'abandoned') {
    return moveTasks(db, 'abandon')
      .set({ ...failed, closed_at: now() })
      .where('delivery_attempts', '=', attempt)
  }
  return db
    .updateTable('relay_tasks')
    .set({ ...failed, deliver_at: now(outcome.afterMs) })
    .$if(outcome.replacement !== undefined, (query) =>
      query.set({ result: outcome.replacement ?? '' }),
    )
    .where('delivery_attempts', '=', attempt)
    .where('state', '=', sql.lit('settled'))
}

export async function deleteOldTasks(
  database: SqlDatabase,
  minAgeMs: number,
): Promise<{ deleted: number; abandoned: readonly string[] }> {
  const { now } = database.differences
  const before = now(-minAgeMs)
  const abandoned = await database.run('abandon submissions', (db) =>
    moveTasks(db, 'abandon')
      .set({
        closed_at: now(),
        claimed_until: 0,
        delivery_cause: sql<string>`coalesce(delivery_cause, 'no relay submitted it')`,
      })
      .where('received_at', '<', before)
      .where('settled_at', '<', before)
      .where('claimed_until', '<=', now())
      .returning('uuid')
      .execute(),
  )
  let deleted = 0
  for (;;) {
    const batch = await database.run('delete old tasks', (db) =>
      db
        .deleteFrom('relay_tasks')
        .where('id', 'in', (eb) =>
          eb
            .selectFrom('relay_tasks')
            .select('id')
            .where('state', 'in', FINAL_STATES)
            .where('closed_at', '<', before)
            .limit(DELETE_BATCH),
        )
        .returning('id')
        .execute(),
    )
    deleted += batch.length
    if (batch.length < DELETE_BATCH) break
  }
  return { deleted, abandoned: abandoned.map(({ uuid }) => uuid) }
}
