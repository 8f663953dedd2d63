import { PostgresRoute, type PostgresAddress } from '@warren/database'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { newUuid, type Logger } from '@warren/runtime'
import { types } from 'pg'

import { MIGRATIONS, type Migration } from './migrations.ts'
import { HealingPool } from './postgres-pool.ts'
import { type OnStatement, statementLog } from './on-statement.ts'
import { PostgresSession, type SessionTiming } from './postgres-session.ts'
import type { Leadership, MigrationOutcome, RelayStore } from './relay-store.ts'
import { EventBus } from './event-bus.ts'
import { LeaderLease } from './leader-lease.ts'
import { SchemaVersion } from './schema-version.ts'
import { SqlDatabase, type SqlDifferences } from './sql-database.ts'
import { TABLES, type RelayTables } from './sql-schema.ts'
import { SqlTaskDirectory } from './sql-task-directory.ts'
import { SqlTaskStore } from './sql-task-store.ts'
import { SqlUserStore } from './sql-user-store.ts'
import { classifyPostgresError } from './classify-error.ts'

export interface PostgresStoreOptions {
  readonly address: PostgresAddress
  /** Connections in addition to the one that listens, unless the address allows less. Default 10. */
  readonly poolSize?: number
  readonly log: Logger
  readonly onStatement?: OnStatement
  /** For tests: replaces the clock of the database. Epoch ms. */
  readonly clock?: () => number
  /** Timeouts, ms. */
  readonly timing?: Partial<PostgresTiming>
  /** Default: the migrations of this release. */
  readonly migrations?: readonly Migration[]
}

export interface PostgresTiming extends SessionTiming {
  /** Timeout for getting a connection, free or new, unless the address has one, ms. */
  readonly connectMs: number
  /** Timeout for a statement, unless the address has one, ms. */
  readonly queryMs: number
}

const TIMING: PostgresTiming = {
  connectMs: 10_000,
  queryMs: 30_000,
  heartbeatMs: 10_000,
  responseMs: 5_000,
}
// Held by a migration, so that relays started together migrate one after another.
const MIGRATION_LOCK = 0x77_72_6e_01

/** The store for production. Opens no connection before its first use, except the one that listens. */
export function openPostgresStore(options: PostgresStoreOptions): RelayStore {
  return new PostgresStore(options)
}

class PostgresStore implements RelayStore {
  readonly technology = 'postgresql'
  readonly events = new EventBus({ live: false })
  readonly users: SqlUserStore
  readonly tasks: SqlTaskStore
  readonly directory: SqlTaskDirectory
  readonly #db: Kysely<RelayTables>
  readonly #database: SqlDatabase
  readonly #session: PostgresSession
  readonly #schema: SchemaVersion
  readonly #holder = newUuid()
  #closed = false

  constructor(options: PostgresStoreOptions) {
    const { address, poolSize = 10, log, clock, migrations = MIGRATIONS } = options
    const { onStatement = () => {} } = options
    const timing = { ...TIMING, ...options.timing }
    const route = new PostgresRoute(address, {
      applicationName: 'warren-relay',
      connectTimeoutMs: timing.connectMs,
      // A relay writes. Of several hosts, one may be a standby.
      session: address.hosts.length > 1 ? 'prefer-primary' : 'any',
    })
    const pool = new HealingPool({
      route,
      types: { getTypeParser: (oid, format) => typeParser(oid, format) },
      size: Math.max(1, Math.min(poolSize, address.maxConnections ?? poolSize)),
      queryMs: address.statementTimeoutMs ?? timing.queryMs,
    })
    this.#session = new PostgresSession({ route, timing, eventBus: this.events, log })
    this.#db = new Kysely<RelayTables>({
      dialect: new PostgresDialect({ pool }),
      log: statementLog(onStatement),
    })
    this.#database = new SqlDatabase({
      db: this.#db,
      differences: differences({
        session: this.#session,
        clock,
        async copyRows(query) {
          const started = performance.now()
          const rows = await pool.copyRows(query)
          onStatement(performance.now() - started, 'copy')
          return rows
        },
      }),
      eventBus: this.events,
      log,
    })
    this.#schema = new SchemaVersion({ database: this.#database, migrations, log })
    this.users = new SqlUserStore(this.#database)
    this.tasks = new SqlTaskStore(this.#database)
    this.directory = new SqlTaskDirectory(this.#database)
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

  async reclaimSpace(): Promise<void> {}

  leadership(name: string): Leadership {
    return new LeaderLease(this.#database, {
      name,
      holder: this.#holder,
      mayLead: async () => {
        await this.#schema.check()
        await this.#database.checkTables()
      },
      replaceHolder: false,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#session[Symbol.asyncDispose]()
    await this.#db.destroy()
  }
}

// pg returns bigint as text. count(*) and times are bigint and stay far below 2^53.
const INT8: number = types.builtins.INT8

function typeParser(oid: number, format: 'text' | 'binary' | undefined) {
  return oid === INT8 ? Number : types.getTypeParser(oid, format ?? 'text')
}

// The start of the statement, and not clock_timestamp(), which an index cannot be searched with.
const STATEMENT_TIME = sql<number>`cast(extract(epoch from statement_timestamp()) * 1000 as bigint)`

/** Reads nothing. The message names a table, like that of a statement that fails. */
async function checkTables(db: Kysely<RelayTables>): Promise<void> {
  for (const table of TABLES) {
    await sql`insert into ${sql.table(table)} select * from ${sql.table(table)} where false`.execute(
      db,
    )
    await sql`delete from ${sql.table(table)} where false`.execute(db)
    await sql`select 1 from ${sql.table(table)} where false for update`.execute(db)
  }
}

function differences({
  session,
  clock,
  copyRows,
}: {
  readonly session: PostgresSession
  readonly clock: PostgresStoreOptions['clock']
  readonly copyRows: HealingPool['copyRows']
}): SqlDifferences {
  return {
    technology: 'postgresql',
    columnTypes: { uuid: 'uuid', time: 'bigint' },
    now(offsetMs = 0) {
      const time = clock === undefined ? STATEMENT_TIME : sql`cast(${clock()} as bigint)`
      return sql<number>`(${time} + ${Math.round(offsetMs)})`
    },
    // As bytes, PostgreSQL would send it in hexadecimal.
    textBytes: (column) => sql.ref<string>(column),
    readTexts: async (_, query) => copyRows(query),
    rowLocks: true,
    async lockForMigration(trx) {
      await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(trx)
    },
    async announce(trx, events) {
      for (const { channel, payload } of session.encodeNotices(events)) {
        await sql`select pg_notify(${channel}, ${payload})`.execute(trx)
      }
    },
    checkTables,
    classifyError: classifyPostgresError,
  }
}
