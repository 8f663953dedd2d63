import type { Kysely } from 'kysely'

import type { MigrationOutcome } from './relay-store.ts'
import type { Migration } from './migrations.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { SchemaTooNewError, SchemaTooOldError } from './store-error.ts'

/**
 * Updates the schema. Any number of processes may start this at once: the first one migrates, and the others wait for it
 * and find nothing to do. A failure leaves the schema unchanged.
 */
export async function migrate(
  database: SqlDatabase,
  migrations: readonly Migration[],
): Promise<MigrationOutcome> {
  const { columnTypes } = database.differences
  return database.transact('migrate the schema', async (trx) => {
    await database.differences.lockForMigration(trx)
    await trx.schema
      .createTable('relay_migrations')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.primaryKey().notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('applied_at', columnTypes.time, (column) => column.notNull())
      .execute()
    const from = await versionOf(trx)
    const to = newest(migrations)
    if (from > to) throw new SchemaTooNewError(from, to)
    for (const { version, name, up } of migrations) {
      if (version <= from) continue
      await up(trx, columnTypes)
      await trx
        .insertInto('relay_migrations')
        .values({ version, name, applied_at: database.differences.now() })
        .execute()
    }
    return { from, to }
  })
}

/** Throws unless this release supports the version of the schema. */
export async function checkSchema(
  database: SqlDatabase,
  migrations: readonly Migration[],
): Promise<void> {
  const found = await database.run('check the schema', versionOf)
  const known = newest(migrations)
  if (found > known) throw new SchemaTooNewError(found, known)
  if (found < known) throw new SchemaTooOldError(found, known)
}

async function versionOf(db: Kysely<RelayTables>): Promise<number> {
  const applied = await db
    .selectFrom('relay_migrations')
    .select((eb) => eb.fn.max('version').as('version'))
    .executeTakeFirst()
  return applied?.version ?? 0
}

function newest(migrations: readonly Migration[]): number {
  return Math.max(0, ...migrations.map(({ version }) => version))
}
