import { sql, type Transaction } from 'kysely'

import type { SqlDifferences } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'

export interface Migration {
  readonly version: number
  readonly name: string
  readonly up: (
    trx: Transaction<RelayTables>,
    types: SqlDifferences['columnTypes'],
  ) => Promise<void>
}

/** In order. A released migration never changes: a correction is a new one. All missing migrations run in one transaction. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: 'users, nodes, tasks, subtasks', up: createTables },
  { version: 2, name: 'versions of passwords', up: addPasswordVersion },
  { version: 3, name: 'indexes of open subtasks', up: indexOpenSubtasks },
  { version: 4, name: 'claims to settle', up: addSettlingClaims },
  { version: 5, name: 'disabled users, second passwords, task lists', up: addDailyWork },
]

async function createTables(
  trx: Transaction<RelayTables>,
  { uuid, time }: SqlDifferences['columnTypes'],
): Promise<void> {
  await trx.schema
    .createTable('relay_users')
    .addColumn('id', uuid, (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('name_key', 'text', (column) => column.notNull().unique())
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('declared', 'smallint', (column) => column.notNull())
    .addColumn('created_at', time, (column) => column.notNull())
    .execute()

  await trx.schema
    .createTable('relay_nodes')
    .addColumn('id', uuid, (column) => column.primaryKey().notNull())
    .addColumn('user_id', uuid, (column) =>
      column.notNull().references('relay_users.id').onDelete('cascade'),
    )
    .addColumn('label', 'text')
    .addColumn('active', 'smallint', (column) => column.notNull())
    .addColumn('created_at', time, (column) => column.notNull())
    .addColumn('last_seen_at', time)
    .execute()
  await trx.schema.createIndex('relay_nodes_user').on('relay_nodes').column('user_id').execute()

  await trx.schema
    .createTable('relay_tasks')
    .addColumn('id', uuid, (column) => column.primaryKey().notNull())
    .addColumn('upstream', 'text', (column) => column.notNull())
    .addColumn('uuid', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) =>
      column.notNull().check(sql`kind in ('availability', 'distribution')`),
    )
    .addColumn('type', 'text', (column) =>
      column.notNull().check(sql`type in ('availability', 'generic', 'demographics', 'none')`),
    )
    .addColumn('collection', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) =>
      column.notNull().check(sql`state in ('open', 'settled', 'delivered', 'dead')`),
    )
    .addColumn('received_at', time, (column) => column.notNull())
    .addColumn('deadline_at', time, (column) => column.notNull())
    .addColumn('asked', 'integer', (column) => column.notNull())
    .addColumn('result', 'text')
    .addColumn('settled_at', time)
    .addColumn('deliver_at', time)
    .addColumn('claimed_until', time, (column) => column.notNull().defaultTo(0))
    .addColumn('delivery_attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('delivery_cause', 'text')
    .addColumn('closed_at', time)
    .addUniqueConstraint('relay_tasks_identity', ['upstream', 'uuid'])
    .addCheckConstraint(
      'relay_tasks_settled_has_result',
      sql`state = 'open' or (result is not null and settled_at is not null)`,
    )
    .execute()
  const taskIndexes = { due: 'deadline_at', deliver: 'deliver_at', closed: 'closed_at' } as const
  for (const [name, column] of Object.entries(taskIndexes)) {
    await trx.schema
      .createIndex(`relay_tasks_${name}`)
      .on('relay_tasks')
      .columns(['state', column])
      .execute()
  }

  await trx.schema
    .createTable('relay_subtasks')
    .addColumn('id', uuid, (column) => column.primaryKey().notNull())
    .addColumn('task_id', uuid, (column) =>
      column.notNull().references('relay_tasks.id').onDelete('cascade'),
    )
    .addColumn('node_id', uuid, (column) =>
      column.notNull().references('relay_nodes.id').onDelete('cascade'),
    )
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) =>
      column.notNull().check(sql`state in ('queued', 'leased', 'exhausted', 'answered', 'missed')`),
    )
    .addColumn('asked_at', time, (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('leased_until', time)
    .addColumn('published', 'smallint', (column) => column.notNull().defaultTo(0))
    .addColumn('answer_status', 'text', (column) =>
      column.check(sql`answer_status in ('ok', 'error')`),
    )
    .addColumn('answered_at', time)
    .addColumn('answer', 'text')
    .addUniqueConstraint('relay_subtasks_node_of_task', ['task_id', 'node_id'])
    .execute()
  await trx.schema
    .createIndex('relay_subtasks_node')
    .on('relay_subtasks')
    .columns(['node_id', 'state', 'asked_at', 'id'])
    .execute()
  await trx.schema
    .createIndex('relay_subtasks_state')
    .on('relay_subtasks')
    .columns(['state', 'leased_until'])
    .execute()

  // For databases without locks that end with the session.
  await trx.schema
    .createTable('relay_leaders')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('held_until', time, (column) => column.notNull())
    .execute()
}

async function addPasswordVersion(trx: Transaction<RelayTables>): Promise<void> {
  await trx.schema
    .alterTable('relay_users')
    .addColumn('password_version', 'integer', (column) => column.notNull().defaultTo(1))
    .execute()
}

/** Most subtasks are answered, and kept for days. Every index but those of keys contains only the others. */
async function indexOpenSubtasks(trx: Transaction<RelayTables>): Promise<void> {
  await trx.schema.dropIndex('relay_subtasks_node').execute()
  await trx.schema.dropIndex('relay_subtasks_state').execute()
  await trx.schema
    .createIndex('relay_subtasks_node')
    .on('relay_subtasks')
    .column('node_id')
    .execute()
  await trx.schema
    .createIndex('relay_subtasks_queued')
    .on('relay_subtasks')
    .columns(['node_id', 'asked_at', 'id'])
    .where(sql<boolean>`state = 'queued'`)
    .execute()
  await trx.schema
    .createIndex('relay_subtasks_leased')
    .on('relay_subtasks')
    .column('leased_until')
    .where(sql<boolean>`state = 'leased'`)
    .execute()
  await trx.schema
    .createIndex('relay_subtasks_unanswered')
    .on('relay_subtasks')
    .column('task_id')
    .where(sql<boolean>`state in ('queued', 'leased', 'exhausted')`)
    .execute()
}

