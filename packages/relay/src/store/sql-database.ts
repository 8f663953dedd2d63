import type { Logger } from '@warren/runtime'
import { sleep } from '@warren/runtime'
import type { Kysely, RawBuilder, Transaction } from 'kysely'

import type { StoreEvent } from './relay-store.ts'
import type { EventBus } from './event-bus.ts'
import type { RelayTables } from './sql-schema.ts'
import { StoreError, TIMEOUT, type StoreFailure } from './store-error.ts'

/** The differences between the databases that kysely's dialects do not cover. */
export interface SqlDifferences {
  readonly technology: 'postgresql' | 'sqlite'
  readonly columnTypes: { readonly uuid: 'uuid' | 'text'; readonly time: 'bigint' | 'integer' }
  /** The time of the database plus `offsetMs`, epoch ms. The same in the whole statement. */
  readonly now: (offsetMs?: number) => RawBuilder<number>
  /** Whether `for update skip locked` exists. Without it, a transaction locks the whole database. */
  readonly rowLocks: boolean
  /** Makes other migrations wait until this transaction ends. */
  lockForMigration(trx: Transaction<RelayTables>): Promise<void>
  /** Sends events to other processes when the transaction commits. */
  announce(trx: Transaction<RelayTables>, events: readonly StoreEvent[]): Promise<void>
  /** Classifies an error of the driver. Null for any other error. */
  classifyError(error: unknown): StoreFailure | null
}

export type Announce = (event: StoreEvent) => void

// A deadlock or a busy file lasts milliseconds. Ten attempts take about 0.7 s, in SQLite up to 1 s more.
const MAX_ATTEMPTS = 10

/** Runs statements, classifies their errors, retries transient ones, and logs when the database becomes unavailable. */
export class SqlDatabase {
  readonly db: Kysely<RelayTables>
  readonly differences: SqlDifferences
  readonly #eventBus: EventBus
  readonly #log: Logger
  #available = true

  constructor(options: {
    db: Kysely<RelayTables>
    differences: SqlDifferences
    eventBus: EventBus
    log: Logger
  }) {
    this.db = options.db
    this.differences = options.differences
    this.#eventBus = options.eventBus
    this.#log = options.log
  }

  /** Runs statements that need no transaction. `work` may run more than once, which must be harmless. */
  async run<T>(operation: string, work: (db: Kysely<RelayTables>) => Promise<T>): Promise<T> {
    return this.#retry(operation, () => work(this.db))
  }

  /**
   * Runs a transaction. Events announced in it are sent when it commits. `work` may run more than once and must have no
   * effect except through `trx`.
   */
  async transact<T>(
    operation: string,
    work: (trx: Transaction<RelayTables>, announce: Announce) => Promise<T>,
  ): Promise<T> {
    return this.#retry(operation, async () => {
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

  async #retry<T>(operation: string, work: () => Promise<T>): Promise<T> {
    let reconnected = false
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work()
        this.#logRecovery()
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
          if (!reconnected && failure.code !== TIMEOUT) {
            reconnected = true
            continue
          }
          this.#logOutage(failure)
        }
        throw new StoreError(operation, failure)
      }
    }
  }

  #logOutage(failure: StoreFailure): void {
    if (!this.#available) return
    this.#available = false
    this.#log.error({ code: failure.code, detail: failure.text }, 'database unavailable')
  }

  #logRecovery(): void {
    if (this.#available) return
    this.#available = true
    this.#log.info({}, 'database recovered')
  }
}
