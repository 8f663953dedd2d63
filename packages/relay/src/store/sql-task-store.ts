import type { TaskKind } from '../vocabulary/task-kind.ts'
import type {
  Admission,
  ResultOutcome,
  Submission,
  SubmissionOutcome,
  DueOptions,
  DueTask,
  LeasedSubtask,
  LeaseOptions,
  NewTask,
  NodeResult,
  QueuedSubtask,
  ReturnedLease,
  StoreCounts,
  TaskStore,
  Settlement,
  SettlingClaim,
} from './task-store.ts'
import type { SqlDatabase } from './sql-database.ts'
import { LeaseBatcher } from './lease-batcher.ts'
import { admitTask } from './task-admission.ts'
import { readResults } from './read-results.ts'
import { isAssigned, storeResult, type ResultToStore } from './task-results.ts'
import {
  claimSettling,
  discardResults,
  findDueTasks,
  findUndiscarded,
  releaseSettling,
  renewSettling,
  settleTask,
} from './task-settling.ts'
import {
  claimSubmissions,
  deleteOldTasks,
  recordSubmission,
  renewClaims,
  type ClaimOptions,
} from './task-submissions.ts'
import {
  returnLease,
  leaseOldest,
  markPublished,
  findNodesWithWork,
  returnExpiredLeases,
  findUnpublished,
} from './task-leases.ts'
import { TaskOverview } from './task-overview.ts'

/** Leaves connections of the pool to other work. */
const MAX_CONCURRENT_LEASES = 3

/** The task store of both databases. Each file task-*.ts implements one stage of a task. */
export class SqlTaskStore implements TaskStore {
  readonly #database: SqlDatabase
  readonly #overview: TaskOverview
  readonly #leases: LeaseBatcher

  constructor(database: SqlDatabase) {
    this.#database = database
    this.#overview = new TaskOverview(database)
    this.#leases = new LeaseBatcher(
      (nodeIds, options) => leaseOldest(database, nodeIds, options),
      // Without row locks, a second statement would only wait for the first.
      { maxConcurrent: database.differences.rowLocks ? MAX_CONCURRENT_LEASES : 1 },
    )
  }

  async admit(task: NewTask): Promise<Admission> {
    return admitTask(this.#database, task)
  }

  async leaseOldest(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null> {
    return this.#leases.lease(nodeId, options)
  }

  async returnLease(subtaskId: string, attempt: number): Promise<boolean> {
    return returnLease(this.#database, subtaskId, attempt)
  }

  async returnExpiredLeases(maxAttempts: number): Promise<readonly ReturnedLease[]> {
    return returnExpiredLeases(this.#database, maxAttempts)
  }

  async isAssigned(subtaskId: string, nodeId: string): Promise<boolean> {
    return isAssigned(this.#database, subtaskId, nodeId)
  }

  async storeResult(result: ResultToStore): Promise<ResultOutcome> {
    return storeResult(this.#database, result)
  }

  async findDueTasks(kind: TaskKind, options: DueOptions): Promise<readonly DueTask[]> {
    return findDueTasks(this.#database, kind, options)
  }

  async claimSettling(taskId: string, claimMs: number): Promise<SettlingClaim | null> {
    return claimSettling(this.#database, taskId, claimMs)
  }

  async renewSettling(claim: SettlingClaim, claimMs: number): Promise<boolean> {
    return renewSettling(this.#database, claim, claimMs)
  }

  async releaseSettling(claim: SettlingClaim): Promise<void> {
    return releaseSettling(this.#database, claim)
  }

  async readResults(taskId: string, nodeIds: readonly string[]): Promise<readonly NodeResult[]> {
    return readResults(this.#database, taskId, nodeIds)
  }

  async settle(claim: SettlingClaim, result: string | Buffer): Promise<Settlement> {
    return settleTask(this.#database, claim, result)
  }

  async findUndiscarded(limit: number): Promise<readonly string[]> {
    return findUndiscarded(this.#database, limit)
  }

  async discardResults(taskId: string, options: { keep: boolean }): Promise<void> {
    return discardResults(this.#database, taskId, options)
  }

  async claimSubmissions(options: ClaimOptions): Promise<readonly Submission[]> {
    return claimSubmissions(this.#database, options)
  }

  async renewClaims(
    submissions: readonly Pick<Submission, 'taskId' | 'attempt'>[],
    claimMs: number,
  ): Promise<void> {
    return renewClaims(this.#database, submissions, claimMs)
  }

  async recordSubmission(
    submission: Pick<Submission, 'taskId' | 'attempt'>,
    outcome: SubmissionOutcome,
  ): Promise<boolean> {
    return recordSubmission(this.#database, submission, outcome)
  }

  async deleteOld(minAgeMs: number): Promise<{ deleted: number; abandoned: readonly string[] }> {
    return deleteOldTasks(this.#database, minAgeMs)
  }

  async findUnpublished(minAgeMs: number, limit: number): Promise<readonly QueuedSubtask[]> {
    return findUnpublished(this.#database, minAgeMs, limit)
  }

  async markPublished(subtaskIds: readonly string[]): Promise<void> {
    return markPublished(this.#database, subtaskIds)
  }

  async findNodesWithWork(): Promise<readonly string[]> {
    return findNodesWithWork(this.#database)
  }

  async countByState(): Promise<StoreCounts> {
    return this.#overview.count()
  }
}