async function addSettlingClaims(
  trx: Transaction<RelayTables>,
  { uuid, time }: SqlDifferences['columnTypes'],
): Promise<void> {
  // One column per statement, because SQLite adds no more.
  const table = (): ReturnType<typeof trx.schema.alterTable> => trx.schema.alterTable('relay_tasks')
  await table()
    .addColumn('settling_until', time, (column) => column.notNull().defaultTo(0))
    .execute()
  await table().addColumn('settling_by', uuid).execute()
  await table()
    .addColumn('settling_attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()
  await trx.schema
    .createIndex('relay_tasks_settling')
    .on('relay_tasks')
    .column('settling_until')
    .where(sql.ref('settling_by'), 'is not', null)
    .execute()
}

async function addDailyWork(
  trx: Transaction<RelayTables>,
  { time }: SqlDifferences['columnTypes'],
): Promise<void> {
  const table = (): ReturnType<typeof trx.schema.alterTable> => trx.schema.alterTable('relay_users')
  await table().addColumn('disabled_at', time).execute()
  await table().addColumn('earlier_password_hash', 'text').execute()
  await table().addColumn('earlier_password_version', 'integer').execute()
  await table().addColumn('earlier_password_until', time).execute()
  // Tasks are listed by the time they were received.
  await trx.schema
    .createIndex('relay_tasks_received')
    .on('relay_tasks')
    .columns(['received_at', 'id'])
    .execute()
}
