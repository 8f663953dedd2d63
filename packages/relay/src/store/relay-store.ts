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
  readonly events: StoreEvents
  /** Updates the schema. Safe to call from many processes at once. Throws SchemaTooNewError. */
  migrate(): Promise<MigrationOutcome>
  /**
   * Resolves if the database responds and this release supports its schema. Otherwise rejects with StoreError,
   * SchemaTooOldError or SchemaTooNewError. For `/readyz`.
   */
  check(): Promise<void>
  /** For each name, at most one process is the leader at a time. Does nothing until `acquire` is called. */
  leadership(name: string): Leadership
}

export interface MigrationOutcome {
  readonly from: number
  readonly to: number
}

/**
 * The right to be the one relay that does something, for example polls an upstream. In PostgreSQL it is an advisory lock,
 * which is free as soon as its session ends. In SQLite it is a row that expires. When a network fails silently, there can
 * be two leaders for a few seconds, so a leader's work must be idempotent.
 */
export interface Leadership extends AsyncDisposable {
  /**
   * Makes this process the leader if there is none. True if it is the leader now. Cheap: call it at least every 10 s, which
   * also renews the leadership.
   */
  acquire(): Promise<boolean>
  /** Ends the leadership now, so that another relay need not wait for it to expire. */
  release(): Promise<void>
}

/** Events from other processes on the same database. An event may arrive twice. If any is lost, a `resync` follows. */
export interface StoreEvents {
  /** False while events may be lost because the listening connection is down. Caches that rely on them are then invalid. */
  readonly live: boolean
  /** Emits the events of other processes that have not been noticed yet, if noticing them takes time. Costs microseconds. */
  detect(): void
  /** Listeners must not throw or block. Dispose the result to unsubscribe. */
  subscribe(listener: (event: StoreEvent) => void): Disposable
}

export type StoreEvent =
  /** These nodes have queued subtasks. */
  | {
      readonly kind: 'work'
      /** `admitted`: a new task, which is also published to a broker. `returned`: a lease was returned. */
      readonly reason: 'admitted' | 'returned'
      readonly nodeIds: readonly string[]
    }
  /** A user, password or node changed: cached logins are invalid. */
  | { readonly kind: 'users-changed' }
  /** A combined result is ready to be submitted. */
  | { readonly kind: 'settled'; readonly upstream: string }
  /** Events may have been lost: anything may have changed. */
  | { readonly kind: 'resync' }
