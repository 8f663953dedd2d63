import type { Logger } from '@warren/runtime'
import { sleep } from '@warren/runtime'
import type { Kysely, Transaction } from 'kysely'

import type { StoreEvent } from './relay-store.ts'
import type { EventBus } from './event-bus.ts'
import type { RelayTables } from './sql-schema.ts'
import { StoreError, TIMEOUT, type StoreFailure } from './store-error.ts'

/** All that differs between the databases, besides kysely's own dialect. */
export interface SqlDifferences {
  readonly technology: 'postgresql' | 'sqlite'
  readonly columnTypes: { readonly uuid: 'uuid' | 'text'; readonly time: 'bigint' | 'integer' }
  /** `for update skip locked` exists. Where not, a transaction has the whole database to itself. */
  readonly rowLocks: boolean
  /** Makes other migrations wait until this transaction ends. */
  lockForMigration(trx: Transaction<RelayTables>): Promise<void>
  /** Sends events to other processes when this transaction commits. */
  announce(trx: Transaction<RelayTables>, events: readonly StoreEvent[]): Promise<void>
  /** What is known about an error of the driver; null if it is not one. */
  classifyError(error: unknown): StoreFailure | null
}

export type Announce = (event: StoreEvent) => void

// A deadlock or a busy file passes in milliseconds; ten tries with growing waits are about two seconds.
const MAX_TRANSIENT_TRIES = 10

/** Runs statements: wraps and sorts errors, repeats what may be repeated, says when the store is gone. */
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

  /** One statement, or several that need no transaction. It must be harmless if it runs twice. */
  async run<T>(verb: string, work: (db: Kysely<RelayTables>) => Promise<T>): Promise<T> {
    return this.#persist(verb, () => work(this.db))
  }

  /**
   * All or nothing; events announced in it are sent if and when it commits. `work` may run more than
   * once and must do nothing but talk to `trx`.
   */
  async transact<T>(
    verb: string,
    work: (trx: Transaction<RelayTables>, announce: Announce) => Promise<T>,
  ): Promise<T> {
    return this.#persist(verb, async () => {
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
        // It may have been committed without our hearing of it, and we ignore our own notices.
        if (events.length > 0) this.#eventBus.emit({ kind: 'resync' })
        throw error
      }
    })
  }

  async #persist<T>(verb: string, work: () => Promise<T>): Promise<T> {
    let reconnected = false
    for (let tries = 1; ; tries++) {
      try {
        const result = await work()
        this.#recovered()
        return result
      } catch (error: unknown) {
        const failure = this.differences.classifyError(error)
        if (failure === null) throw error
        if (failure.transient && tries < MAX_TRANSIENT_TRIES) {
          await sleep(tries * 10 + Math.random() * 50)
          continue
        }
        if (failure.unavailable) {
          // One stale connection in the pool is no outage: a second try gets a fresh one. But who has
          // waited for an answer in vain has waited long enough.
          if (!reconnected && failure.code !== TIMEOUT) {
            reconnected = true
            continue
          }
          this.#lost(failure)
        }
        throw new StoreError(verb, failure)
      }
    }
  }

  #lost(failure: StoreFailure): void {
    if (!this.#available) return
    this.#available = false
    this.#log.error({ code: failure.code, detail: failure.text }, 'database unavailable')
  }

  #recovered(): void {
    if (this.#available) return
    this.#available = true
    this.#log.info({}, 'database recovered')
  }
}
