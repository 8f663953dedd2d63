import type { LoginVersion } from './user-store.ts'
import type { TaskKind, TaskType } from '../vocabulary/task-kind.ts'

export interface NewTask {
  /** Name of the upstream. Together with `uuid`, it identifies the task. */
  readonly upstream: string
  readonly uuid: string
  readonly kind: TaskKind
  readonly type: TaskType
  readonly collection: string
  /** The task as JSON text, including unknown members. */
  readonly body: string
  /** How long ago it was received, ms. More than 0 for a task that waited in the spool. */
  readonly ageMs: number
  /** Time from receiving the task to settling it, ms. */
  readonly deadlineMs: number
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
      readonly fresh: boolean
    }

export interface QueuedSubtask {
  readonly subtaskId: string
  readonly nodeId: string
  readonly kind: TaskKind
  /** Time until the deadline of the task, ms. Afterwards, the subtask is not handed out. */
  readonly leftMs: number
}

export interface LeaseOptions {
  /** Only tasks of this kind (`.a` and `.b` polls). */
  readonly kind?: TaskKind | undefined
  readonly leaseMs: Readonly<Record<TaskKind, number>>
  readonly maxAttempts: number
}

export interface LeasedSubtask {
  readonly subtaskId: string
  readonly nodeId: string
  /** Name of the node's user. It becomes `owner` of the handed-out task. */
  readonly owner: string
  /** The login of the node, read after the lease. A poll with an earlier password must not get the subtask. */
  readonly login: LoginVersion
  readonly taskId: string
  /** The upstream's uuid. Logs call it taskId. */
  readonly taskUuid: string
  readonly kind: TaskKind
  /** 1 for the first hand-out. */
  readonly attempt: number
  readonly leasedUntil: number
  /** The task as JSON text, as received from the upstream. */
  readonly body: string
  /** No other subtask of the node was queued when this one was leased. */
  readonly isLast: boolean
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
      readonly kind: TaskKind
      readonly allAnswered: boolean
    }
  | { readonly outcome: 'late'; readonly taskId: string; readonly taskUuid: string }
  /** The subtask is unknown or deleted, belongs to another node, or was never handed out. */
  | { readonly outcome: 'not-assigned' }

