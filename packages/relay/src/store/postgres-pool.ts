import type { PostgresRoute } from '@warren/database'
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import { DatabaseError, Pool, type ClientBase, type CustomTypesConfig, type PoolClient } from 'pg'

import { type CopiedRow, copyRows, type CopyQuery } from './postgres-copy.ts'

export interface HealingPoolOptions {
  readonly route: PostgresRoute
  readonly types: CustomTypesConfig
  /** Maximum number of connections. */
  readonly size: number
  /** Timeout for a statement, ms. 0: none. */
  readonly queryMs: number
}

/** A transaction that is idle for this long belongs to a relay that no longer exists. */
const IDLE_IN_TRANSACTION_MS = 60_000
const READ_ONLY = '25006'
/** While a server is read-only, connections to it are replaced at most this often, ms. */
const REPLACE_EVERY_MS = 2_000

/**
 * A pool that closes connections that would fail again and again:
 * - A statement timed out: the connection may be dead without either side knowing it (a firewall dropped it).
 * - The server is read-only: after a failover, the address leads to another server, but open connections do not. All
 *   connections as old as that one are closed.
 */
export class HealingPool implements PostgresPool {
  readonly #route: PostgresRoute
  readonly #pool: Pool
  /** When each connection was opened (`performance.now()`). */
  readonly #openedAt = new WeakMap<PoolClient, number>()
  /** Connections opened before this are closed. */
  #staleBefore = Number.NEGATIVE_INFINITY

  constructor(options: HealingPoolOptions) {
    const { route, types, size, queryMs } = options
    this.#route = route
    this.#pool = new Pool({
      ...route.poolConfig,
      types,
      max: size,
      query_timeout: queryMs,
      // pg awaits it, although its type returns void.
      // oxlint-disable-next-line typescript/no-misused-promises
      onConnect: (client) => prepareConnection(client, queryMs),
    })
    // Without a listener, the error of a broken connection would end the process. Nothing else is needed: the statement
    // fails, and the pool replaces the connection.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => this.#openedAt.set(client, performance.now()))
  }

  get options(): object {
    return this.#pool.options
  }

  /** Runs a query of text columns without making strings of what it reads. */
  async copyRows(query: CopyQuery): Promise<readonly CopiedRow[]> {
    const client = await this.connect()
    try {
      return await client.copyRows(query)
    } finally {
      client.release()
    }
  }

  async connect(): Promise<WatchedClient> {
    for (;;) {
      const client = await this.#route.tryHosts(() => this.#pool.connect())
      if (!this.#isStale(client))
        return new WatchedClient(client, (error) => this.#mustClose(client, error))
      client.release(true)
    }
  }

  async end(): Promise<void> {
    await this.#pool.end()
  }

  #mustClose(client: PoolClient, error: unknown): boolean {
    if (error instanceof DatabaseError && error.code === READ_ONLY) {
      const now = performance.now()
      const openedAt = this.#openedAt.get(client) ?? now
      if (now - openedAt > REPLACE_EVERY_MS) this.#staleBefore = now
    }
    return isTimeout(error) || this.#isStale(client)
  }

  #isStale(client: PoolClient): boolean {
    return (this.#openedAt.get(client) ?? 0) < this.#staleBefore
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}

class WatchedClient implements PostgresPoolClient {
  readonly #client: PoolClient
  readonly #mustClose: (error: unknown) => boolean
  #timedOut = false
  #unusable = false

  constructor(client: PoolClient, mustClose: (error: unknown) => boolean) {
    this.#client = client
    this.#mustClose = mustClose
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  query<R>(
    statement: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof statement !== 'string') throw new TypeError('cursors are not supported')
    return this.#query(statement, parameters)
  }

  async copyRows(query: CopyQuery): Promise<readonly CopiedRow[]> {
    try {
      return await copyRows(this.#client, query)
    } catch (error: unknown) {
      this.#note(error)
      // After an error of the server, the connection can be used again.
      this.#unusable ||= !(error instanceof DatabaseError)
      throw error
    }
  }

  async #query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const client: PostgresPoolClient = this.#client
    try {
      return await client.query<R>(sql, parameters)
    } catch (error: unknown) {
      this.#note(error)
      throw error
    }
  }

  #note(error: unknown): void {
    this.#timedOut ||= isTimeout(error)
    this.#unusable ||= this.#mustClose(error)
  }

  release(discard = false): void {
    if (this.#timedOut) this.#client.connection.stream.destroy()
    this.#client.release(discard || this.#unusable)
  }
}

/**
 * Sets the same limits on the server: for statements that timed out, for transactions left open, and for connections whose
 * client does not respond. Otherwise these would keep their locks.
 */
export async function prepareConnection(client: ClientBase, statementMs: number): Promise<void> {
  client.on('error', () => {})
  await client.query(
    `set statement_timeout = ${statementMs};
     set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS};
     set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3`,
  )
}
