import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { newUuid, type Logger } from '@warren/runtime'
import { Kysely } from 'kysely'

import { checkSchema, migrate } from './migrate.ts'
import { MIGRATIONS, type Migration } from './migrations.ts'
import { NodeSqliteDialect } from './node-sqlite-dialect.ts'
import type { Leadership, MigrationOutcome, RelayStore } from './relay-store.ts'
import { EventBus } from './event-bus.ts'
import { SqlDatabase, type SqlDifferences } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { SqlTaskStore } from './sql-task-store.ts'
import { SqlUserStore } from './sql-user-store.ts'
import { SqliteLeadership } from './sqlite-leadership.ts'
import { classifySqliteError } from './classify-error.ts'

export interface SqliteStoreOptions {
  /** Created if absent, readable by its owner only. */
  readonly path: string
  readonly log: Logger
  readonly now?: () => number
  /** Default: those of this release. */
  readonly migrations?: readonly Migration[]
}

// Waiting for another process blocks this whole process: wait briefly, and again without blocking.
const BUSY_WAIT_MS = 100
const LOOK_FOR_OTHERS_MS = 1_000

/**
 * The embedded store: one file, no server. One relay process is its use; others (the command line,
 * a second relay on the same machine) may work on the file too, and are noticed within a second.
 */
export function openSqliteStore(options: SqliteStoreOptions): RelayStore {
  const { path } = options
  // Password hashes are in it; the files SQLite puts beside it inherit its mode.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600))
  const file = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: BUSY_WAIT_MS })
  file.exec('pragma journal_mode = wal')
  // A commit is on the disk when it is reported: an answered node will not send its answer again.
  file.exec('pragma synchronous = full')
  return new SqliteStore(file, options)
}

class SqliteStore implements RelayStore {
  readonly technology = 'sqlite'
  readonly events = new EventBus({ live: true })
  readonly users: SqlUserStore
  readonly tasks: SqlTaskStore
  readonly #file: DatabaseSync
  readonly #db: Kysely<RelayTables>
  readonly #database: SqlDatabase
  readonly #now: () => number
  readonly #migrations: readonly Migration[]
  readonly #watch: NodeJS.Timeout
  readonly #holder = newUuid()
  #closed = false

  constructor(file: DatabaseSync, options: SqliteStoreOptions) {
    const { log, now = Date.now, migrations = MIGRATIONS } = options
    this.#migrations = migrations
    this.#file = file
    this.#now = now
    this.#db = new Kysely<RelayTables>({ dialect: new NodeSqliteDialect(file) })
    this.#database = new SqlDatabase({
      db: this.#db,
      differences: DIFFERENCES,
      eventBus: this.events,
      log,
    })
    this.users = new SqlUserStore(this.#database, now)
    this.tasks = new SqlTaskStore(this.#database)
    this.#watch = this.#watchForOthers(file)
  }

  async migrate(): Promise<MigrationOutcome> {
    return migrate(this.#database, this.#now, this.#migrations)
  }

  async check(): Promise<void> {
    await checkSchema(this.#database, this.#migrations)
  }

  leadership(name: string): Leadership {
    return new SqliteLeadership(this.#database, { name, holder: this.#holder, now: this.#now })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#watch)
    await this.#db.destroy()
    // kysely closes only what it has used.
    if (this.#file.isOpen) this.#file.close()
  }

  // data_version changes when another connection has committed, and costs no reading of the file.
  #watchForOthers(file: DatabaseSync): NodeJS.Timeout {
    const statement = file.prepare('pragma data_version')
    const version = (): unknown => statement.get()?.['data_version']
    let seen = version()
    const timer = setInterval(() => {
      const current = version()
      if (current === seen) return
      seen = current
      this.events.emit({ kind: 'users-changed' })
      this.events.emit({ kind: 'resync' })
    }, LOOK_FOR_OTHERS_MS)
    timer.unref()
    return timer
  }
}

const DIFFERENCES: SqlDifferences = {
  technology: 'sqlite',
  columnTypes: { uuid: 'text', time: 'integer' },
  rowLocks: false,
  // Every transaction begins with the write lock.
  lockForMigration: async () => {},
  // Others notice by themselves.
  announce: async () => {},
  classifyError: classifySqliteError,
}
