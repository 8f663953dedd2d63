import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import { Pool, type ClientBase, type ClientConfig, type PoolClient } from 'pg'

export interface PoolTiming {
  /** For a free connection, or a new one, ms. */
  readonly connectMs: number
  /** For the answer to a statement, ms. */
  readonly queryMs: number
}

/** A transaction in which nothing happens for so long belongs to a relay that is gone. */
const IDLE_IN_TRANSACTION_MS = 60_000

/**
 * A pool that throws a connection away when a statement on it was not answered in time. Such a
 * connection may be dead without either side knowing (a firewall forgot it), and a pool that keeps it
 * hands it to the next statement, which waits as long again.
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
      // It is awaited, whatever its type says.
      // oxlint-disable-next-line typescript/no-misused-promises
      onConnect: (client) => prepareConnection(client, timing.queryMs),
    })
    // A connection that breaks, idle or in use, emits an error that ends the process unless somebody
    // listens. There is nothing to do: its statement fails, and the pool replaces it when needed.
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
  #gaveUp = false

  constructor(client: PoolClient) {
    this.#client = client
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  query<R>(
    statement: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof statement !== 'string') throw new TypeError('this store uses no cursors')
    return this.#query(statement, parameters)
  }

  async #query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const client: PostgresPoolClient = this.#client
    try {
      return await client.query<R>(sql, parameters)
    } catch (error: unknown) {
      this.#gaveUp ||= error instanceof Error && error.message === 'Query read timeout'
      throw error
    }
  }

  release(discard = false): void {
    if (this.#gaveUp) this.#client.connection.stream.destroy()
    this.#client.release(discard || this.#gaveUp)
  }
}

/**
 * Makes the server give up as well: on statements nobody waits for any more, on transactions left
 * open, and on connections whose other end does not answer. Until it does, they keep their locks.
 */
export async function prepareConnection(client: ClientBase, statementMs: number): Promise<void> {
  client.on('error', () => {})
  await client.query(
    `set statement_timeout = ${statementMs};
     set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS};
     set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3`,
  )
}
