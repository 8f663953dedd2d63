import type { LoginVersion } from './user-store.ts'
import type { TaskKind, TaskType } from '../vocabulary/task-kind.ts'
import type { SubtaskState, TaskState } from '../vocabulary/task-states.ts'

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
      readonly result: string
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
   * status ok. While the task is being settled, it waits for that and the result is late.
   */
  storeResult(result: {
    subtaskId: string
    nodeId: string
    /** As text, or as the bytes of the text in UTF-8. */
    json: string | Buffer
    status: ResultStatus
  }): Promise<ResultOutcome>

  /** Open tasks whose nodes have all answered or whose deadline has passed, earliest deadline first. */
  findDueTasks(limit: number): Promise<readonly DueTask[]>
  /**
   * Settles an open task in one transaction: passes its results to `combine` in order of collection ID, with one batch in
   * memory at a time, and stores the combined result (JSON text) that it returns. Exactly one call per task succeeds. The
   * outcome of all others is `already`. If `combine` throws, nothing is changed and the error is rethrown.
   */
  settle(
    taskId: string,
    combine: (task: TaskToSettle, results: AsyncIterable<NodeResult>) => Promise<string>,
    options: { keepNodeResults: boolean },
  ): Promise<Settlement>

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

  /** Newest first. */
  listTasks(options: { state?: TaskState; limit: number }): Promise<readonly TaskSummary[]>
  countByState(): Promise<StoreCounts>
}
