import type { TaskState } from '../tasks/task-states.ts'
import type {
  Admission,
  AnswerOutcome,
  Delivery,
  DeliveryOutcome,
  DueTask,
  LeasedSubtask,
  LeaseOptions,
  NewTask,
  NodeAnswer,
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
import { settleTask, storeAnswer, tasksDueForSettling, type AnswerToStore } from './task-answers.ts'
import { claimDeliveries, forgetTasks, recordDelivery } from './task-deliveries.ts'
import {
  giveLeaseBack,
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

  async giveBack(subtaskId: string, attempt: number): Promise<boolean> {
    return giveLeaseBack(this.#database, subtaskId, attempt)
  }

  async returnExpiredLeases(now: number, maxAttempts: number): Promise<readonly ReturnedLease[]> {
    return returnExpiredLeases(this.#database, now, maxAttempts)
  }

  async answer(answer: AnswerToStore): Promise<AnswerOutcome> {
    return storeAnswer(this.#database, answer)
  }

  async dueForSettling(now: number, limit: number): Promise<readonly DueTask[]> {
    return tasksDueForSettling(this.#database, now, limit)
  }

  async settle(
    taskId: string,
    now: number,
    aggregate: (task: TaskToSettle, answers: AsyncIterable<NodeAnswer>) => Promise<string>,
    options: { keepAnswers: boolean },
  ): Promise<Settlement> {
    return settleTask(this.#database, taskId, now, aggregate, options)
  }

  async dueForDelivery(
    now: number,
    options: { limit: number; claimMs: number; upstream?: string },
  ): Promise<readonly Delivery[]> {
    return claimDeliveries(this.#database, now, options)
  }

  async recordDelivery(
    delivery: Pick<Delivery, 'taskId' | 'attempt'>,
    outcome: DeliveryOutcome,
    now: number,
  ): Promise<boolean> {
    return recordDelivery(this.#database, delivery, outcome, now)
  }

  async forget(
    before: number,
    now: number,
  ): Promise<{ forgotten: number; abandoned: readonly string[] }> {
    return forgetTasks(this.#database, before, now)
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
