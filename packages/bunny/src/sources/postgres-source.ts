import {
  connectionIsDead,
  connectionIsUsable,
  connectionOf,
  postgresError,
  PostgresRoute,
  SourceError,
  type PostgresAddress,
} from '@warren/database'
import { Client, Pool, Query, type PoolClient, type QueryConfig } from 'pg'

import { checkCatalogue, checkPersonIds } from './cdm-check.ts'
import type {
  CdmCheck,
  CdmSource,
  CheckOptions,
  QueryOptions,
  Row,
  RowReader,
  SqlStatement,
} from './cdm-source.ts'
import { readPostgresCatalogue } from './postgres-catalogue.ts'
import { postgresTypes } from './postgres-row.ts'
import { ReaderError } from './reader-error.ts'

export interface PostgresSourceOptions extends PostgresAddress {
  /** The schema of the CDM tables. Default: `''`, the search path of the database user. */
  readonly schema?: string
  /** Connections in the pool, unless the address limits them. Default: 4. */
  readonly poolSize?: number
  /** The server cancels statements after this time. Default: 5 minutes. 0: no limit. */
  readonly statementTimeoutMs?: number
}

/** For connecting, and for waiting for a free connection, unless the address has another. */
const CONNECT_TIMEOUT_MS = 10_000
/** How long to wait after the server's own timeout: reached only if the network loses the response. */
const GRACE_MS = 5_000
/** How long cancelling may take. After that the connection is dropped. */
const CANCEL_TIMEOUT_MS = 3_000

/** An OMOP database in PostgreSQL 12 or later. Sessions are read-only and have a statement timeout. */
export class PostgresSource implements CdmSource {
  readonly dialect = 'postgres'
  readonly schema: string
  readonly #pool: Pool
  readonly #route: PostgresRoute
  readonly #poolSize: number
  readonly #statementTimeoutMs: number
  readonly #restricted = new WeakSet<PoolClient>()

