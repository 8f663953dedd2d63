import { sql, type RawBuilder } from 'kysely'

import type { SqlDatabase } from './sql-database.ts'
import { moveTasks } from './state-moves.ts'
import type {
  LeaderEntry,
  NodeActivity,
  SubtaskEntry,
  TaskDirectory,
  TaskEntry,
  TaskFilter,
} from './task-directory.ts'

export class SqlTaskDirectory implements TaskDirectory {
  readonly #database: SqlDatabase

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  async list({ states, limit, after }: TaskFilter): Promise<readonly TaskEntry[]> {
    return this.#database.run('list tasks', (db) =>
      selectTasks(db)
        .$if(states !== undefined, (query) =>
          query.where(
            'state',
            'in',
            (states ?? []).map((state) => sql.lit(state)),
          ),
        )
        .$if(after !== undefined, (query) =>
          query.where((eb) =>
            eb.or([
              eb('received_at', '<', after?.receivedAt ?? 0),
              eb('received_at', '=', after?.receivedAt ?? 0).and('id', '<', after?.taskId ?? ''),
            ]),
          ),
        )
        .limit(limit)
        .execute(),
    )
  }

  async oldestOpen(): Promise<TaskEntry | undefined> {
    return this.#database.run('find the oldest open task', (db) =>
      selectTasks(db)
        .clearOrderBy()
        .where('state', '=', sql.lit('open'))
        .orderBy('received_at')
        .orderBy('id')
        .limit(1)
        .executeTakeFirst(),
    )
  }

  async find(text: string, limit: number): Promise<readonly TaskEntry[]> {
    const pattern = `${text.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`
    return this.#database.run('find tasks', (db) =>
      selectTasks(db)
        .where(
          sql<boolean>`(uuid like ${pattern} escape '\\' or cast(id as text) like ${pattern.toLowerCase()} escape '\\')`,
        )
        .limit(limit)
        .execute(),
    )
  }

  async subtasks(taskId: string): Promise<readonly SubtaskEntry[]> {
    return this.#database.run('list subtasks', (db) =>
      db
        .selectFrom('relay_subtasks')
        .select([
          'id as subtaskId',
          'node_id as nodeId',
          'state',
          'attempts',
          'asked_at as askedAt',
          'leased_until as leasedUntil',
          'answered_at as answeredAt',
          'answer_status as status',
        ])
        .where('task_id', '=', taskId)
        .orderBy('node_id')
        .execute(),
    )
  }

  async retry(taskId: string): Promise<boolean> {
    const { now } = this.#database.differences
    return this.#database.transact('retry a submission', async (trx, announce) => {
      const retried = await moveTasks(trx, 'retry')
        .set({ deliver_at: now(), claimed_until: 0, delivery_attempts: 0, closed_at: null })
        .where('id', '=', taskId)
        .returning('upstream')
        .executeTakeFirst()
      if (retried !== undefined) announce({ kind: 'settled', upstream: retried.upstream })
      return retried !== undefined
    })
  }

  async nodeActivity(sinceMs: number): Promise<ReadonlyMap<string, NodeActivity>> {
    const { now } = this.#database.differences
    return this.#database.run('read the activity of nodes', async (db) => {
      const rows = await db
        .selectFrom('relay_subtasks')
        .select([
          'node_id',
          countWhere(sql`state = 'queued'`).as('queued'),
          countWhere(sql`state = 'leased'`).as('leased'),
          countWhere(sql`answer_status = 'ok'`).as('answered'),
          countWhere(sql`answer_status = 'error'`).as('failed'),
          countWhere(sql`state = 'missed'`).as('missed'),
          sql<number | null>`cast(round(avg(answered_at - asked_at)) as bigint)`.as('meanMs'),
          sql<number | null>`max(answered_at)`.as('lastResultAt'),
        ])
        .where('asked_at', '>', now(-sinceMs))
        .groupBy('node_id')
        .execute()
      return new Map(rows.map(({ node_id, ...activity }) => [node_id, activity]))
    })
  }

  async leaders(): Promise<readonly LeaderEntry[]> {
    const { now } = this.#database.differences
    return this.#database.run('read the leaders', (db) =>
      db
        .selectFrom('relay_leaders')
        .select(['name', sql<number>`held_until - ${now()}`.as('heldForMs')])
        .where('held_until', '>', now())
        .orderBy('name')
        .execute(),
    )
  }
}

function selectTasks(db: SqlDatabase['db']) {
  return db
    .selectFrom('relay_tasks')
    .select([
      'id as taskId',
      'uuid',
      'upstream',
      'kind',
      'type',
      'state',
      'received_at as receivedAt',
      'deadline_at as deadlineAt',
      'settled_at as settledAt',
      'closed_at as closedAt',
      'asked',
      sql<number>`(
        select cast(count(*) as integer) from relay_subtasks as s
        where s.task_id = relay_tasks.id and s.state = 'answered')`.as('answered'),
      'delivery_attempts as submissionAttempts',
      'delivery_cause as submissionCause',
    ])
    .orderBy('received_at', 'desc')
    .orderBy('id', 'desc')
}

function countWhere(condition: RawBuilder<unknown>) {
  return sql<number>`cast(sum(case when ${condition} then 1 else 0 end) as integer)`
}
