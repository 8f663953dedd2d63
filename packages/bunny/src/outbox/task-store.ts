import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parseResultBytes, serializeResultBytes, type EncodedResult } from '@warren/task-api'
import { errorText } from '../error-text.ts'

export type TaskKind = 'availability' | 'distribution'

/** A task as it was received. */
export interface ReceivedTask {
  readonly key: string
  readonly uuid: string
  readonly kind: TaskKind
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly body: unknown
}

/** A result that the relay has not accepted yet. */
export interface StoredResult {
  /** Identifies the task: uuid, collection and question. */
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly solvedAt: number
  readonly result: EncodedResult
}

/** What is stored about a task: not answered, waiting for submission, answered with an error, or the submitted result. */
export type TaskState = 'received' | 'solved' | 'failed' | EncodedResult

/** A row that cannot be read. It is not used again, and stays for inspection until it is evicted. */
export interface UnreadableRow {
  readonly uuid: string
  readonly reason: string
}

/** How many submitted results are kept, to answer tasks that are handed out again. */
export interface RetentionLimits {
  readonly tasks: number
  /** Characters of all kept results together. The GENERIC result of a large hospital has a few megabytes. */
  readonly size: number
  readonly ageMs: number
}

export interface TaskStoreOptions {
  /**
   * What results depend on, such as the suppression threshold. Stored results for other values are not used: their tasks
   * are solved again.
   */
  readonly validFor: string
  /** Largest size of the file, in bytes. */
  readonly maxBytes: number
  readonly retention?: RetentionLimits
}

export const SCHEMA_VERSION = 1

const DEFAULT_RETENTION: RetentionLimits = {
  tasks: 256,
  size: 32_000_000,
  ageMs: 2 * 60 * 60_000,
}

/**
 * Nulls tell the state of a task. `solved_at` null: received. `answered_at` null: the result waits for submission.
 * Otherwise answered, and `result` is null if it was an error, so that a failed task is solved again.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS task (
  key TEXT PRIMARY KEY,
  uuid TEXT NOT NULL,
  kind TEXT NOT NULL,
  received_at REAL NOT NULL,
  body TEXT,
  begun INTEGER NOT NULL DEFAULT 0,
  valid_for TEXT NOT NULL DEFAULT '',
  solved_at REAL,
  result TEXT,
  answered_at REAL
) STRICT;
PRAGMA user_version = ${String(SCHEMA_VERSION)};`

const PAGE_BYTES = 4096

type Name =
  | 'receive'
  | 'begin'
  | 'release'
  | 'solve'
  | 'answer'
  | 'remove'
  | 'find'
  | 'unsolved'
  | 'unsubmitted'
  | 'invalidate'
  | 'setAside'
  | 'kept'

const SQL: Readonly<Record<Name, string>> = {
  receive: `INSERT OR REPLACE INTO task (key, uuid, kind, received_at, body) VALUES (?, ?, ?, ?, ?)`,
  begin: `UPDATE task SET begun = begun + 1 WHERE key = ? RETURNING begun`,
  release: `UPDATE task SET begun = max(0, begun - 1) WHERE key = ?`,
  solve: `INSERT INTO task (key, uuid, kind, received_at, solved_at, valid_for, result)
    VALUES (?1, ?2, '', ?3, ?3, ?4, CAST(?5 AS TEXT))
    ON CONFLICT DO UPDATE SET solved_at = ?3, valid_for = ?4, result = excluded.result, answered_at = NULL`,
  answer: `UPDATE task SET answered_at = ?2, body = NULL,
    result = CASE WHEN ?3 THEN result END WHERE key = ?1`,
  remove: `DELETE FROM task WHERE key = ?`,
  find: `SELECT solved_at, answered_at, CAST(result AS BLOB) AS result FROM task
    WHERE key = ? AND (solved_at IS NULL OR result IS NULL OR valid_for = ?)`,
  unsolved: `SELECT key, uuid, kind, received_at, body, begun FROM task
    WHERE solved_at IS NULL ORDER BY received_at`,
  unsubmitted: `SELECT key, uuid, solved_at, CAST(result AS BLOB) AS result FROM task
    WHERE solved_at IS NOT NULL AND answered_at IS NULL ORDER BY solved_at`,
  // A result of an earlier format has no body, so it cannot be solved again.
  invalidate: `UPDATE task SET solved_at = NULL, result = NULL
    WHERE answered_at IS NULL AND body IS NOT NULL AND valid_for <> ?`,
  setAside: `UPDATE task SET answered_at = ?2, solved_at = ifnull(solved_at, ?2), result = NULL WHERE key = ?1`,
  kept: `SELECT key, answered_at, ifnull(octet_length(result), 0) AS size FROM task
    WHERE answered_at IS NOT NULL ORDER BY answered_at DESC, rowid DESC`,
}

/**
 * The tasks of this bunny, in an SQLite file or in memory: received, solved, and for a while answered. What a method has
 * written is on disk when it returns, so that it survives a crash and a power failure. Methods throw if the disk is full
 * or broken. Questions and results belong to the site, so only the owner can read the file.
 */
export class TaskStore implements Disposable {
  readonly #database: DatabaseSync
  readonly #validFor: string
  readonly #retention: RetentionLimits
  readonly #statements = new Map<Name, StatementSync>()

