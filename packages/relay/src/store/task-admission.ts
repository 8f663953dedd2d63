import { newUuid } from '@warren/runtime'
import { sql, type Transaction } from 'kysely'

import type { Admission, NewTask, QueuedSubtask } from './task-store.ts'
import type { Announce, SqlDatabase } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { moveTasks } from './state-moves.ts'

// Ten parameters per row. SQLite accepts 32,766 per statement.
const INSERT_BATCH = 2_000

type Trx = Transaction<RelayTables>

export async function admitTask(database: SqlDatabase, task: NewTask): Promise<Admission> {
  const { rowLocks } = database.differences
  // A second round is needed if the task was deleted between the insert and the read.
  for (let round = 1; ; round++) {
    const admission = await database.transact('admit a task', async (trx, announce) => {
      const nodes = task.immediateResult === undefined ? await activeNodes(trx, rowLocks) : []
      const added = await addTask(database, trx, task, nodes)
      if (added === null) return readmitTask(database, trx, task, announce)
      if (added.isSettled) {
        announce({ kind: 'settled', upstream: task.upstream })
        return { outcome: 'settled', taskId: added.taskId, fresh: true } satisfies Admission
      }
      const subtasks = await addSubtasks(database, trx, added.taskId, task, nodes)
      announce({ kind: 'work', nodeIds: nodes })
      return { outcome: 'admitted', taskId: added.taskId, subtasks } satisfies Admission
    })
    if (admission !== null) return admission
    if (round === 3) throw new Error('the task was deleted repeatedly while it was being admitted')
  }
}

async function activeNodes(trx: Trx, rowLocks: boolean): Promise<readonly string[]> {
  const nodes = await trx
    .selectFrom('relay_nodes as n')
    .innerJoin('relay_users as u', 'u.id', 'n.user_id')
    .select('n.id')
    .where('n.active', '=', 1)
    .where('u.disabled_at', 'is', null)
    .orderBy('n.id')
    // The lock keeps a node from being removed before its subtask is inserted.
    .$if(rowLocks, (query) => query.forKeyShare('n'))
    .execute()
  return nodes.map(({ id }) => id)
}

async function addTask(
  { differences }: SqlDatabase,
  trx: Trx,
  task: NewTask,
  nodes: readonly string[],
): Promise<{ taskId: string; isSettled: boolean } | null> {
  const result = task.immediateResult ?? (nodes.length === 0 ? task.resultWithoutNodes : null)
  const settled = result !== null
  const receivedAt = differences.now(-task.ageMs)
  const added = await trx
    .insertInto('relay_tasks')
    .values({
      id: newUuid(),
      upstream: task.upstream,
      uuid: task.uuid,
      kind: task.kind,
      type: task.type,
      collection: task.collection,
      body: task.body,
      state: settled ? 'settled' : 'open',
      received_at: receivedAt,
      deadline_at: differences.now(task.deadlineMs - task.ageMs),
      asked: nodes.length,
      result,
      settled_at: settled ? differences.now() : null,
      deliver_at: settled ? differences.now() : null,
      settling_by: null,
      delivery_cause: null,
      closed_at: null,
    })
    .onConflict((conflict) => conflict.columns(['upstream', 'uuid']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return added === undefined ? null : { taskId: added.id, isSettled: settled }
}

async function addSubtasks(
  { differences }: SqlDatabase,
  trx: Trx,
  taskId: string,
  task: NewTask,
  nodes: readonly string[],
): Promise<readonly QueuedSubtask[]> {
  const subtasks = nodes.map((nodeId) => ({
    subtaskId: newUuid(),
    nodeId,
    kind: task.kind,
    leftMs: task.deadlineMs - task.ageMs,
  }))
  for (let start = 0; start < subtasks.length; start += INSERT_BATCH) {
    await trx
      .insertInto('relay_subtasks')
      .values(
        subtasks.slice(start, start + INSERT_BATCH).map(({ subtaskId, nodeId, kind }) => ({
          id: subtaskId,
          task_id: taskId,
          node_id: nodeId,
          kind,
          state: 'queued' as const,
          asked_at: differences.now(-task.ageMs),
          leased_until: null,
          answer_status: null,
          answered_at: null,
          answer: null,
        })),
      )
      .execute()
  }
  return subtasks
}

/** Admits a known task again. Null if it has just been deleted. */
async function readmitTask(
  { differences }: SqlDatabase,
  trx: Trx,
  task: NewTask,
  announce: Announce,
): Promise<Admission | null> {
  const known = await trx
    .selectFrom('relay_tasks')
    .select(['id', 'state'])
    // A combined result may have 30 MB.
    .select(sql<boolean | 0 | 1>`result is not null`.as('hasResult'))
    .select(sql<boolean | 0 | 1>`claimed_until > ${differences.now()}`.as('claimed'))
    .where('upstream', '=', task.upstream)
    .where('uuid', '=', task.uuid)
    .$if(differences.rowLocks, (query) => query.forUpdate())
    .executeTakeFirst()
  if (known === undefined) return null
  if (known.hasResult !== true && known.hasResult !== 1)
    return { outcome: 'known', taskId: known.id }
  // A submission in progress also serves the repeated request.
  const inProgress = known.state === 'settled' && Boolean(known.claimed)
  if (!inProgress) {
    await moveTasks(trx, 'resubmit')
      .set({
        received_at: differences.now(-task.ageMs),
        deliver_at: differences.now(),
        claimed_until: 0,
        delivery_attempts: 0,
        delivery_cause: null,
        closed_at: null,
      })
      .where('id', '=', known.id)
      .execute()
    announce({ kind: 'settled', upstream: task.upstream })
  }
  return { outcome: 'settled', taskId: known.id, fresh: false }
}
