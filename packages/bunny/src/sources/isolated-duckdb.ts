import { SourceError } from '@warren/database'
import { cancelled, orAbort } from './cancellation.ts'
import type {
  CdmCheck,
  CdmSource,
  CheckOptions,
  QueryOptions,
  Row,
  RowReader,
  SqlStatement,
} from './cdm-source.ts'
import { checkDuckDb } from './duckdb-catalogue.ts'
import { DuckDbProcess, EndedForAnother } from './duckdb-process.ts'
import type { DuckDbSourceOptions } from './duckdb-source.ts'
import { ReaderError } from './reader-error.ts'
import { StatementSlots } from './statement-slots.ts'

/** How long the process stays without a statement. It has as much memory as the rest of an idle bunny. */
const IDLE_MS = 60_000

/**
 * A DuckDB file that a process of its own reads. DuckDB does not interrupt the planning of a statement, and can run out of
 * memory: then that process ends, and not the bunny. It is started when it is needed.
 */
export class IsolatedDuckDb implements CdmSource {
  readonly dialect = 'duckdb'
  readonly schema: string
  readonly #options: DuckDbSourceOptions
  readonly #poolSize: number
  readonly #slots: StatementSlots
  #process: Promise<DuckDbProcess> | undefined
  #idle: NodeJS.Timeout | undefined
  #isClosed = false

  private constructor(options: DuckDbSourceOptions) {
    this.#options = options
    this.schema = options.schema ?? ''
    this.#poolSize = options.poolSize ?? 2
    this.#slots = new StatementSlots(this.#poolSize)
  }

  /** Opens the file once, so that a wrong path is found now. */
  static async open(options: DuckDbSourceOptions): Promise<IsolatedDuckDb> {
    const source = new IsolatedDuckDb(options)
    await source.#start()
    source.#endWhenIdle()
    return source
  }

  async query(statement: SqlStatement, options: QueryOptions = {}): Promise<readonly Row[]> {
    let rows: Row[] = []
    const start = (): RowReader => {
      rows = []
      return (row) => void rows.push(row)
    }
    await this.#run(statement, { start, isStreamed: false, ...options })
    return rows
  }

  async each(
    statement: SqlStatement,
    start: () => RowReader,
    options: QueryOptions = {},
  ): Promise<void> {
    await this.#run(statement, { start, isStreamed: true, ...options })
  }

  async check(options: CheckOptions = {}): Promise<CdmCheck> {
    return await checkDuckDb(this, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#slots.idle()
    clearTimeout(this.#idle)
    await this.#end()
  }

  async #run(
    statement: SqlStatement,
    options: QueryOptions & { start: () => RowReader; isStreamed: boolean },
  ): Promise<void> {
    const { start, signal, isStreamed } = options
    if (this.#isClosed) throw new SourceError('unavailable', 'the DuckDB file is closed')
    await this.#acquireSlot(signal)
    clearTimeout(this.#idle)
    try {
      // Each other running statement can end the process once.
      for (let attempt = 0; ; attempt++) {
        try {
          const process = await orAbort(this.#start(), signal)
          const { statementTimeoutMs: timeoutMs = 300_000 } = this.#options
          await process.run({ statement, isStreamed, reader: start(), signal, timeoutMs })
          return
        } catch (error: unknown) {
          if (error instanceof ReaderError) throw error.cause
          if (!(error instanceof EndedForAnother)) throw error
          if (attempt >= this.#poolSize) throw endedOften(error)
        }
      }
    } finally {
      this.#slots.release()
      this.#endWhenIdle()
    }
  }

  async #acquireSlot(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#slots.acquire(signal)
    } catch {
      throw cancelled()
    }
  }

  /** The running process, or a new one. */
  async #start(): Promise<DuckDbProcess> {
    const known = this.#process
    const running = await known?.catch(() => undefined)
    if (running?.isOpen === true) return running
    // Of several statements that find the process ended, the first starts a new one.
    const other = this.#process === known ? undefined : this.#process
    const next = other ?? DuckDbProcess.open(this.#options)
    this.#process = next
    return await next
  }

  #endWhenIdle(): void {
    clearTimeout(this.#idle)
    if (this.#slots.inUse > 0) return
    this.#idle = setTimeout(() => void this.#end(), IDLE_MS)
    this.#idle.unref()
  }

  async #end(): Promise<void> {
    const process = await this.#process?.catch(() => undefined)
    await process?.end()
  }
}

function endedOften(error: Error): SourceError {
  const message = 'the process that reads the DuckDB file was ended for other statements'
  return new SourceError('unavailable', message, { code: 'PROCESS_ENDED', cause: error })
}
