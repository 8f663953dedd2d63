import type { Logger } from '@warren/runtime'
import type { Kysely } from 'kysely'

import type { MigrationOutcome } from './relay-store.ts'
import type { Migration } from './migrations.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { SchemaTooNewError, SchemaTooOldError } from './store-error.ts'

/** The version of the schema that this release needs, and the one that the database has. */
export class SchemaVersion {
  readonly #database: SqlDatabase
  readonly #migrations: readonly Migration[]
  readonly #log: Logger
  #supported = true

  constructor(options: { database: SqlDatabase; migrations: readonly Migration[]; log: Logger }) {
    this.#database = options.database
    this.#migrations = options.migrations
    this.#log = options.log
  }

  /**
   * Updates the schema. Any number of processes may start this at once: the first one migrates, and the others wait for
   * it and find nothing to do. A failure leaves the schema unchanged.
   */
  async migrate(): Promise<MigrationOutcome> {
    const { differences } = this.#database
    return this.#database.transact('migrate the schema', async (trx) => {
      await differences.lockForMigration(trx)
      await trx.schema
        .createTable('relay_migrations')
        .ifNotExists()
        .addColumn('version', 'integer', (column) => column.primaryKey().notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('applied_at', differences.columnTypes.time, (column) => column.notNull())
        .execute()
      const from = await versionOf(trx)
      const to = newest(this.#migrations)
      if (from > to) throw new SchemaTooNewError(from, to)
      for (const { version, name, up } of this.#migrations) {
        if (version <= from) continue
        await up(trx, differences.columnTypes)
        await trx
          .insertInto('relay_migrations')
          .values({ version, name, applied_at: differences.now() })
          .execute()
      }
      return { from, to }
    })
  }

  /**
   * Throws unless this release supports the version of the schema. Another relay may migrate the database at any time, so
   * a change is logged once.
   */
  async check(): Promise<void> {
    const found = await this.#database.run('check the schema', versionOf)
    const known = newest(this.#migrations)
    const error =
      found > known
        ? new SchemaTooNewError(found, known)
        : found < known
          ? new SchemaTooOldError(found, known)
          : null
    this.#report(error)
    if (error !== null) throw error
  }

  #report(error: Error | null): void {
    const supported = error === null
    if (supported === this.#supported) return
    this.#supported = supported
    if (error === null) this.#log.info({}, 'database schema supported')
    else this.#log.error({ detail: error.message }, 'database schema not supported')
  }
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
