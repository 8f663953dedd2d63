import type { TaskState, SubtaskState } from '../tasks/task-states.ts'

/**
 * What the relay remembers: users, nodes, tasks, subtasks, answers. The database is the truth; every
 * queue and every cache only says faster what stands here.
 *
 * Guarantees every adapter gives (held by the contract suite):
 * - A promise that resolves is a commit: what it reports survives `kill -9` of this process.
 * - Every verb is safe when several relays work on one database at the same time.
 * - A verb that rejects has changed nothing, except where the connection died between commit and
 *   reply; all verbs may therefore simply be called again. Failures of the database are StoreError.
 *
 * Times are epoch milliseconds by the caller's clock, so relays sharing a database need synchronised
 * clocks (a second or two is harmless). Ids are lower-case hyphenated UUIDs; a task's `uuid` is the
 * upstream's own spelling, kept verbatim.
 */
export interface RelayStore extends AsyncDisposable {
  readonly technology: 'postgresql' | 'sqlite'
  readonly users: UserStore
  readonly tasks: TaskStore
  readonly events: StoreEvents
  /** Brings the schema up to date; safe to call from many processes at once. Throws SchemaTooNewError. */
  migrate(): Promise<MigrationOutcome>
  /**
   * Resolves when the store answers and its schema fits; rejects with StoreError, SchemaTooOldError or
   * SchemaTooNewError otherwise. For `/readyz`.
   */
  check(): Promise<void>
  /** At most one process holds each name at a time. Does nothing until `acquire` is called. */
  leadership(name: string): Leadership
}

export interface MigrationOutcome {
  readonly from: number
  readonly to: number
}

/**
 * A claim to be the one relay that does a job (for example polls an upstream). PostgreSQL: an
 * advisory lock held by a session, free the moment that session ends. SQLite: a row that expires.
 * Two leaders for a few seconds are possible when a network dies silently, so what a leader does
 * must still be idempotent.
 */
export interface Leadership extends AsyncDisposable {
  /**
   * True if this process leads now; takes over if nobody does. Cheap: call it before every round of
   * work, at least every 10 s (that also renews the claim).
   */
  acquire(): Promise<boolean>
  /** Gives the claim up at once, so that another relay need not wait. */
  release(): Promise<void>
}

// ---------------------------------------------------------------- events

/**
 * What other processes on the same database tell this one. Best effort: a event may come twice, and
 * none is lost without a `resync` following.
 */
export interface StoreEvents {
  /** False while events may be missed (listening connection down): trust no cache fed by them. */
  readonly live: boolean
  /** Listeners must not throw and must not block. Dispose to unsubscribe. */
  subscribe(listener: (event: StoreEvent) => void): Disposable
}

export type StoreEvent =
  /** These nodes have something queued. */
  | {
      readonly kind: 'work'
      /** `admitted`: a new task, which a broker will announce too. `returned`: a lease came back. */
      readonly reason: 'admitted' | 'returned'
      readonly nodeIds: readonly string[]
    }
  /** A user, password or node changed: drop cached credentials now. */
  | { readonly kind: 'users-changed' }
  /** A final result is waiting to be delivered. */
  | { readonly kind: 'settled'; readonly upstream: string }
  /** Signals may have been missed: assume that anything changed. */
  | { readonly kind: 'resync' }

// ---------------------------------------------------------------- users and nodes

export interface UserRecord {
  readonly id: string
  /** As spelled when added; compared case-insensitively. */
  readonly name: string
  readonly passwordHash: string
  /** Made by configuration, not by hand: configuration may remove it again. */
  readonly declared: boolean
  readonly createdAt: number
  readonly nodeIds: readonly string[]
}

export interface NodeRecord {
  readonly id: string
  readonly label: string | null
  readonly userId: string
  readonly userName: string
  /** An inactive node is asked nothing and handed nothing. */
  readonly active: boolean
  readonly createdAt: number
  /** When it last polled or posted; null: never. */
  readonly lastSeenAt: number | null
}

