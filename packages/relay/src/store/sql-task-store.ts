import type { TaskState } from '../tasks/task-states.ts'
import type {
  Admission,
  ResultOutcome,
  Submission,
  SubmissionOutcome,
  DueTask,
  LeasedSubtask,
  LeaseOptions,
  NewTask,
  NodeResult,
  QueuedSubtask,
  ReturnedLease,
  StoreCounts,
  TaskStore,
  TaskSummary,
  Settlement,
  TaskToSettle,
} from './relay-store.ts'
import type { SqlDatabase } from './sql-database.ts'
import { admitTask } from './task-admission.ts'
import { settleTask, storeResult, tasksDueForSettling, type ResultToStore } from './task-results.ts'
import { claimSubmissions, deleteOldTasks, recordSubmission } from './task-submissions.ts'
import {
  returnLease,
  leaseSubtask,
  markPublished,
  nodesWithWork,
  returnExpiredLeases,
  unpublishedSubtasks,
} from './task-leases.ts'
import { countTasks, listTasks } from './task-overview.ts'

/** Tasks in either database: one file beside this per chapter of a task's life. */
export class SqlTaskStore implements TaskStore {
  readonly #database: SqlDatabase

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  async admit(task: NewTask): Promise<Admission> {
    return admitTask(this.#database, task)
  }

  async leaseOldest(nodeId: string, options: LeaseOptions): Promise<LeasedSubtask | null> {
    return leaseSubtask(this.#database, nodeId, options)
  }

  async leaseOne(
    subtaskId: string,
    nodeId: string,
    options: LeaseOptions,
  ): Promise<LeasedSubtask | null> {
    return leaseSubtask(this.#database, nodeId, options, subtaskId)
  }

  async returnLease(subtaskId: string, attempt: number): Promise<boolean> {
    return returnLease(this.#database, subtaskId, attempt)
  }

  async returnExpiredLeases(now: number, maxAttempts: number): Promise<readonly ReturnedLease[]> {
    return returnExpiredLeases(this.#database, now, maxAttempts)
  }

  async storeResult(result: ResultToStore): Promise<ResultOutcome> {
    return storeResult(this.#database, result)
  }

  async dueForSettling(now: number, limit: number): Promise<readonly DueTask[]> {
    return tasksDueForSettling(this.#database, now, limit)
  }

  async settle(
    taskId: string,
    now: number,
    aggregate: (task: TaskToSettle, answers: AsyncIterable<NodeResult>) => Promise<string>,
    options: { keepNodeResults: boolean },
  ): Promise<Settlement> {
    return settleTask(this.#database, taskId, now, aggregate, options)
  }

  async claimSubmissions(
    now: number,
    options: { limit: number; claimMs: number; upstream?: string },
  ): Promise<readonly Submission[]> {
    return claimSubmissions(this.#database, now, options)
  }

  async recordSubmission(
    delivery: Pick<Submission, 'taskId' | 'attempt'>,
    outcome: SubmissionOutcome,
    now: number,
  ): Promise<boolean> {
    return recordSubmission(this.#database, delivery, outcome, now)
  }

  async deleteOld(
    before: number,
    now: number,
  ): Promise<{ deleted: number; abandoned: readonly string[] }> {
    return deleteOldTasks(this.#database, before, now)
  }

  async unpublished(queuedBefore: number, limit: number): Promise<readonly QueuedSubtask[]> {
    return unpublishedSubtasks(this.#database, queuedBefore, limit)
  }

  async markPublished(subtaskIds: readonly string[]): Promise<void> {
    return markPublished(this.#database, subtaskIds)
  }

  async nodesWithWork(): Promise<readonly string[]> {
    return nodesWithWork(this.#database)
  }

  async listTasks(options: { state?: TaskState; limit: number }): Promise<readonly TaskSummary[]> {
    return listTasks(this.#database, options)
  }

  async counts(): Promise<StoreCounts> {
    return countTasks(this.#database)
  }
}
