import type { LeasedSubtask, LeaseOptions, QueuedSubtask, TaskKind } from '../store/relay-store.ts'

/**
 * Brings subtasks to the nodes that poll for them.
 *
 * Delivery guarantee: at least once until answered, and to one poller at a time. A subtask committed
 * to the store is handed out even if `publish` was never called or its message was lost; a subtask
 * that is answered, or whose task has settled, is never handed out. Order is oldest first per node
 * while nothing fails.
 *
 * The hot path is the poll that finds nothing: `mayHaveWork` is a look into memory and `lease` asks
 * neither database nor broker when it is false. It becomes true by a signal whenever something is
 * queued or a lease returns, and is true for everybody after a start, a reconnect, and while
 * events may be missed.
 */
export interface NodeQueue extends AsyncDisposable {
  readonly technology: 'database' | 'rabbitmq'
  /** Announces subtasks just committed. Never rejects for a broker that is down: `sweep` catches up. */
  publish(subtasks: readonly QueuedSubtask[]): Promise<void>
  /** False: surely nothing queued for this node. Costs no I/O. */
  mayHaveWork(nodeId: string, kind?: TaskKind): boolean
  /** Leases the node's oldest subtask; null if there is none. Rejects only if the store does. */
  lease(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null>
  /**
   * Waits until the node may have work (true), or `ms` are over or `signal` aborts (false). Costs no
   * I/O while waiting. A true is a hint: `lease` may still find nothing.
   */
  waitForWork(
    nodeId: string,
    ms: number,
    options?: { kind?: TaskKind | undefined; signal?: AbortSignal | undefined },
  ): Promise<boolean>
  /** Publishes what is not published, and reminds of work whose signal was lost. Call every few seconds. */
  sweep(now: number): Promise<void>
  /**
   * Asks the broker something, and rejects with the reason if it does not answer within a few seconds. The
   * work of this port does not depend on the outcome. Resolves at once where there is no broker.
   */
  check(): Promise<void>
  status(): QueueStatus
}

export interface QueueStatus {
  readonly technology: 'database' | 'rabbitmq'
  /** False: the relay works, from the database alone. */
  readonly available: boolean
  /** Why not available; for people. No credentials. */
  readonly detail: string | null
  /** Polls being held open now. */
  readonly waiting: number
  /** Null where there is no broker. */
  readonly traffic: QueueTraffic | null
}

/** What went to and from the broker since the start. */
export interface QueueTraffic {
  /** Connections opened. */
  readonly connections: number
  /** When the present one was, ms since the epoch; null while there is none. */
  readonly connectedSince: number | null
  readonly published: number
  readonly fetched: number
  /** Publications and fetches that did not get through. */
  readonly failed: number
}
