import type { MigrationOutcome } from './relay-store.ts'
import { MIGRATIONS, type Migration } from './migrations.ts'
import type { SqlDatabase } from './sql-database.ts'
import { SchemaTooNewError } from './store-error.ts'

/**
 * Brings the schema up to date. Any number of processes may start it together: the first does the
 * work, the others wait for it and find nothing to do. A failure leaves the schema as it was.
 */
export async function migrate(
  database: SqlDatabase,
  now: () => number,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<MigrationOutcome> {
  const { columnTypes } = database.differences
  return database.transact('migrate', async (trx) => {
    await database.differences.lockForMigration(trx)
    await trx.schema
      .createTable('relay_migrations')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.primaryKey().notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('applied_at', columnTypes.time, (column) => column.notNull())
      .execute()
    const applied = await trx
      .selectFrom('relay_migrations')
      .select((eb) => eb.fn.max('version').as('version'))
      .executeTakeFirst()
    const from = applied?.version ?? 0
    const to = Math.max(0, ...migrations.map(({ version }) => version))
    if (from > to) throw new SchemaTooNewError(from, to)
    for (const { version, name, up } of migrations) {
      if (version <= from) continue
      await up(trx, columnTypes)
      await trx
        .insertInto('relay_migrations')
        .values({ version, name, applied_at: now() })
        .execute()
    }
    return { from, to }
  })
}
