import { Client, Pool, type ClientConfig, type PoolClient } from 'pg'

import { checkCatalogue } from './cdm-check.ts'
import type {
  CdmCheck,
  CdmSource,
  CheckOptions,
  QueryOptions,
  Row,
  SqlStatement,
} from './cdm-source.ts'
import { connectionAttempts, type PostgresAddress } from './postgres-address.ts'
import { connectPostgres } from './postgres-connect.ts'
import { readPostgresCatalogue } from './postgres-catalogue.ts'
import { connectionIsDead, connectionIsUsable, postgresError } from './postgres-error.ts'
import { postgresTypes } from './postgres-row.ts'
import { SourceError } from './source-error.ts'

export interface PostgresSourceOptions extends PostgresAddress {
  /** The schema of the CDM tables; `''` (default) leaves it to the account's search path. */
  readonly schema?: string
  /** Most connections held at once; default 4. */
  readonly poolSize?: number
  /** After this the server stops the statement; default 5 minutes, 0 for no limit. */
  readonly statementTimeoutMs?: number
  /** For reaching the server, and for waiting for a free connection; default 10 s. */
  readonly connectTimeoutMs?: number
  /** As seen in `pg_stat_activity`. */
  readonly applicationName?: string
}

/** How much later than the server's own limit we stop waiting: only reached when the network swallows the answer. */
const GRACE_MS = 5_000
/** How long cancelling may take before the connection is dropped instead. */
const CANCEL_TIMEOUT_MS = 3_000

/** An OMOP CDM in PostgreSQL 12 or later: every session is read only and limited in time. */
export class PostgresSource implements CdmSource {
  readonly dialect = 'postgres'
  readonly schema: string
  readonly #pool: Pool
  readonly #config: ClientConfig
  readonly #poolSize: number
  readonly #statementTimeoutMs: number
  readonly #restricted = new WeakSet<PoolClient>()

  private constructor(config: ClientConfig, options: PostgresSourceOptions) {
    const { statementTimeoutMs = 300_000, poolSize = 4 } = options
    this.schema = options.schema ?? ''
    this.#config = config
    this.#poolSize = poolSize
    this.#statementTimeoutMs = statementTimeoutMs
    this.#pool = new Pool({
      ...config,
      max: poolSize,
      idleTimeoutMillis: 60_000,
      // Lets a failover or a changed password take effect without a restart.
      maxLifetimeSeconds: 1_800,
      ...(statementTimeoutMs === 0 ? {} : { query_timeout: statementTimeoutMs + GRACE_MS }),
    })
    // A server that goes away says so on idle connections; unheard, that would end the process. The pool has dropped
    // the connection already, and the next query reports what is wrong.
    this.#pool.on('error', () => {})
    this.#pool.on('connect', (client) => client.on('error', () => {}))
  }

  /** Connects once, so that a wrong address, password or certificate is known now. */
  static async open(options: PostgresSourceOptions): Promise<PostgresSource> {
    const { connectTimeoutMs = 10_000, applicationName = 'warren-bunny' } = options
    const attempts = connectionAttempts(options, { applicationName, connectTimeoutMs })
    const { client, config } = await connectPostgres(attempts)
    await client.end()
    return new PostgresSource(config, options)
  }

  async query(statement: SqlStatement, { signal }: QueryOptions = {}): Promise<readonly Row[]> {
    // Each turn that finds a dead connection removes it from the pool, so the last turn has a new one.
    for (let turn = 0; ; turn++) {
      const client = await this.#acquire(signal)
      const isNew = !this.#restricted.has(client)
      try {
        if (isNew) await orAbort(this.#restrict(client), signal)
        const rows = await this.#run(client, statement, signal)
        client.release()
        return rows
      } catch (error: unknown) {
        const wrapped = postgresError(error)
        client.release(!connectionIsUsable(wrapped))
        if (isNew || turn >= this.#poolSize || !connectionIsDead(wrapped)) throw wrapped
      }
    }
  }

  async check(options: CheckOptions = {}): Promise<CdmCheck> {
    const read = (statement: SqlStatement): Promise<readonly Row[]> =>
      this.query(statement, options.signal === undefined ? {} : { signal: options.signal })
    const { server, ...catalogue } = await readPostgresCatalogue(read, this.schema, options)
    const problems = checkCatalogue(catalogue, options)
    return {
      ok: problems.every(({ severity }) => severity !== 'error'),
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
    const connecting = this.#pool.connect()
    try {
      return await orAbort(connecting, signal)
    } catch (error: unknown) {
      // A connection that arrives after we stopped waiting goes back for others to use.
      if (isCancellation(error)) connecting.then((client) => client.release()).catch(() => {})
      throw postgresError(error)
    }
  }

  /** What every session of ours is held to, whatever the account may do. */
  async #restrict(client: PoolClient): Promise<void> {
    // Compiling a question of many parts takes PostgreSQL seconds, for milliseconds of work.
    await client.query(`SET default_transaction_read_only = on; SET jit = off;
      SET statement_timeout = ${Math.trunc(this.#statementTimeoutMs)}; SET datestyle = 'ISO'`)
    // Since PostgreSQL 14, on Linux: a statement whose client died is stopped instead of running to its end.
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
    signal: AbortSignal | undefined,
  ): Promise<readonly Row[]> {
    // Extended: one statement and no more, also when nothing is bound.
    const config = { text, values: [...values], types: postgresTypes, queryMode: 'extended' }
    const answer = client.query<Row>(config)
    try {
      return (await orAbort(answer, signal)).rows
    } catch (error: unknown) {
      if (isCancellation(error)) {
        answer.catch(() => {})
        // The caller drops this connection afterwards, so a late cancellation cannot hit somebody else's statement.
        await this.#cancel(client)
      }
      throw error
    }
  }

  /** Asks the server to stop what `client` runs. Failing to is no error: the session's own limits still end it. */
  async #cancel(client: PoolClient): Promise<void> {
    const processId = 'processID' in client ? client.processID : null
    if (typeof processId !== 'number') return
    const side = new Client({
      ...this.#config,
      connectionTimeoutMillis: CANCEL_TIMEOUT_MS,
      query_timeout: CANCEL_TIMEOUT_MS,
    })
    side.on('error', () => {})
    try {
      await side.connect()
      await side.query('SELECT pg_cancel_backend($1)', [processId])
    } catch {
      // Nothing more can be done from here.
    } finally {
      await side.end().catch(() => {})
    }
  }
}

function cancelled(): SourceError {
  return new SourceError('cancelled', 'the statement was cancelled', { code: 'ABORTED' })
}

function isCancellation(error: unknown): boolean {
  return error instanceof SourceError && error.kind === 'cancelled'
}

/** Rejects as soon as `signal` is aborted; the promise goes on unobserved. */
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