export interface UserStore {
  /** Throws NameTakenError. */
  addUser(user: { name: string; passwordHash: string; declared: boolean }): Promise<UserRecord>
  findUser(name: string): Promise<UserRecord | null>
  /** By name. */
  listUsers(): Promise<readonly UserRecord[]>
  /** False if there is no such user. */
  setPasswordHash(userId: string, passwordHash: string): Promise<boolean>
  /** With all nodes. False if there is no such user. */
  removeUser(userId: string): Promise<boolean>
  /** Throws NodeTakenError if the id is in use, UnknownUserError if there is no such user. */
  addNode(userId: string, node?: { id?: string; label?: string }): Promise<NodeRecord>
  /** Its open subtasks go with it; they still count as asked. False if there is no such node. */
  removeNode(nodeId: string): Promise<boolean>
  /** By user name, then age. */
  listNodes(): Promise<readonly NodeRecord[]>
  setNodeActive(nodeId: string, active: boolean): Promise<boolean>
  /** Node id -> time last seen. Never moves a time back; unknown nodes are ignored. */
  touchNodes(lastSeen: ReadonlyMap<string, number>): Promise<void>
}

// ---------------------------------------------------------------- tasks

export type TaskKind = 'availability' | 'distribution'

/** How the answers are added up. `none`: nobody was asked (unsupported, unreadable, no node). */
export type TaskType = 'availability' | 'generic' | 'demographics' | 'none'

export interface NewTask {
  /** Name of the upstream it came from; with `uuid` its identity. */
  readonly upstream: string
  readonly uuid: string
  readonly kind: TaskKind
  readonly type: TaskType
  readonly collection: string
  /** The task as JSON text, unknown members and all. */
  readonly body: string
  readonly receivedAt: number
  readonly deadlineAt: number
  /** Final result (JSON text) to settle with at once, asking nobody. */
  readonly immediateResult?: string
  /** Final result (JSON text) to settle with if no node is active. */
  readonly resultWithoutNodes: string
}

export type Admission =
  | {
      readonly outcome: 'admitted'
      readonly taskId: string
      readonly subtasks: readonly QueuedSubtask[]
    }
  /** Seen before and still being worked on: nothing changed. */
  | { readonly outcome: 'known'; readonly taskId: string }
  /**
   * Has a final result. `fresh`: settled by this very call. Otherwise the upstream asked again, and
   * the stored result has been put up for delivery again.
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
  /** After this nobody needs the answer any more. */
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
  /** Name of the node's user: `owner` of the task as handed out. */
  readonly owner: string
  readonly taskId: string
  /** The upstream's uuid, what logs call taskId. */
  readonly taskUuid: string
  readonly kind: TaskKind
  /** 1 for the first hand-out. */
  readonly attempt: number
  readonly leasedUntil: number
  /** The task as JSON text, as it came from upstream. */
  readonly body: string
}

export interface ReturnedLease extends QueuedSubtask {
  readonly taskUuid: string
  /** The attempt that ran out. */
  readonly attempt: number
  /** It was the last attempt: not queued again. */
  readonly exhausted: boolean
}

export type ResultStatus = 'ok' | 'error'

export type ResultOutcome =
  /** `allAnswered`: no subtask of the task is without an answer now; settle it. */
  | {
      readonly outcome: 'stored'
      readonly taskId: string
      readonly taskUuid: string
      readonly allAnswered: boolean
    }
  | { readonly outcome: 'late'; readonly taskId: string; readonly taskUuid: string }
  /** Unknown, forgotten, another node's, or never handed out. */
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
      /** Names of the users whose nodes had not answered, for the log; of many nodes only some. */
      readonly missing: readonly string[]
    }
  | { readonly outcome: 'already' }

export interface DueTask {
  readonly taskId: string
  readonly uuid: string
  /** `allAnswered`: all answers are in. `deadline`: time is up. */
  readonly reason: 'all answered' | 'deadline'
}

