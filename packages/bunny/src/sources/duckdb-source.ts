import { duckDbError, SourceError } from '@warren/database'
import {
  DuckDBDecimalValue,
  StatementType,
  type DuckDBConnection,
  type DuckDBInstance,
  type DuckDBValue,
} from '@duckdb/node-api'

import { checkCatalogue } from './cdm-check.ts'
import type {
  CdmCheck,
  CdmSource,
  CheckOptions,
  QueryOptions,
  Row,
  SqlStatement,
} from './cdm-source.ts'
import { readDuckDbCatalogue } from './duckdb-catalogue.ts'
import { DuckDbConnections } from './duckdb-connections.ts'

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
        await DuckDbConnections.forFile(options.path, settings, options.poolSize ?? 2),
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

  async query(statement: SqlStatement, { signal }: QueryOptions = {}): Promise<readonly Row[]> {
    try {
      const acquired = await this.#connections.acquire(signal)
      const interruption = this.#interruptible(acquired.connection, signal)
      try {
        return await runReading(acquired.connection, statement)
      } catch (error: unknown) {
        throw interruption.reason ?? error
      } finally {
        interruption.disarm()
        acquired.release({ reusable: interruption.reason === undefined })
      }
    } catch (error: unknown) {
      throw isAbort(error, signal) ? cancelled() : duckDbError(error)
    }
  }

  async check(options: CheckOptions = {}): Promise<CdmCheck> {
    const read = (statement: SqlStatement): Promise<readonly Row[]> =>
      this.query(statement, options.signal === undefined ? {} : { signal: options.signal })
    const { server, ...catalogue } = await readDuckDbCatalogue(read, this.schema, options)
    const problems = checkCatalogue(catalogue, options)
    return {
      ok: problems.every(({ severity }) => severity !== 'error'),
      server,
      schema: this.schema,
      problems,
    }
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
    lock_configuration: 'true',
  }
  if (options.memoryLimit !== undefined) settings['memory_limit'] = options.memoryLimit
  if (options.threads !== undefined) settings['threads'] = String(options.threads)
  return settings
}

async function runReading(
  connection: DuckDBConnection,
  { text, values }: SqlStatement,
): Promise<readonly Row[]> {
  const prepared = await connection.prepare(text)
  try {
    const { statementType } = prepared
    // A database in memory cannot be opened read-only, so the statement type is checked as well.
    if (statementType !== StatementType.SELECT && statementType !== StatementType.EXPLAIN) {
      throw new SourceError('query', 'the statement would have changed the database')
    }
    prepared.bind(values.map((value) => (typeof value === 'bigint' ? bigintValue(value) : value)))
    const result = await prepared.runAndReadAll()
    const names = result.deduplicatedColumnNames()
    return result
      .getRows()
      .map((row) => Object.fromEntries(row.map((value, i) => [names[i] ?? '', plain(value)])))
  } finally {
    prepared.destroySync()
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

function cancelled(): SourceError {
  return new SourceError('cancelled', 'the statement was cancelled', { code: 'ABORTED' })
}
