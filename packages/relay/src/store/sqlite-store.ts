import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { newUuid, steadyTime, type Logger } from '@warren/runtime'
import { Kysely, sql } from 'kysely'

import { MIGRATIONS, type Migration } from './migrations.ts'
import { NodeSqliteDialect } from './node-sqlite-dialect.ts'
import type { Leadership, MigrationOutcome, RelayStore } from './relay-store.ts'
import { EventBus } from './event-bus.ts'
import { FilePresence } from './file-presence.ts'
import { LeaderLease } from './leader-lease.ts'
import { type OnStatement, statementLog } from './on-statement.ts'
import { SchemaVersion } from './schema-version.ts'
import { SqlDatabase, type SqlDifferences } from './sql-database.ts'
import type { RelayTables } from './sql-schema.ts'
import { SqlTaskDirectory } from './sql-task-directory.ts'
import { SqlTaskStore } from './sql-task-store.ts'
import { SqlUserStore } from './sql-user-store.ts'
import { classifySqliteError } from './classify-error.ts'
import { toBytes } from './text-bytes.ts'

export interface SqliteStoreOptions {
  /** Created if it does not exist, readable only by its owner. */
  readonly path: string
  readonly log: Logger
  readonly onStatement?: OnStatement
  /** For tests: replaces the clock. Epoch ms. */
  readonly clock?: () => number
  /** Default: the migrations of this release. */
  readonly migrations?: readonly Migration[]
}

// Waiting for another process inside SQLite blocks this process, so the wait is short and SqlDatabase retries.
const BUSY_WAIT_MS = 100
const CHANGE_CHECK_MS = 1_000
/** Free pages (4 KB) that are kept, because a large result will need them again. */
const RESERVED_PAGES = 4_096
/** Pages that one call gives back, which takes some 10 ms. */
const RECLAIMED_PAGES = 2_048
/** The write-ahead log is truncated to this size after a large transaction. */
const MAX_WAL_BYTES = 16_777_216
const INCREMENTAL = 2
const MAX_CONVERTED_BYTES = 1_073_741_824
/** At the start, another process may hold the file for longer than in normal operation. */
const OPEN_WAIT_MS = 5_000

/**
 * The embedded store: one file and no server. It is meant for one relay process. Changes by other processes (a command, a
 * second relay on the same machine) are detected within a second.
 */
export function openSqliteStore(options: SqliteStoreOptions): RelayStore {
  const { path } = options
  // The file contains password hashes. The files that SQLite creates next to it inherit its mode.
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600))
  const file = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: OPEN_WAIT_MS })
  // Takes effect in a new file only, and must come first.
  file.exec('pragma auto_vacuum = incremental')
  convertOldFile(file, options.log)
  file.exec(`pragma journal_mode = wal; pragma journal_size_limit = ${MAX_WAL_BYTES}`)
  file.exec(`pragma busy_timeout = ${BUSY_WAIT_MS}`)
  // A commit must be on disk before it is reported, because the node will not submit its result again.
  file.exec('pragma synchronous = full')
  return new SqliteStore(file, options)
}

/**
 * Rewrites a file that an early release has created, which never shrinks otherwise. A large file is not rewritten at the start,
 * because that takes a minute per GB and as much free space again.
 */
function convertOldFile(file: DatabaseSync, log: Logger): void {
  const read = (pragma: string): number => Number(file.prepare(`pragma ${pragma}`).get()?.[pragma])
  if (read('auto_vacuum') === INCREMENTAL || read('page_count') === 0) return
  const bytes = read('page_count') * read('page_size')
  if (bytes > MAX_CONVERTED_BYTES) {
    const hint = `Stop the relay and run: sqlite3 FILE 'pragma journal_mode = delete; pragma auto_vacuum = incremental; vacuum;'`
    log.warn({ bytes, hint }, 'database file does not shrink')
    return
  }
  try {
    // The pragma has no effect in WAL mode.
    file.exec('pragma journal_mode = delete; pragma auto_vacuum = incremental; vacuum')
    log.info({ bytes }, 'database file converted')
  } catch (error: unknown) {
    // Another process uses the file, or the disk is full. The file can be used as it is, and the next start tries again.
    const detail = error instanceof Error ? error.message : String(error)
    log.warn({ bytes, detail }, 'database file does not shrink')
  }
}

