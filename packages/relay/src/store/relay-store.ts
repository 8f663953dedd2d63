import type { TaskState, SubtaskState } from '../tasks/task-states.ts'

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
 * Times are epoch milliseconds by the caller's clock, so relays on one database need synchronised clocks (a second or two
 * of clock skew is harmless). IDs are lower-case hyphenated UUIDs. A task's `uuid` keeps the upstream's spelling.
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

// ---------------------------------------------------------------- events

/** Events from other processes on the same database. An event may arrive twice. If any is lost, a `resync` follows. */
export interface StoreEvents {
  /** False while events may be lost because the listening connection is down. Caches that rely on them are then invalid. */
  readonly live: boolean
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

// ---------------------------------------------------------------- users and nodes

export interface UserRecord {
  readonly id: string
  /** As spelled when the user was added. Compared without case. */
  readonly name: string
  readonly passwordHash: string
  /** Changes with the password. A new hash of the same password keeps it. */
  readonly passwordVersion: number
  /** Added by the configuration, which may also remove it. */
  readonly declared: boolean
  readonly createdAt: number
  readonly nodeIds: readonly string[]
}

export interface NodeRecord {
  readonly id: string
  readonly label: string | null
  readonly userId: string
  readonly userName: string
  /** An inactive node gets no new subtasks and is handed no queued ones. */
  readonly active: boolean
  readonly createdAt: number
  /** Time of its last poll or result. Null: never. */
  readonly lastSeenAt: number | null
}

export interface UserStore {
  /** Throws NameTakenError. */
  addUser(user: { name: string; passwordHash: string; declared: boolean }): Promise<UserRecord>
  findUser(name: string): Promise<UserRecord | null>
  /** Sorted by name. */
  listUsers(): Promise<readonly UserRecord[]>
  /**
   * Changes the password, which ends the logins with the old one. False if the user does not exist, or if its hash is not
   * `replaced` (if given).
   */
  setPasswordHash(userId: string, passwordHash: string, replaced?: string): Promise<boolean>
  /**
   * Replaces a hash by another one of the same password, which ends no login. False if the user does not exist or its hash
   * has changed in the meantime.
   */
  upgradePasswordHash(userId: string, hashes: { from: string; to: string }): Promise<boolean>
  /** Removes the user and its nodes. False if the user does not exist. */
  removeUser(userId: string): Promise<boolean>
  /** Throws NodeTakenError if the ID is in use, UnknownUserError if the user does not exist. */
  addNode(userId: string, node?: { id?: string; label?: string }): Promise<NodeRecord>
  /** Removes the node and its subtasks, which still count as asked. False if the node does not exist. */
  removeNode(nodeId: string): Promise<boolean>
  /** Sorted by user name, then by age. */
  listNodes(): Promise<readonly NodeRecord[]>
  setNodeActive(nodeId: string, active: boolean): Promise<boolean>
  /** Takes times by collection ID. Keeps the later time of a node, and ignores unknown nodes. */
  recordLastSeen(lastSeen: ReadonlyMap<string, number>): Promise<void>
}

// ---------------------------------------------------------------- tasks

export type TaskKind = 'availability' | 'distribution'

/** How results are combined. `none`: no node is asked, because the task is unsupported or unreadable. */
export type TaskType = 'availability' | 'generic' | 'demographics' | 'none'

export interface NewTask {
  /** Name of the upstream. Together with `uuid`, it identifies the task. */
  readonly upstream: string
  readonly uuid: string
  readonly kind: TaskKind
  readonly type: TaskType
  readonly collection: string
  /** The task as JSON text, including unknown members. */
  readonly body: string
  readonly receivedAt: number
  readonly deadlineAt: number
  /** Combined result (JSON text) with which the task is settled immediately, without asking nodes. */
  readonly immediateResult?: string
  /** Combined result (JSON text) with which the task is settled if no node is active. */
  readonly resultWithoutNodes: string
}

export type Admission =
  | {
      readonly outcome: 'admitted'
      readonly taskId: string
      readonly subtasks: readonly QueuedSubtask[]
    }
  /** Known and not settled yet. Nothing was changed. */
  | { readonly outcome: 'known'; readonly taskId: string }
  /**
   * Has a combined result. `fresh`: settled by this call. Otherwise the upstream sent the task again, and its stored result
   * will be submitted again.
   */
  | {
      readonly outcome: 'settled'
      readonly taskId: string
      readonly result: string
      readonly fresh: boolean
    }

export interface QueuedSubtask {
  readonly subtaskId: string
  readonly nodeId: string
  readonly kind: TaskKind
  /** Deadline of the task. Afterwards, the subtask is not handed out. */
  readonly deadlineAt: number
}

export interface LeaseOptions {
  /** Only tasks of this kind (`.a` and `.b` polls). */
  readonly kind?: TaskKind | undefined
  readonly now: number
  readonly leaseMs: Readonly<Record<TaskKind, number>>
  readonly maxAttempts: number
}

export interface LeasedSubtask {
  readonly subtaskId: string
  readonly nodeId: string
  /** Name of the node's user. It becomes `owner` of the handed-out task. */
  readonly owner: string
  readonly taskId: string
  /** The upstream's uuid. Logs call it taskId. */
  readonly taskUuid: string
  readonly kind: TaskKind
  /** 1 for the first hand-out. */
  readonly attempt: number
  readonly leasedUntil: number
  /** The task as JSON text, as received from the upstream. */
  readonly body: string
}

export interface ReturnedLease extends QueuedSubtask {
  readonly taskUuid: string
  /** The attempt whose lease expired. */
  readonly attempt: number
  /** This was the last attempt, so the subtask is not queued again. */
  readonly exhausted: boolean
}

export type ResultStatus = 'ok' | 'error'

export type ResultOutcome =
  /** `allAnswered`: every node has answered, so the task can be settled. */
  | {
      readonly outcome: 'stored'
      readonly taskId: string
      readonly taskUuid: string
      readonly allAnswered: boolean
    }
  | { readonly outcome: 'late'; readonly taskId: string; readonly taskUuid: string }
  /** The subtask is unknown or deleted, belongs to another node, or was never handed out. */
  | { readonly outcome: 'not-assigned' }

export interface NodeResult {
  readonly nodeId: string
  readonly status: ResultStatus
  /** The node's result as JSON text. */
  readonly json: string
}

export interface TaskToSettle {
  readonly taskId: string
  readonly uuid: string
  readonly upstream: string
  readonly kind: TaskKind
  readonly type: TaskType
  readonly collection: string
  /** How many nodes were asked. */
  readonly asked: number
}

export type Settlement =
  | {
      readonly outcome: 'settled'
      readonly result: string
      /** Names of users whose nodes had not answered, for the log. Of many nodes, only some. */
      readonly missing: readonly string[]
    }
  | { readonly outcome: 'already' }

export interface DueTask {
  readonly taskId: string
  readonly uuid: string
  /** `deadline`: the deadline has passed. */
  readonly reason: 'all answered' | 'deadline'
}

export interface Submission {
  readonly taskId: string
  readonly uuid: string
  readonly upstream: string
  readonly kind: TaskKind
  readonly collection: string
  /** The combined result as JSON text. */
  readonly result: string
  /** 1 for the first attempt since the task was settled or received again. */
  readonly attempt: number
  /** When the upstream sent the task, or sent it again after it was settled. */
  readonly receivedAt: number
  readonly settledAt: number
}

export type SubmissionOutcome =
  | { readonly outcome: 'submitted' }
  | { readonly outcome: 'retry'; readonly at: number; readonly cause: string }
  | { readonly outcome: 'abandoned'; readonly cause: string }

export interface TaskSummary {
  readonly taskId: string
  readonly uuid: string
  readonly upstream: string
  readonly kind: TaskKind
  readonly type: TaskType
  readonly state: TaskState
  readonly receivedAt: number
  readonly deadlineAt: number
  readonly settledAt: number | null
  readonly asked: number
  /** Number of subtasks by state. States without subtasks are left out. */
  readonly subtasks: Readonly<Partial<Record<SubtaskState, number>>>
  readonly submissionAttempts: number
  /** Why the last attempt to submit the result failed, or null. */
  readonly submissionCause: string | null
}

export interface StoreCounts {
  readonly tasks: Readonly<Record<'open' | 'settled' | 'submitted' | 'dead', number>>
  readonly queuedSubtasks: number
  readonly leasedSubtasks: number
}

export interface TaskStore {
  /**
   * Idempotent by (upstream, uuid), even when two relays receive a task at the same moment. One transaction adds the task and
   * a subtask per active node (unpublished until `markPublished`). The `work` event is sent after the commit.
   */
  admit(task: NewTask): Promise<Admission>

