import { SourceError } from '@warren/database/errors'
import { stat } from 'node:fs/promises'

import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'

import { StatementSlots } from './statement-slots.ts'

/** A connection of the pool. Release it exactly once. */
export interface AcquiredConnection {
  readonly connection: DuckDBConnection
  /** `reusable: false` closes the connection instead of returning it to the pool. */
  release(options: { reusable: boolean }): void
}

interface OpenDatabase {
  readonly instance: DuckDBInstance
  /** Identifies the file on disk: a new file at the same path has another identity. `''` for a database in memory. */
  readonly identity: string
  readonly idle: DuckDBConnection[]
  inUse: number
  retired: boolean
}

/** How a file is opened: settings of the instance, and statements that run once before any other. */
export interface DatabaseSetup {
  readonly settings: Record<string, string>
  readonly statements: readonly string[]
}

/** How often the file on disk is checked, in milliseconds. */
const FILE_CHECK_INTERVAL_MS = 2_000

/**
 * A pool of at most `limit` connections to a DuckDB database. If the file at the path is replaced, as `omop load
 * --replace` does, new connections use the new file, and the old one is closed when its last connection is released.
 */
export class DuckDbConnections {
  readonly #slots: StatementSlots
  readonly #reopen: (() => Promise<OpenDatabase>) | undefined
  readonly #path: string | undefined
  #current: OpenDatabase
  #checkedAt = 0
  #closed = false

  private constructor(
    current: OpenDatabase,
    limit: number,
    file?: { path: string; reopen: () => Promise<OpenDatabase> },
  ) {
    this.#current = current
    this.#slots = new StatementSlots(limit)
    this.#path = file?.path
    this.#reopen = file?.reopen
  }

  static async forFile(
    path: string,
    { settings, statements }: DatabaseSetup,
    limit: number,
  ): Promise<DuckDbConnections> {
    const reopen = async (): Promise<OpenDatabase> => {
      // Read first: if the file changes in between, the next check finds the difference and opens it again.
      const identity = await fileIdentity(path)
      const instance = await DuckDBInstance.create(path, settings)
      try {
        const connection = await instance.connect()
        for (const statement of statements) await connection.run(statement)
        connection.closeSync()
      } catch (error: unknown) {
        instance.closeSync()
        throw error
      }
      return openDatabase(instance, identity)
    }
    return new DuckDbConnections(await reopen(), limit, { path, reopen })
  }

  /** Connections to an instance that the caller opened and will close. */
  static forInstance(instance: DuckDBInstance, limit: number): DuckDbConnections {
    return new DuckDbConnections(openDatabase(instance, ''), limit)
  }

  async acquire(signal: AbortSignal | undefined): Promise<AcquiredConnection> {
    if (this.#closed) throw new SourceError('unavailable', 'the DuckDB connections are closed')
    await this.#slots.acquire(signal)
    try {
      await this.#reopenIfReplaced()
      const database = this.#current
      const connection = database.idle.pop() ?? (await database.instance.connect())
      database.inUse++
      return {
        connection,
        release: ({ reusable }) => {
          database.inUse--
          if (reusable && !database.retired) database.idle.push(connection)
          else connection.closeSync()
          if (database.retired && database.inUse === 0) this.#closeDatabase(database)
          this.#slots.release()
        },
      }
    } catch (error: unknown) {
      this.#slots.release()
      throw error
    }
  }

  /** Rejects further requests, and closes the database when all connections are released. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#slots.idle()
    this.#closeDatabase(this.#current)
  }

  async #reopenIfReplaced(): Promise<void> {
    if (this.#path === undefined || this.#reopen === undefined) return
    const now = performance.now()
    if (now - this.#checkedAt < FILE_CHECK_INTERVAL_MS) return
    this.#checkedAt = now
    const identity = await fileIdentity(this.#path)
    // A file that does not exist at this moment is being replaced: the open one stays in use.
    if (identity === '' || identity === this.#current.identity) return
    const replacement = await this.#reopen()
    const old = this.#current
    this.#current = replacement
    old.retired = true
    if (old.inUse === 0) this.#closeDatabase(old)
  }

  #closeDatabase(database: OpenDatabase): void {
    for (const connection of database.idle.splice(0)) connection.closeSync()
    if (this.#path !== undefined) database.instance.closeSync()
  }
}

function openDatabase(instance: DuckDBInstance, identity: string): OpenDatabase {
  return { instance, identity, idle: [], inUse: 0, retired: false }
}

async function fileIdentity(path: string): Promise<string> {
  try {
    const { dev, ino, birthtimeMs } = await stat(path)
    return `${dev}:${ino}:${birthtimeMs}`
  } catch {
    return ''
  }
}