class SqliteStore implements RelayStore {
  readonly technology = 'sqlite'
  readonly events = new EventBus({ live: true })
  readonly users: SqlUserStore
  readonly tasks: SqlTaskStore
  readonly directory: SqlTaskDirectory
  readonly #file: DatabaseSync
  readonly #db: Kysely<RelayTables>
  readonly #database: SqlDatabase
  readonly #path: string
  readonly #schema: SchemaVersion
  readonly #watch: NodeJS.Timeout
  readonly #holder = newUuid()
  #presence: FilePresence | null = null
  #closed = false

  constructor(file: DatabaseSync, options: SqliteStoreOptions) {
    const { path, log, clock = steadyTime, migrations = MIGRATIONS } = options
    const { onStatement = () => {} } = options
    this.#path = path
    this.#file = file
    this.#db = new Kysely<RelayTables>({
      dialect: new NodeSqliteDialect(file),
      log: statementLog(onStatement),
    })
    this.#database = new SqlDatabase({
      db: this.#db,
      differences: differences(clock),
      eventBus: this.events,
      log,
    })
    this.#schema = new SchemaVersion({ database: this.#database, migrations, log })
    this.users = new SqlUserStore(this.#database)
    this.tasks = new SqlTaskStore(this.#database)
    this.directory = new SqlTaskDirectory(this.#database)
    this.#watch = this.#watchForChanges(file)
  }

  async migrate(): Promise<MigrationOutcome> {
    return this.#schema.migrate()
  }

  async check(): Promise<void> {
    await this.#schema.check()
    await this.#database.checkWritable()
  }

  async readTime(): Promise<number> {
    return this.#database.readTime()
  }

  async reclaimSpace(): Promise<void> {
    await this.#database.run('reclaim disk space', async (db) => {
      const { rows } = await sql<{ freelist_count: number }>`pragma freelist_count`.execute(db)
      const free = (rows[0]?.freelist_count ?? 0) - RESERVED_PAGES
      if (free <= 0) return
      // Not by kysely, which steps the statement once. With its connection, so that no transaction is open.
      await db.connection().execute(async () => {
        this.#file.exec(`pragma incremental_vacuum(${Math.min(free, RECLAIMED_PAGES)})`)
      })
    })
  }

  leadership(name: string): Leadership {
    // After a crash, the row of the dead process needs no time to expire.
    this.#presence ??= FilePresence.join(this.#path)
    return new LeaderLease(this.#database, {
      name,
      holder: this.#holder,
      mayLead: () => this.#schema.check(),
      replaceHolder: this.#presence.alone,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#watch)
    this.#presence?.[Symbol.dispose]()
    await this.#db.destroy()
    // kysely closes the file only if it has used it.
    if (this.#file.isOpen) this.#file.close()
  }

  // data_version changes when another connection commits. Checking it does not read the file.
  #watchForChanges(file: DatabaseSync): NodeJS.Timeout {
    const statement = file.prepare('pragma data_version')
    const version = (): unknown => statement.get()?.['data_version']
    let seen = version()
    const timer = setInterval(() => {
      const current = version()
      if (current === seen) return
      seen = current
      this.events.emit({ kind: 'users-changed' })
      this.events.emit({ kind: 'resync' })
    }, CHANGE_CHECK_MS)
    timer.unref()
    return timer
  }
}

function differences(clock: () => number): SqlDifferences {
  return {
    technology: 'sqlite',
    columnTypes: { uuid: 'text', time: 'integer' },
    // SQLite has no clock of its own, and is used by the processes of one machine.
    now: (offsetMs = 0) => sql<number>`${Math.round(clock() + offsetMs)}`,
    textBytes: (column) => sql`cast(${sql.ref(column)} as blob)`,
    async readTexts(db, query) {
      const { rows } = await db.executeQuery<Record<string, string | Uint8Array | null>>(query)
      return rows.map((row) =>
        Object.values(row).map((value) => (value === null ? null : toBytes(value))),
      )
    },
    rowLocks: false,
    // Every transaction begins with the write lock.
    lockForMigration: async () => {},
    // Other processes detect changes by themselves.
    announce: async () => {},
    checkTables: async () => {},
    classifyError: classifySqliteError,
  }
}
