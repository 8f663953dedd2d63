import {
  cancelStatement,
  connectionIsDead,
  connectionIsUsable,
  connectionOf,
  postgresError,
  PostgresRoute,
  type PostgresAddress,
} from '@warren/database'
import { sleep } from '@warren/runtime'
import { Pool, Query, type PoolClient, type QueryConfig } from 'pg'

import { cancelled, isCancellation, orAbort } from './cancellation.ts'
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
  /** The server cancels statements after this time, or earlier if the query says so. Default: 5 minutes. 0: no limit. */
  readonly statementTimeoutMs?: number
  /** IANA name of the zone of each session. Default: that of the server. */
  readonly timeZone?: string
}

/** For connecting, and for waiting for a free connection, unless the address has another. */
const CONNECT_TIMEOUT_MS = 10_000
/** How long to wait after the server's own timeout. */
const GRACE_MS = 5_000
/** The largest value of an integer setting of PostgreSQL. */
const MAX_TIMEOUT_MS = 2_147_483_647
const COMMIT = { text: 'COMMIT', query_timeout: GRACE_MS }
/** How long cancelling may take. After that the connection is dropped. */
const CANCEL_TIMEOUT_MS = 3_000

/**
 * An OMOP database in PostgreSQL 12 or later. Each statement has a transaction of its own, which is read-only and has a
 * statement timeout. Nothing is set for the session, because a pooler may give it to another program.
 */
export class PostgresSource implements CdmSource {
  readonly dialect = 'postgres'
  readonly schema: string
  readonly #pool: Pool
  readonly #route: PostgresRoute
  readonly #poolSize: number
  readonly #statementTimeoutMs: number
  readonly #timeZone: string | undefined
  readonly #seen = new WeakSet<PoolClient>()
  /** Whether the server can stop a statement soon after this process has died. */
  #endsOrphans: Promise<boolean> | undefined

  private constructor(route: PostgresRoute, options: PostgresSourceOptions) {
    const { statementTimeoutMs = 300_000, poolSize = 4, maxConnections = poolSize } = options
    this.schema = options.schema ?? ''
    this.#route = route
    this.#poolSize = Math.max(1, Math.min(poolSize, maxConnections))
    this.#statementTimeoutMs = statementTimeoutMs
    this.#timeZone = options.timeZone
    this.#pool = new Pool({
      ...route.poolConfig,
      max: this.#poolSize,
      idleTimeoutMillis: 60_000,
      // Lets a failover or a changed password take effect without a restart.
      maxLifetimeSeconds: 1_800,
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
    options: QueryOptions = {},
  ): Promise<void> {
    // Each attempt that finds a dead connection removes it from the pool, so the last attempt has a new one.
    for (let attempt = 0; ; attempt++) {
      const client = await this.#acquire(options.signal)
      const isNew = !this.#seen.has(client)
      this.#seen.add(client)
      try {
        await this.#run(client, statement, { ...options, reader: start() })
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

  /** Runs one statement in a transaction. */
  async #run(
    client: PoolClient,
    { text, values }: SqlStatement,
    { reader, signal, timeoutMs = Infinity }: QueryOptions & { reader: RowReader },
  ): Promise<void> {
    const limitMs = this.#limit(timeoutMs)
    // Reached only if the network loses the response.
    const waiting = limitMs === 0 ? {} : { query_timeout: limitMs + GRACE_MS }
    const endsOrphans = await orAbort(this.#canEndOrphans(client, waiting), signal)
    const begin = { text: beginReading(limitMs, endsOrphans, this.#timeZone), ...waiting }
    const config = {
      text,
      values: [...values],
      types: postgresTypes,
      // The extended protocol allows one statement only, even without values.
      queryMode: 'extended',
    }
    const finished = (async () => {
      await client.query(begin)
      try {
        await readRows(client, config, { reader, ...waiting })
      } finally {
        // Ends a transaction that failed, too. Nothing was written, so it cannot matter if this fails.
        await client.query(COMMIT).catch(() => {})
      }
    })()
    try {
      await orAbort(finished, signal)
    } catch (error: unknown) {
      if (isCancellation(error)) {
        // The caller drops this connection, so a late cancellation cannot hit another statement. It waits for the end of
        // the transaction: a pooler closes the server's connection otherwise.
        const cancelled = cancelStatement(client, connectionOf(client) ?? {}, CANCEL_TIMEOUT_MS)
        await Promise.race([finished.catch(() => {}), sleep(CANCEL_TIMEOUT_MS)])
        await cancelled
      }
      throw error
    }
  }

  /** In milliseconds. 0: no limit. */
  #limit(timeoutMs: number): number {
    const own = this.#statementTimeoutMs === 0 ? Infinity : this.#statementTimeoutMs
    const limit = Math.min(own, timeoutMs)
    return limit === Infinity ? 0 : Math.min(Math.max(1, Math.ceil(limit)), MAX_TIMEOUT_MS)
  }

  /** PostgreSQL 14 and later, not on Windows: the server notices during a statement that this process has died. */
  #canEndOrphans(client: PoolClient, waiting: { query_timeout?: number }): Promise<boolean> {
    const text = `SELECT set_config(name, '2s', true) FROM pg_settings
      WHERE name = 'client_connection_check_interval'`
    this.#endsOrphans ??= client.query({ text, ...waiting }).then(
      ({ rows }) => rows.length > 0,
      (error: unknown) => {
        const known = postgresError(error).kind === 'query'
        // Another connection may find out.
        if (!known) this.#endsOrphans = undefined
        return false
      },
    )
    return this.#endsOrphans
  }
}

/** Begins a transaction, with limits that end with it and do not depend on the privileges of the database user. */
function beginReading(
  timeoutMs: number,
  endsOrphans: boolean,
  timeZone: string | undefined,
): string {
  const settings = [
    `statement_timeout = ${String(timeoutMs)}`,
    // JIT compilation of a cohort with many rules takes seconds, to save milliseconds.
    'jit = off',
    "datestyle = 'ISO'",
    // Decides on which day a timestamptz is.
    ...(timeZone === undefined ? [] : [`timezone = '${timeZone.replaceAll("'", "''")}'`]),
    // Ends the transaction if this process hangs.
    "idle_in_transaction_session_timeout = '60s'",
    ...(endsOrphans ? ["client_connection_check_interval = '2s'"] : []),
  ]
  return ['BEGIN READ ONLY', ...settings.map((one) => `SET LOCAL ${one}`)].join('; ')
}

/** Resolves when the statement has ended, and all of its rows have arrived. */
function readRows(
  client: PoolClient,
  config: QueryConfig,
  { reader, ...timeout }: { reader: RowReader; query_timeout?: number },
): Promise<void> {
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
    // pg reads it from the query that it is given, and its types do not list it.
    client.query(Object.assign(query, timeout))
  })
}
