import { duckDbError, SourceError } from '@warren/database/errors'
import {
  DuckDBDecimalValue,
  StatementType,
  type DuckDBConnection,
  type DuckDBInstance,
  type DuckDBPreparedStatement,
  type DuckDBValue,
} from '@duckdb/node-api'

import { cancelled } from './cancellation.ts'
import type {
  CdmCheck,
  CdmSource,
  CheckOptions,
  QueryOptions,
  Row,
  RowReader,
  SqlStatement,
} from './cdm-source.ts'
import { DuckDbConnections } from './duckdb-connections.ts'
import { ReaderError } from './reader-error.ts'

export interface DuckDbLimits {
  /** The schema of the CDM tables. Default: `''`, which is `main`. */
  readonly schema?: string
  /** Statements that may run at the same time. Default: 2. Each occupies one of the four worker threads of Node.js. */
  readonly poolSize?: number
  /** Statements are interrupted after this time. Default: 5 minutes. 0: no limit. */
  readonly statementTimeoutMs?: number
}

export interface DuckDbSourceOptions extends DuckDbLimits {
  /** An existing file, which is opened read-only. */
  readonly path: string
  /** In DuckDB notation, such as `1000mb`. */
  readonly memoryLimit?: string
  /** Folder for data that does not fit into memory. */
  readonly tempDirectory?: string
  /** Threads of DuckDB. Default: one per core. */
  readonly threads?: number
  /** IANA name of the zone in which columns with a zone are read. Default: that of the process. */
  readonly timeZone?: string
}

/** How often an interruption is repeated: DuckDB loses one that arrives just before the statement starts. */
const INTERRUPT_EVERY_MS = 100

/** An OMOP database in a DuckDB file, or in a DuckDB instance in this process. */
export class DuckDbSource implements CdmSource {
  readonly dialect = 'duckdb'
  readonly schema: string
  readonly #connections: DuckDbConnections
  readonly #statementTimeoutMs: number

  private constructor(connections: DuckDbConnections, limits: DuckDbLimits) {
    this.schema = limits.schema ?? ''
    this.#connections = connections
    this.#statementTimeoutMs = limits.statementTimeoutMs ?? 300_000
  }

  static async open(options: DuckDbSourceOptions): Promise<DuckDbSource> {
    if (options.path === ':memory:') {
      throw new SourceError('unavailable', 'a DuckDB database in memory is empty: use a file', {
        retryable: false,
      })
    }
    try {
      const settings = readOnlySettings(options)
      return new DuckDbSource(
        await DuckDbConnections.forFile(
          options.path,
          { settings, statements: lockedStatements(options) },
          options.poolSize ?? 2,
        ),
        options,
      )
    } catch (error: unknown) {
      throw duckDbError(error)
    }
  }

  /** Uses an open instance, which may be in memory. The caller closes it. */
  static forInstance(instance: DuckDBInstance, limits: DuckDbLimits = {}): DuckDbSource {
    return new DuckDbSource(DuckDbConnections.forInstance(instance, limits.poolSize ?? 2), limits)
  }

  async query(statement: SqlStatement, options: QueryOptions = {}): Promise<readonly Row[]> {
    const rows: Row[] = []
    const read = (row: Row): void => void rows.push(row)
    // A stream of a few rows takes three times as long.
    await this.#run(options, (connection) => readAtOnce(connection, statement, read))
    return rows
  }

  async each(
    statement: SqlStatement,
    start: () => RowReader,
    options: QueryOptions = {},
  ): Promise<void> {
    const reader = start()
    await this.eachChunk(statement, (rows) => rows.forEach((row) => pass(reader, row)), options)
  }

  /** Like `each`, but passes on some thousand rows at a time, and waits for `take`. */
  async eachChunk(
    statement: SqlStatement,
    take: (rows: readonly Row[]) => void | Promise<void>,
    options: QueryOptions = {},
  ): Promise<void> {
    await this.#run(options, (connection) => readChunks(connection, statement, take))
  }