  /** `path` is `:memory:` for a store that does not outlive the process. Throws if the file is damaged. */
  constructor(path: string, options: TaskStoreOptions) {
    const { validFor, maxBytes, retention = DEFAULT_RETENTION } = options
    this.#validFor = validFor
    this.#retention = retention
    this.#database = new DatabaseSync(path)
    try {
      // One process owns the file, so no shared memory is needed. FULL: a commit is on disk when it returns.
      this.#database
        .exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = ${String(PAGE_BYTES)};
        PRAGMA auto_vacuum = FULL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 4000000;
        PRAGMA max_page_count = ${String(Math.max(16, Math.floor(maxBytes / PAGE_BYTES)))}`)
      this.#check()
      this.#database.exec(SCHEMA)
      this.#statement('invalidate').run(validFor)
    } catch (error: unknown) {
      this.#database.close()
      throw error
    }
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close()
  }

  receive({ key, uuid, kind, receivedAt, body }: ReceivedTask): void {
    const text = JSON.stringify(body)
    this.#write(() => this.#statement('receive').run(key, uuid, kind, receivedAt, text))
  }

  /** Records that solving begins, and returns how often it did without an end. */
  begin(key: string): number {
    const row = this.#statement('begin').get(key)
    return Number(row?.['begun'] ?? 1)
  }

  /** Records that solving was stopped in an orderly way. */
  release(key: string): void {
    this.#statement('release').run(key)
  }

  /** Keeps a result until it is answered. */
  solve({ key, solvedAt, result }: StoredResult, validFor = this.#validFor): void {
    const json = serializeResultBytes(result)
    this.#write(() => this.#statement('solve').run(key, result.uuid, solvedAt, validFor, json))
  }

  /** The result was accepted, or rejected for good. Its text is kept for a while if `reusable`. */
  answer(key: string, at: number, reusable: boolean): void {
    try {
      // SQLite writes the whole row again, which needs space for a moment.
      this.#write(() => this.#statement('answer').run(key, at, reusable ? 1 : 0))
    } catch (error: unknown) {
      if (!isFull(error)) throw error
      this.remove(key)
    }
    this.#evict(at - this.#retention.ageMs, this.#retention)
  }

  remove(key: string): void {
    this.#statement('remove').run(key)
  }

  find(key: string, now: number): TaskState | undefined {
    const row = this.#statement('find').get(key, this.#validFor)
    if (row === undefined) return undefined
    const { solved_at: solvedAt, answered_at: answeredAt, result } = row
    if (solvedAt === null) return 'received'
    if (answeredAt === null) return 'solved'
    if (typeof answeredAt === 'number' && answeredAt < now - this.#retention.ageMs) return undefined
    if (!(result instanceof Uint8Array)) return 'failed'
    try {
      return readResult(result)
    } catch {
      return 'failed'
    }
  }

  /** The tasks without a result, oldest first. `begun`: how often solving them began and did not end. */
  unsolved(now: number): { tasks: (ReceivedTask & { begun: number })[]; bad: UnreadableRow[] } {
    const { read, bad } = this.#readRows('unsolved', now, (row) => ({
      key: String(row['key']),
      uuid: String(row['uuid']),
      kind: row['kind'] === 'distribution' ? ('distribution' as const) : ('availability' as const),
      receivedAt: Number(row['received_at']),
      begun: Number(row['begun']),
      body: JSON.parse(String(row['body'])) as unknown,
    }))
    return { tasks: read, bad }
  }

  /** The results that wait for submission, oldest first. */
  unsubmitted(now: number): { results: StoredResult[]; bad: UnreadableRow[] } {
    const { read, bad } = this.#readRows('unsubmitted', now, (row) => ({
      key: String(row['key']),
      solvedAt: Number(row['solved_at']),
      result: readResult(row['result']),
    }))
    return { results: read, bad }
  }

  #readRows<T>(name: Name, now: number, read: (row: Record<string, unknown>) => T) {
    const found: T[] = []
    const bad: UnreadableRow[] = []
    for (const row of this.#statement(name).all()) {
      try {
        found.push(read(row))
      } catch (error: unknown) {
        const key = String(row['key'])
        bad.push({ uuid: String(row['uuid']), reason: errorText(error) })
        this.#statement('setAside').run(key, now)
      }
    }
    return { read: found, bad }
  }

  /** Writes, and makes space once if the file has reached its largest size. */
  #write(write: () => unknown): void {
    try {
      write()
    } catch (error: unknown) {
      if (!isFull(error) || this.#evict(Infinity, { tasks: 0, size: 0 }) === 0) throw error
      write()
    }
  }

  /** Removes answered tasks that are older than `oldest` or exceed `limits`. Returns how many. */
  #evict(oldest: number, limits: { tasks: number; size: number }): number {
    let tasks = 0
    let size = 0
    let removed = 0
    for (const row of this.#statement('kept').all()) {
      tasks += 1
      size += Number(row['size'])
      const expired = Number(row['answered_at']) < oldest
      if (!expired && tasks <= limits.tasks && size <= limits.size) continue
      this.remove(String(row['key']))
      removed += 1
    }
    return removed
  }

  #statement(name: Name): StatementSync {
    let statement = this.#statements.get(name)
    if (statement === undefined) {
      statement = this.#database.prepare(SQL[name])
      this.#statements.set(name, statement)
    }
    return statement
  }

  #check(): void {
    const [check] = this.#database.prepare('PRAGMA quick_check(1)').all()
    if (check?.['quick_check'] !== 'ok') throw new Error('the file is damaged')
    const version = Number(this.#database.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version > SCHEMA_VERSION) throw new Error('a newer version of Warren wrote the file')
  }
}

/** The data of large files stay the bytes that SQLite has returned. */
function readResult(json: unknown): EncodedResult {
  if (!(json instanceof Uint8Array)) throw new Error('there is no result')
  return parseResultBytes(Buffer.from(json.buffer, json.byteOffset, json.byteLength))
}

const SQLITE_FULL = 13

const isFull = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_FULL
