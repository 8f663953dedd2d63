import type { Logger } from '@warren/runtime'
import { sleep } from '@warren/runtime'
import { sql, type CompiledQuery, type Kysely, type RawBuilder, type Transaction } from 'kysely'

import type { StoreEvent } from './relay-store.ts'
import type { EventBus } from './event-bus.ts'
import { OutageLog, type Proof } from './outage-log.ts'
import type { RelayTables } from './sql-schema.ts'
import { StoreError, TIMEOUT, type StoreFailure } from './store-error.ts'

/** The differences between the databases that kysely's dialects do not cover. */
export interface SqlDifferences {
  readonly technology: 'postgresql' | 'sqlite'
  readonly columnTypes: { readonly uuid: 'uuid' | 'text'; readonly time: 'bigint' | 'integer' }
  /** The time of the database plus `offsetMs`, epoch ms. The same in the whole statement. */
  readonly now: (offsetMs?: number) => RawBuilder<number>
  /** The text of a column, in UTF-8 if the driver can read it so: a large string is freed later. */
  readonly textBytes: (column: string) => RawBuilder<string | Uint8Array>
  /** Runs a query of text columns. Each value of the rows is in UTF-8, in memory of its own. */
  readTexts(
    db: Kysely<RelayTables>,
    query: CompiledQuery,
  ): Promise<readonly (readonly (Buffer | null)[])[]>
  /** Whether `for update skip locked` exists. Without it, a transaction locks the whole database. */
  readonly rowLocks: boolean
  /** Makes other migrations wait until this transaction ends. */
  lockForMigration(trx: Transaction<RelayTables>): Promise<void>
  /** Sends events to other processes when the transaction commits. */
  announce(trx: Transaction<RelayTables>, events: readonly StoreEvent[]): Promise<void>
  /** Rejects like a failed statement if the relay may not use all of its tables. */
  checkTables(db: Kysely<RelayTables>): Promise<void>
  /** Classifies an error of the driver. Null for any other error. */
  classifyError(error: unknown): StoreFailure | null
}

export type Announce = (event: StoreEvent) => void

// A deadlock or a busy file lasts milliseconds. Ten attempts take about 0.7 s, in SQLite up to 1 s more.
const MAX_ATTEMPTS = 10
/** Codes of statements that took too long, according to this process or to PostgreSQL. */
const TIMEOUTS = new Set([TIMEOUT, '57014'])
/** Name of the row in `relay_leaders` that is written to find out whether the database can be written. */
const WRITE_PROBE = 'write probe'

/** Runs statements, classifies their errors, retries transient ones, and logs when the database becomes unavailable. */
export class SqlDatabase {
  readonly db: Kysely<RelayTables>
  readonly differences: SqlDifferences
  readonly #eventBus: EventBus
  readonly #outage: OutageLog

  constructor(options: {
    db: Kysely<RelayTables>
    differences: SqlDifferences
    eventBus: EventBus
    log: Logger
  }) {
    this.db = options.db
    this.differences = options.differences
    this.#eventBus = options.eventBus
    this.#outage = new OutageLog(options.log)
  }

  async readTime(): Promise<number> {
    const { rows } = await this.run('read the time', (db) =>
      sql<{ time: number }>`select ${this.differences.now()} as time`.execute(db),
    )
    return rows[0]?.time ?? 0
  }

  /** Runs statements that need no transaction. `work` may run more than once, which must be harmless. */
  async run<T>(operation: string, work: (db: Kysely<RelayTables>) => Promise<T>): Promise<T> {
    return this.#retry(operation, 'read', () => work(this.db))
  }

  /** Like `run`, for statements that write in any case: their success proves that the database can be written. */
  async write<T>(operation: string, work: (db: Kysely<RelayTables>) => Promise<T>): Promise<T> {
    return this.#retry(operation, 'write', () => work(this.db))
  }

  /**
   * Rejects if the database cannot be written. Writes nothing, except while writing fails: a full disk shows only when
   * something is written.
   */
  async checkWritable(): Promise<void> {
    await this.checkTables()
    if (!this.#outage.isReadOnly) {
      await this.run('write to the database', (db) =>
        db
          .deleteFrom('relay_leaders')
          .where(sql<boolean>`false`)
          .execute(),
      )
      return
    }
    const probe = { name: WRITE_PROBE, holder: '', held_until: 0 }
    await this.write('write to the database', (db) =>
      db
        .insertInto('relay_leaders')
        .values(probe)
        .onConflict((conflict) => conflict.column('name').doUpdateSet(probe))
        .execute(),
    )
  }

  /** Rejects while the relay may not use all of its tables. Asks the database only after a statement has failed. */
  async checkTables(): Promise<void> {
    if (!this.#outage.isOfTables) return
    await this.#retry('use the tables of the relay', 'tables', () =>
      this.differences.checkTables(this.db),
    )
  }

  /**
   * Runs a transaction. Events announced in it are sent when it commits. `work` may run more than once and must have no
   * effect except through `trx`.
   */
  async transact<T>(
    operation: string,
    work: (trx: Transaction<RelayTables>, announce: Announce) => Promise<T>,
  ): Promise<T> {
    return this.#retry(operation, 'read', async () => {
      const events: StoreEvent[] = []
      try {
        const result = await this.db.transaction().execute(async (trx) => {
          const value = await work(trx, (event) => events.push(event))
          if (events.length > 0) await this.differences.announce(trx, events)
          return value
        })
        for (const event of events) this.#eventBus.emit(event)
        return result
      } catch (error: unknown) {
        // The commit may have succeeded although its response was lost, and this process ignores its own notices.
        if (events.length > 0) this.#eventBus.emit({ kind: 'resync' })
        throw error
      }
    })
  }

  async #retry<T>(operation: string, proof: Proof, work: () => Promise<T>): Promise<T> {
    let reconnected = false
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work()
        this.#outage.succeed(proof)
        return result
      } catch (error: unknown) {
        const failure = this.differences.classifyError(error)
        if (failure === null) throw error
        if (failure.transient && attempt < MAX_ATTEMPTS) {
          await sleep(attempt * 10 + Math.random() * 50)
          continue
        }
        if (failure.unavailable) {
          // A stale connection in the pool is not an outage: a second attempt gets a new one. After a timeout, the caller
          // has waited long enough.
          if (!reconnected && !TIMEOUTS.has(failure.code)) {
            reconnected = true
            continue
          }
          this.#outage.fail(failure)
        }
        throw new StoreError(operation, failure)
      }
    }
  }
}