  /**
   * Leases the node's oldest queued subtask whose task is open and before its deadline. Null if there is none. Never leases a
   * subtask to two callers, and never waits for another caller.
   */
  leaseOldest(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null>
  /** Leases the given subtask. Null if it is not queued, belongs to another node, or its task is settled. */
  leaseOne(subtaskId: string, nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null>
  /** Returns a lease without counting the attempt, because the client disconnected. False if the lease has changed since. */
  returnLease(subtaskId: string, attempt: number): Promise<boolean>
  /** Queues subtasks with expired leases again, or marks them as exhausted. Sends `work`. */
  returnExpiredLeases(now: number, maxAttempts: number): Promise<readonly ReturnedLease[]>

  /**
   * Stores a node's result. It may be called again: the last result counts, but a failure never replaces a result with
   * status ok. While the task is being settled, it waits for that and the result is late.
   */
  storeResult(result: {
    subtaskId: string
    nodeId: string
    json: string
    status: ResultStatus
    now: number
  }): Promise<ResultOutcome>

  /** Open tasks whose nodes have all answered or whose deadline has passed, earliest deadline first. */
  findDueTasks(now: number, limit: number): Promise<readonly DueTask[]>
  /**
   * Settles an open task in one transaction: passes its results to `combine` in order of collection ID, with one batch in
   * memory at a time, and stores the combined result (JSON text) that it returns. Exactly one call per task succeeds. The
   * outcome of all others is `already`. If `combine` throws, nothing is changed and the error is rethrown.
   */
  settle(
    taskId: string,
    now: number,
    combine: (task: TaskToSettle, results: AsyncIterable<NodeResult>) => Promise<string>,
    options: { keepNodeResults: boolean },
  ): Promise<Settlement>

  /**
   * Claims combined results that are due to be submitted, oldest first. No other caller gets them until `claimMs` has passed
   * or `recordSubmission` was called.
   */
  claimSubmissions(
    now: number,
    options: { limit: number; claimMs: number; upstream?: string },
  ): Promise<readonly Submission[]>
  /**
   * Ends a claim. `retry` and `abandoned` affect only the claim they belong to, not a later one. False if the result was not
   * waiting to be submitted.
   */
  recordSubmission(
    submission: Pick<Submission, 'taskId' | 'attempt'>,
    outcome: SubmissionOutcome,
    now: number,
  ): Promise<boolean>

  /**
   * Deletes tasks whose result was submitted or abandoned before `before`. Results that no relay has submitted since then,
   * because their upstream was removed from the configuration, are abandoned and returned.
   */
  deleteOld(before: number, now: number): Promise<{ deleted: number; abandoned: readonly string[] }>

  /** Subtasks queued before `queuedBefore` and not yet published to a broker, oldest first. */
  findUnpublished(queuedBefore: number, limit: number): Promise<readonly QueuedSubtask[]>
  markPublished(subtaskIds: readonly string[]): Promise<void>
  /** IDs of nodes with queued subtasks, to correct caches. */
  findNodesWithWork(): Promise<readonly string[]>

  /** Newest first. */
  listTasks(options: { state?: TaskState; limit: number }): Promise<readonly TaskSummary[]>
  countByState(): Promise<StoreCounts>
}
