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
import { duckDbError } from './duckdb-error.ts'
import { SourceError } from './source-error.ts'

export interface DuckDbLimits {
  /** The schema of the CDM tables; `''` (default) is DuckDB's `main`. */
  readonly schema?: string
  /** Most statements running at once; default 2. Each occupies one of Node's four worker threads while it runs. */
  readonly poolSize?: number
  /** After this a statement is interrupted; default 5 minutes, 0 for no limit. */
  readonly statementTimeoutMs?: number
}

export interface DuckDbSourceOptions extends DuckDbLimits {
  /** A file that exists, opened read only. */
  readonly path: string
  /** As DuckDB writes it, e.g. `1000mb`. */
  readonly memoryLimit?: string
  /** Where what does not fit into memory goes. */
  readonly tempDirectory?: string
  /** Threads of DuckDB's own; default: one per core. */
  readonly threads?: number
}

/** DuckDB forgets an interruption that reaches it just before the statement begins to run. */
const INTERRUPT_EVERY_MS = 100

/** An OMOP CDM in a DuckDB file, or in a DuckDB that this process holds in memory. */
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
      throw new SourceError(
        'unavailable',
        'a DuckDB in memory is empty: give a file, or an open instance to DuckDbSource.forInstance',
        { retryable: false },
      )
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

  /** A source over an instance that stays the caller's: it may be in memory, and is not closed with the source. */
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

  /** Stops what runs on `connection` on abort or when its time is up; `reason` then says which. */
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
    // Before external access goes: DuckDB applies these in order, and lets nobody name a folder after that.
    ...(options.tempDirectory === undefined ? {} : { temp_directory: options.tempDirectory }),
    // No statement of ours reads other files or fetches extensions; a hospital's network would not let it anyway.
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
    // A database in memory cannot be opened read only, so the statement is looked at as well.
    if (statementType !== StatementType.SELECT && statementType !== StatementType.EXPLAIN) {
      throw new SourceError('query', 'the statement would have changed the database')
    }
    prepared.bind(values.map((value) => (typeof value === 'bigint' ? bigintValue(value) : value)))
    const answer = await prepared.runAndReadAll()
    const names = answer.deduplicatedColumnNames()
    return answer
      .getRows()
      .map((row) => Object.fromEntries(row.map((value, i) => [names[i] ?? '', plain(value)])))
  } finally {
    prepared.destroySync()
  }
}

/** Bound as a HUGEINT, a number would keep DuckDB from skipping blocks of an INTEGER or BIGINT column. */
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

/** Whether `error` is what waiting for a connection throws when the signal is aborted. */
function isAbort(error: unknown, signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true && error === signal.reason
}

function cancelled(): SourceError {
  return new SourceError('cancelled', 'the statement was cancelled', { code: 'ABORTED' })
}
