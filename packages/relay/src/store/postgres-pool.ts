import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import { Pool, type ClientBase, type ClientConfig, type PoolClient } from 'pg'

export interface PoolTiming {
  /** Timeout for getting a connection, free or new, ms. */
  readonly connectMs: number
  /** Timeout for a statement, ms. */
  readonly queryMs: number
}

/** A transaction that is idle for this long belongs to a relay that no longer exists. */
const IDLE_IN_TRANSACTION_MS = 60_000

/**
 * A pool that closes a connection on which a statement timed out. Such a connection may be dead without either side
 * knowing it (a firewall dropped it). If the pool kept it, the next statement would time out too.
 */
export class TimeoutPool implements PostgresPool {
  readonly #pool: Pool

  constructor(options: { connection: ClientConfig; size: number; timing: PoolTiming }) {
    const { connection, size, timing } = options
    this.#pool = new Pool({
      ...connection,
      max: size,
      keepAlive: true,
      connectionTimeoutMillis: timing.connectMs,
      query_timeout: timing.queryMs,
      // pg awaits it, although its type returns void.
      // oxlint-disable-next-line typescript/no-misused-promises
      onConnect: (client) => prepareConnection(client, timing.queryMs),
    })
    // Without a listener, the error of a broken connection would end the process. Nothing else is needed: the statement
    // fails, and the pool replaces the connection.
    this.#pool.on('error', () => {})
  }

  get options(): object {
    return this.#pool.options
  }

  async connect(): Promise<PostgresPoolClient> {
    return new TimeoutClient(await this.#pool.connect())
  }

  async end(): Promise<void> {
    await this.#pool.end()
  }
}

class TimeoutClient implements PostgresPoolClient {
  readonly #client: PoolClient
  #timedOut = false

  constructor(client: PoolClient) {
    this.#client = client
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

  async #query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const client: PostgresPoolClient = this.#client
    try {
      return await client.query<R>(sql, parameters)
    } catch (error: unknown) {
      this.#timedOut ||= error instanceof Error && error.message === 'Query read timeout'
      throw error
    }
  }

  release(discard = false): void {
    if (this.#timedOut) this.#client.connection.stream.destroy()
    this.#client.release(discard || this.#timedOut)
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