export interface Submission {
  readonly taskId: string
  readonly uuid: string
  readonly upstream: string
  readonly kind: TaskKind
  readonly collection: string
  /** The final result as JSON text (`parseResult(JSON.parse(result))` gives the TaskResult). */
  readonly result: string
  /** 1 for the first try since it was settled or asked for again. */
  readonly attempt: number
  /** When the upstream handed the task over; renewed when it asks again for a settled one. */
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
  /** Subtasks per state, states without any left out. */
  readonly subtasks: Readonly<Partial<Record<SubtaskState, number>>>
  readonly submissionAttempts: number
  /** Why the last delivery failed, if it did. */
  readonly submissionCause: string | null
}

export interface StoreCounts {
  readonly tasks: Readonly<Record<'open' | 'settled' | 'submitted' | 'dead', number>>
  readonly queuedSubtasks: number
  readonly leasedSubtasks: number
}

export interface TaskStore {
  /**
   * Idempotent by (upstream, uuid), also when two relays are given one task at the same moment. One
   * transaction: the task, a subtask per active node (unpublished until `markPublished`), and the
   * `work` event, which is sent on commit only.
   */
  admit(task: NewTask): Promise<Admission>

  /**
   * Leases the node's oldest queued subtask whose task is open and within its deadline, or null.
   * Never gives one subtask to two callers, and never waits for another caller.
   */
  leaseOldest(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null>
  /** The same for one given subtask: null if it is not queued, not this node's, or its task closed. */
  leaseOne(subtaskId: string, nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null>
  /** Puts a lease back as if it had never been given (the poller hung up). False if it moved on. */
  returnLease(subtaskId: string, attempt: number): Promise<boolean>
  /** Queues what was leased too long ago again, or marks it exhausted. Sends `work`. */
  returnExpiredLeases(now: number, maxAttempts: number): Promise<readonly ReturnedLease[]>

  /**
   * Stores a node's answer. Repeating it is fine: the last one counts, but a failure never replaces
   * an answer. Waits for a settling of the same task that is under way, and is late then.
   */
  storeResult(result: {
    subtaskId: string
    nodeId: string
    json: string
    status: ResultStatus
    now: number
  }): Promise<ResultOutcome>

  /** Open tasks that have all answers or are past their deadline, oldest first. */
  dueForSettling(now: number, limit: number): Promise<readonly DueTask[]>
  /**
   * Settles an open task: gives `aggregate` the answers in order of node id, one batch in memory at a
   * time, and stores the final result (JSON text) it returns, all in one transaction. Exactly one
   * call per task succeeds; for all others, at any time, the outcome is `already`. If `aggregate`
   * throws, nothing is changed and the error is passed on.
   */
  settle(
    taskId: string,
    now: number,
    aggregate: (task: TaskToSettle, answers: AsyncIterable<NodeResult>) => Promise<string>,
    options: { keepNodeResults: boolean },
  ): Promise<Settlement>

  /**
   * Claims settled tasks whose delivery is due: no other caller gets them until `claimMs` has passed
   * or `recordSubmission` was called. Oldest first.
   */
  claimSubmissions(
    now: number,
    options: { limit: number; claimMs: number; upstream?: string },
  ): Promise<readonly Submission[]>
  /**
   * Ends a claim. `retry` and `dead` count only for the claim they belong to, not for a later one.
   * False if the task was not waiting for delivery (any more).
   */
  recordSubmission(
    delivery: Pick<Submission, 'taskId' | 'attempt'>,
    outcome: SubmissionOutcome,
    now: number,
  ): Promise<boolean>

  /**
   * Deletes tasks that were delivered, or died, before `before`. Settled tasks that nobody has
   * delivered since then (an upstream taken out of the configuration) die instead, and are reported.
   */
  deleteOld(before: number, now: number): Promise<{ deleted: number; abandoned: readonly string[] }>

  /** Queued subtasks not yet published to a broker, oldest first, queued before `queuedBefore`. */
  unpublished(queuedBefore: number, limit: number): Promise<readonly QueuedSubtask[]>
  markPublished(subtaskIds: readonly string[]): Promise<void>
  /** Ids of nodes that have something queued, for caches that must heal. */
  nodesWithWork(): Promise<readonly string[]>

  /** Newest first. */
  listTasks(options: { state?: TaskState; limit: number }): Promise<readonly TaskSummary[]>
  counts(): Promise<StoreCounts>
}