  async #run(
    { signal }: QueryOptions,
    work: (connection: DuckDBConnection) => Promise<void>,
  ): Promise<void> {
    try {
      const acquired = await this.#connections.acquire(signal)
      const interruption = this.#interruptible(acquired.connection, signal)
      try {
        await work(acquired.connection)
      } catch (error: unknown) {
        throw interruption.reason ?? error
      } finally {
        interruption.disarm()
        acquired.release({ reusable: interruption.reason === undefined })
      }
    } catch (error: unknown) {
      if (error instanceof ReaderError) throw error.cause
      throw isAbort(error, signal) ? cancelled() : duckDbError(error)
    }
  }

  async check(options: CheckOptions = {}): Promise<CdmCheck> {
    const { checkDuckDb } = await import('./duckdb-catalogue.ts')
    return await checkDuckDb(this, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections.close()
  }

  /** Interrupts the statement on `connection` on abort or timeout. `reason` is then the error to throw. */
  #interruptible(
    connection: DuckDBConnection,
    signal: AbortSignal | undefined,
  ): { readonly reason: SourceError | undefined; disarm(): void } {
    let reason: SourceError | undefined
    let again: NodeJS.Timeout | undefined
    const stop = (why: SourceError) => (): void => {
      reason = why
      connection.interrupt()
      again ??= setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS)
    }
    const onAbort = stop(cancelled())
    const limit = this.#statementTimeoutMs
    const onTimeout = stop(
      new SourceError('timeout', 'the statement took longer than allowed', { code: 'TIMEOUT' }),
    )
    const timer = limit > 0 ? setTimeout(onTimeout, limit) : undefined
    if (signal?.aborted === true) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    return {
      get reason() {
        return reason
      },
      disarm: () => {
        clearTimeout(timer)
        clearInterval(again)
        signal?.removeEventListener('abort', onAbort)
      },
    }
  }
}

function readOnlySettings(options: DuckDbSourceOptions): Record<string, string> {
  const settings: Record<string, string> = {
    access_mode: 'READ_ONLY',
    // Must come first: DuckDB applies settings in order, and rejects a folder once external access is disabled.
    ...(options.tempDirectory === undefined ? {} : { temp_directory: options.tempDirectory }),
    // Tasks never need other files or extensions.
    enable_external_access: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  }
  if (options.memoryLimit !== undefined) settings['memory_limit'] = options.memoryLimit
  if (options.threads !== undefined) settings['threads'] = String(options.threads)
  return settings
}

/** DuckDB takes the time zone as a statement only, and no statement once its configuration is locked. */
function lockedStatements({ timeZone }: DuckDbSourceOptions): readonly string[] {
  const lock = 'SET lock_configuration = true'
  if (timeZone === undefined) return [lock]
  return [`SET GLOBAL TimeZone = '${timeZone.replaceAll("'", "''")}'`, lock]
}

async function readAtOnce(
  connection: DuckDBConnection,
  statement: SqlStatement,
  reader: RowReader,
): Promise<void> {
  using prepared = await prepareReading(connection, statement)
  const result = await prepared.statement.runAndReadAll()
  const names = result.deduplicatedColumnNames()
  for (const row of result.getRows()) reader(named(names, row))
}

async function readChunks(
  connection: DuckDBConnection,
  statement: SqlStatement,
  take: (rows: readonly Row[]) => void | Promise<void>,
): Promise<void> {
  using prepared = await prepareReading(connection, statement)
  const result = await prepared.statement.stream()
  const names = result.deduplicatedColumnNames()
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) return
    await take(chunk.getRows().map((row) => named(names, row)))
  }
}

async function prepareReading(
  connection: DuckDBConnection,
  { text, values }: SqlStatement,
): Promise<Disposable & { readonly statement: DuckDBPreparedStatement }> {
  const statement = await connection.prepare(text)
  try {
    const { statementType } = statement
    // A database in memory cannot be opened read-only, so the statement type is checked as well.
    if (statementType !== StatementType.SELECT && statementType !== StatementType.EXPLAIN) {
      throw new SourceError('query', 'the statement would have changed the database')
    }
    statement.bind(values.map((value) => (typeof value === 'bigint' ? bigintValue(value) : value)))
    return { statement, [Symbol.dispose]: () => statement.destroySync() }
  } catch (error: unknown) {
    statement.destroySync()
    throw error
  }
}

const named = (names: readonly string[], row: readonly DuckDBValue[]): Row =>
  Object.fromEntries(row.map((value, i) => [names[i] ?? '', plain(value)]))

function pass(reader: RowReader, row: Row): void {
  try {
    reader(row)
  } catch (error: unknown) {
    throw new ReaderError(error)
  }
}

/** A `bigint` is bound as HUGEINT, which stops DuckDB from skipping blocks of INTEGER and BIGINT columns. */
function bigintValue(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function plain(value: DuckDBValue): Row[string] {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return bigintValue(value)
  if (value instanceof DuckDBDecimalValue) return value.toDouble()
  return String(value)
}

/** Whether `error` is the abort reason, thrown while waiting for a connection. */
function isAbort(error: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && error === signal.reason
}
