import type { TaskDirectory } from './task-directory.ts'
import type { TaskStore } from './task-store.ts'
import type { UserStore } from './user-store.ts'

/**
 * Stores users, nodes, tasks, subtasks and results. The database is the source of truth. Queues and caches only make
 * reading it faster.
 *
 * Guarantees of every adapter (checked by the contract suite):
 * - A promise resolves after the commit: what it reports survives `kill -9` of this process.
 * - Every operation is safe when several relays work on one database at the same time.
 * - An operation that rejects has changed nothing, unless the connection broke between the commit and its response. Every
 *   operation can therefore be repeated. Failures of the database are StoreError.
 *
 * Times are epoch milliseconds by the clock of the database. Deadlines, leases, claims and leadership are compared with it in
 * SQL, so the clocks of relays need not agree: callers pass and receive durations. IDs are lower-case hyphenated UUIDs. A task's `uuid` keeps the upstream's spelling.
 */
export interface RelayStore extends AsyncDisposable {
  readonly technology: 'postgresql' | 'sqlite'
  readonly users: UserStore
  readonly tasks: TaskStore
  readonly directory: TaskDirectory
  readonly events: StoreEvents
  /** Updates the schema. Safe to call from many processes at once. Throws SchemaTooNewError. */
  migrate(): Promise<MigrationOutcome>
  /**
   * Resolves if the database responds, can be written, and has a schema that this release supports. Otherwise rejects with
   * StoreError, SchemaTooOldError or SchemaTooNewError. For `/readyz`.
   */
  check(): Promise<void>
  /** The time of the database, epoch ms. */
  readTime(): Promise<number>
  /**
   * Gives disk space of deleted data back to the file system, a bounded part of it per call. Call it every few seconds.
   * PostgreSQL reuses the space by itself.
   */
  reclaimSpace(): Promise<void>
  /** For each name, at most one process is the leader at a time. Does nothing until `acquire` is called. */
  leadership(name: string): Leadership
}

export interface MigrationOutcome {
  readonly from: number
  readonly to: number
}

/**
 * The right to be the one relay that does something, for example polls an upstream: a row that names the leader and expires
 * `holdMs` after its last renewal, by the clock of the database. A process that is killed, frozen or cut off from the
 * database loses it without any action of its own.
 *
 * A leader must stop before the row can have expired: at the latest `holdMs` after it last called an `acquire` that
 * resolved to true, by its own monotonic clock.
 */
export interface Leadership {
  readonly holdMs: number
  /**
   * Acquires or renews the leadership. True if this process is the leader. Rejects with StoreError if the database cannot
   * be written, and with SchemaTooNewError or SchemaTooOldError if this release does not support its schema.
   */
  acquire(): Promise<boolean>
  /** Ends the leadership now, so that another relay need not wait for it to expire. */
  release(): Promise<void>
}

/** Events from other processes on the same database. An event may arrive twice. If any is lost, a `resync` follows. */
export interface StoreEvents {
  /** False while events may be lost because the listening connection is down. Caches that rely on them are then invalid. */
  readonly live: boolean
  /** Listeners must not throw or block. Dispose the result to unsubscribe. */
  subscribe(listener: (event: StoreEvent) => void): Disposable
}

export type StoreEvent =
  /** These nodes have queued subtasks. */
  | { readonly kind: 'work'; readonly nodeIds: readonly string[] }
  /** A user, password or node changed: cached logins are invalid. */
  | { readonly kind: 'users-changed' }
  /** A combined result is ready to be submitted. */
  | { readonly kind: 'settled'; readonly upstream: string }
  /** Events may have been lost: anything may have changed. */
  | { readonly kind: 'resync' }