  private constructor(route: PostgresRoute, options: PostgresSourceOptions) {
    const { statementTimeoutMs = 300_000, poolSize = 4, maxConnections = poolSize } = options
    this.schema = options.schema ?? ''
    this.#route = route
    this.#poolSize = Math.max(1, Math.min(poolSize, maxConnections))
    this.#statementTimeoutMs = statementTimeoutMs
    this.#pool = new Pool({
      ...route.poolConfig,
      max: this.#poolSize,
      idleTimeoutMillis: 60_000,
      // Lets a failover or a changed password take effect without a restart.
      maxLifetimeSeconds: 1_800,
      ...(statementTimeoutMs === 0 ? {} : { query_timeout: statementTimeoutMs + GRACE_MS }),
    })
    // Emitted when an idle connection is lost, and without a listener that ends the process. The pool has already
    // dropped the connection, and the next query reports the failure.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => client.on('error', () => {}))
  }

  /** Connects once, so that a wrong address, password or certificate is found now. */
  static async open(options: PostgresSourceOptions): Promise<PostgresSource> {
    const route = new PostgresRoute(options, {
      applicationName: 'warren-bunny',
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    })
    try {
      await (await route.connect()).end()
    } catch (error: unknown) {
      throw postgresError(error)
    }
    return new PostgresSource(route, options)
  }

  async query(statement: SqlStatement, options: QueryOptions = {}): Promise<readonly Row[]> {
    let rows: Row[] = []
    const start = (): RowReader => {
      rows = []
      return (row) => void rows.push(row)
    }
    await this.each(statement, start, options)
    return rows
  }

  async each(
    statement: SqlStatement,
    start: () => RowReader,
    { signal }: QueryOptions = {},
  ): Promise<void> {
    // Each attempt that finds a dead connection removes it from the pool, so the last attempt has a new one.
    for (let attempt = 0; ; attempt++) {
      const client = await this.#acquire(signal)
      const isNew = !this.#restricted.has(client)
      try {
        if (isNew) await orAbort(this.#restrict(client), signal)
        await this.#run(client, statement, { reader: start(), signal })
        client.release()
        return
      } catch (error: unknown) {
        if (error instanceof ReaderError) {
          client.release()
          throw error.cause
        }
        const wrapped = postgresError(error)
        client.release(!connectionIsUsable(wrapped))
        if (isNew || attempt >= this.#poolSize || !connectionIsDead(wrapped)) throw wrapped
      }
    }
  }

  async check(options: CheckOptions = {}): Promise<CdmCheck> {
    const read = (statement: SqlStatement): Promise<readonly Row[]> =>
      this.query(statement, options.signal === undefined ? {} : { signal: options.signal })
    const { server, ...catalogue } = await readPostgresCatalogue(read, this.schema, options)
    const problems = checkCatalogue(catalogue, options)
    const ok = problems.every(({ severity }) => severity !== 'error')
    if (ok) problems.push(...(await checkPersonIds(read, this)))
    return {
      ok,
      server,
      schema: this.schema,
      problems,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#pool.ended) await this.#pool.end()
  }

  async #acquire(signal: AbortSignal | undefined): Promise<PoolClient> {
    if (signal?.aborted === true) throw cancelled()
    const connecting = this.#route.tryHosts(() => this.#pool.connect())
    try {
      return await orAbort(connecting, signal)
    } catch (error: unknown) {
      // A connection that is opened after the wait was aborted returns to the pool.
      if (isCancellation(error)) connecting.then((client) => client.release()).catch(() => {})
      throw postgresError(error)
    }
  }

  /** The limits of each session, independent of the privileges of the database user. */
  async #restrict(client: PoolClient): Promise<void> {
    // JIT compilation of a cohort with many rules takes seconds, to save milliseconds.
    await client.query(`SET default_transaction_read_only = on; SET jit = off;
      SET statement_timeout = ${Math.trunc(this.#statementTimeoutMs)}; SET datestyle = 'ISO'`)
    // PostgreSQL 14 and later, on Linux: the server cancels a statement if this process dies.
    await client
      .query(
        `SELECT set_config(name, '10s', false) FROM pg_settings
          WHERE name = 'client_connection_check_interval'`,
      )
      .catch(() => {})
    this.#restricted.add(client)
  }

  async #run(
    client: PoolClient,
    { text, values }: SqlStatement,
    { reader, signal }: { reader: RowReader; signal: AbortSignal | undefined },
  ): Promise<void> {
    // The extended protocol allows one statement only, even without values.
    const config = { text, values: [...values], types: postgresTypes, queryMode: 'extended' }
    const result = readRows(client, config, reader)
    try {
      await orAbort(result, signal)
    } catch (error: unknown) {
      if (isCancellation(error)) {
        result.catch(() => {})
        // The caller drops this connection, so a late cancellation cannot hit another statement.
        await this.#cancel(client)
      }
      throw error
    }
  }

  /** Asks the server to cancel the statement of `client`. Failures are ignored: the timeout of the session ends it too. */
  async #cancel(client: PoolClient): Promise<void> {
    const processId = 'processID' in client ? client.processID : null
    if (typeof processId !== 'number') return
    const side = new Client({
      ...connectionOf(client),
      connectionTimeoutMillis: CANCEL_TIMEOUT_MS,
      query_timeout: CANCEL_TIMEOUT_MS,
    })
    side.on('error', () => {})
    try {
      await side.connect()
      await side.query('SELECT pg_cancel_backend($1)', [processId])
    } catch {
      // The timeout of the session ends the statement.
    } finally {
      await side.end().catch(() => {})
    }
  }
}

/** Resolves when the statement has ended, and all of its rows have arrived. */
function readRows(client: PoolClient, config: QueryConfig, reader: RowReader): Promise<void> {
  let failure: ReaderError | undefined
  return new Promise((resolve, reject) => {
    const query = new Query<Row>(config, (error: Error | null | undefined) => {
      const reason = error ?? failure
      if (reason === undefined) resolve()
      else reject(reason)
    })
    query.on('row', (row, result) => {
      // With a callback, pg also collects all rows.
      if (result !== undefined) result.rows.length = 0
      if (failure !== undefined) return
      try {
        reader(row)
      } catch (error: unknown) {
        failure = new ReaderError(error)
      }
    })
    client.query(query)
  })
}

function cancelled(): SourceError {
  return new SourceError('cancelled', 'the statement was cancelled', { code: 'ABORTED' })
}

function isCancellation(error: unknown): boolean {
  return error instanceof SourceError && error.kind === 'cancelled'
}

/** Rejects as soon as `signal` is aborted. The promise continues, and its outcome is ignored. */
async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(cancelled())
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