export interface NodeResult {
  readonly nodeId: string
  readonly status: ResultStatus
  /** The node's result, JSON in UTF-8. Null: it is too large for its kind of task and was not read. */
  readonly json: Buffer | null
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

/** A relay settles a task. Until the claim expires, no other relay does so, and results are late. */
export interface SettlingClaim {
  readonly task: TaskToSettle
  readonly token: string
  /** How often the task was claimed without a combined result. 1 for the first time. */
  readonly attempt: number
  /** The results that count. They do not change while the claim is held. */
  readonly results: readonly {
    readonly nodeId: string
    readonly status: ResultStatus
    readonly bytes: number
  }[]
}

export type Settlement =
  | {
      readonly outcome: 'settled'
      /** Number of nodes that had not answered. */
      readonly missing: number
      /** Names of users of such nodes, for the log. Of many nodes, only some. */
      readonly users: readonly string[]
      readonly isExpired: boolean
    }
  /** The claim expired, or another relay has settled the task. */
  | { readonly outcome: 'lost' }

export interface DueOptions {
  readonly limit: number
  /**
   * When to settle a task that only silent nodes have not answered: nodes that were last seen more than `afterMs` ago and have
   * not leased it. `graceMs` have to pass after the last result. Null: never before the deadline.
   */
  readonly silence: { readonly afterMs: number; readonly graceMs: number } | null
}

export interface DueTask {
  readonly taskId: string
  readonly uuid: string
  readonly reason: 'all answered' | 'deadline' | 'silent nodes'
}

export interface Submission {
  readonly taskId: string
  readonly uuid: string
  readonly upstream: string
  readonly kind: TaskKind
  readonly collection: string
  /** The combined result, JSON in UTF-8. */
  readonly result: Buffer
  /** 1 for the first attempt since the task was settled or received again. */
  readonly attempt: number
  /** How long ago the upstream sent the task, or sent it again after it was settled, ms. */
  readonly ageMs: number
}

export type SubmissionOutcome =
  | { readonly outcome: 'submitted' }
  | {
      readonly outcome: 'retry'
      readonly afterMs: number
      readonly cause: string
      /** Replaces the combined result (JSON text), for good. */
      readonly replacement?: string
    }
  | { readonly outcome: 'abandoned'; readonly cause: string }

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
   * subtask to two callers, and never waits for another relay. Concurrent calls for many nodes share one statement.
   */
  leaseOldest(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null>
  /** Returns a lease without counting the attempt, because the client disconnected. False if the lease has changed since. */
  returnLease(subtaskId: string, attempt: number): Promise<boolean>
  /** Queues subtasks with expired leases again, or marks them as exhausted. Sends `work`. */
  returnExpiredLeases(maxAttempts: number): Promise<readonly ReturnedLease[]>

  /** Whether the subtask was handed out to this node at least once. */
  isAssigned(subtaskId: string, nodeId: string): Promise<boolean>
  /**
   * Stores a node's result. It may be called again: the last result counts, but a failure never replaces a result with
   * status ok. While the task is being settled, results are late.
   */
  storeResult(result: {
    subtaskId: string
    nodeId: string
    /** As text, or as the bytes of the text in UTF-8. */
    json: string | Buffer
    status: ResultStatus
  }): Promise<ResultOutcome>

  /** Open tasks of a kind that are due to be settled and not claimed, earliest deadline first. */
  findDueTasks(kind: TaskKind, options: DueOptions): Promise<readonly DueTask[]>
  /**
   * Claims an open task. Null if it is settled or claimed, or a result is just being stored. Never waits for another relay. Of
   * several callers, one gets the claim until `claimMs` have passed.
   */
  claimSettling(taskId: string, claimMs: number): Promise<SettlingClaim | null>
  /** Makes a claim last `claimMs` from now. False if it was lost. */
  renewSettling(claim: SettlingClaim, claimMs: number): Promise<boolean>
  /** Gives a claim back without counting it. */
  releaseSettling(claim: SettlingClaim): Promise<void>
  /** The results of some of the nodes. */
  readResults(taskId: string, nodeIds: readonly string[]): Promise<readonly NodeResult[]>
  /** Stores the combined result (JSON, as text or in UTF-8) of a claimed task. Exactly one call per task succeeds. */
  settle(claim: SettlingClaim, result: string | Buffer): Promise<Settlement>
  /** Settled tasks whose node results were not discarded, because a relay crashed. */
  findUndiscarded(limit: number): Promise<readonly string[]>
  /** Discards the node results of a settled task in small steps. `keep`: only marks the task. */
  discardResults(taskId: string, options: { keep: boolean }): Promise<void>

  /**
   * Claims combined results that are due to be submitted, oldest first. No other caller gets them until `claimMs` has passed
   * since the claim or its last renewal, or `recordSubmission` was called.
   */
  claimSubmissions(options: {
    limit: number
    claimMs: number
    upstream?: string
    /** IDs of tasks that are not claimed, because the caller still has to record their submission. */
    except?: readonly string[]
  }): Promise<readonly Submission[]>
  /** Extends claims to `claimMs` from now, unless another caller has claimed the submission in the meantime. */
  renewClaims(
    submissions: readonly Pick<Submission, 'taskId' | 'attempt'>[],
    claimMs: number,
  ): Promise<void>
  /**
   * Ends a claim. `retry` and `abandoned` affect only the claim they belong to, not a later one. False if the result was not
   * waiting to be submitted.
   */
  recordSubmission(
    submission: Pick<Submission, 'taskId' | 'attempt'>,
    outcome: SubmissionOutcome,
  ): Promise<boolean>

  /**
   * Deletes tasks whose result was submitted or abandoned more than `minAgeMs` ago. Results that no relay has submitted in
   * that time, because their upstream was removed from the configuration, are abandoned and returned.
   */
  deleteOld(minAgeMs: number): Promise<{ deleted: number; abandoned: readonly string[] }>

  /** Subtasks queued at least `minAgeMs` ago and not yet published to a broker, oldest first. */
  findUnpublished(minAgeMs: number, limit: number): Promise<readonly QueuedSubtask[]>
  markPublished(subtaskIds: readonly string[]): Promise<void>
  /** IDs of nodes with queued subtasks, to correct caches. */
  findNodesWithWork(): Promise<readonly string[]>

  /** The numbers of submitted and dead tasks may be older than the others, if counting them takes long. */
  countByState(): Promise<StoreCounts>
}
