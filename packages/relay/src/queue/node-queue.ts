import type { LeasedSubtask, LeaseOptions, QueuedSubtask } from '../store/task-store.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'

/**
 * Hands out subtasks to the nodes that poll for them.
 *
 * Guarantee: at least once until answered, and to one poller at a time. A subtask that is committed to the store is
 * handed out even if `publish` was never called or its message was lost. A subtask that is answered, or whose task has
 * settled, is never handed out. Without failures, each node receives its oldest subtask first.
 *
 * The hot path is an empty poll: `mayHaveWork` only reads memory, and while it is false, `lease` asks neither the
 * database nor the broker. An event of the store sets it to true whenever a subtask is queued or a lease returns. After a
 * start, and after events may have been missed, one statement finds the nodes with work, whatever the number of polls.
 * The state of the broker changes nothing.
 */
export interface NodeQueue extends AsyncDisposable {
  readonly technology: 'database' | 'rabbitmq'
  /** Publishes committed subtasks to a broker. Does not reject if the broker is down: `sweep` publishes them later. */
  publish(subtasks: readonly QueuedSubtask[]): Promise<void>
  /** False if nothing is queued for this node. True is only a hint. Costs no I/O. */
  mayHaveWork(nodeId: string, kind?: TaskKind): boolean
  /** Leases the node's oldest subtask; null if there is none. Rejects only if the store does. */
  lease(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null>
  /**
   * Resolves to true once the node may have work, or to false after `ms` or if `signal` aborts. Costs no I/O. True is
   * only a hint: `lease` may still find nothing.
   */
  waitForWork(
    nodeId: string,
    ms: number,
    options?: { kind?: TaskKind | undefined; signal?: AbortSignal | undefined },
  ): Promise<boolean>
  /**
   * Announces work whose event was lost, publishes unpublished subtasks, and deletes messages and queues that are no longer
   * needed. Call it every few seconds.
   */
  sweep(): Promise<void>
  /**
   * Sends a request to the broker, and rejects with the reason if it does not respond within a few seconds. Informative
   * only: the queue works without the broker. Resolves immediately if there is no broker.
   */
  check(): Promise<void>
  status(): QueueStatus
}

export interface QueueStatus {
  readonly technology: 'database' | 'rabbitmq'
  /** False if the broker is down and the relay works from the database alone. */
  readonly available: boolean
  /** Why the broker is not available, for logs and /readyz. Contains no credentials. */
  readonly detail: string | null
  /** Number of held polls. */
  readonly waiting: number
  /** Null without a broker. */
  readonly traffic: QueueTraffic | null
}

/** Totals since the start of the relay. */
export interface QueueTraffic {
  /** Number of connections opened. */
  readonly connections: number
  /** When the current connection was opened, ms since the epoch; null while disconnected. */
  readonly connectedSince: number | null
  readonly published: number
  readonly fetched: number
  /** Publications and fetches that failed. */
  readonly failed: number
}
