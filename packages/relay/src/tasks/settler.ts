import { errorResult, serializeResult } from '@warren/task-api'
import type { Logger } from '@warren/runtime'

import { combineResults, type CombineOptions } from '../answers/combine-results.ts'
import type { Coverage } from '../answers/coverage.ts'
import type { NodeResult, RelayStore, TaskKind, TaskToSettle } from '../store/relay-store.ts'
import { StoreError } from '../store/store-error.ts'
import type { TaskEvent } from './task-events.ts'

export interface SettlerOptions {
  readonly store: RelayStore
  readonly log: Logger
  readonly aggregation: CombineOptions
  readonly keepNodeResults: boolean
  /** How long answers are collected, ms. */
  readonly deadlineMs: Readonly<Record<TaskKind, number>>
  readonly now: () => number
  readonly onEvent: (event: TaskEvent) => void
}

// Each holds a database connection while it reads the answers; polls need connections too.
const AT_ONCE = 2
const PROBLEMS_LOGGED = 5

/** Turns answers into final results, beside the requests that brought the answers. */
export class Settler {
  readonly #options: SettlerOptions
  /** Waiting, oldest first. A set: the last answer and the sweep may both ask for one task. */
  readonly #queue = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(options: SettlerOptions) {
    this.#options = options
  }

  /** Settles it soon; does nothing if it has been settled by then. */
  schedule(taskId: string): void {
    if (this.#running.has(taskId)) return
    this.#queue.add(taskId)
    setImmediate(() => this.#startNext())
  }

  #startNext(): void {
    for (const taskId of this.#queue) {
      if (this.#running.size >= AT_ONCE) return
      this.#queue.delete(taskId)
      const work = this.#settle(taskId).finally(() => {
        this.#running.delete(taskId)
        this.#startNext()
      })
      this.#running.set(taskId, work)
    }
  }

  /** Resolves when nothing is scheduled or running. */
  async idle(): Promise<void> {
    while (this.#queue.size > 0 || this.#running.size > 0) {
      this.#startNext()
      await Promise.all(this.#running.values())
    }
  }

  async #settle(taskId: string): Promise<void> {
    const { log } = this.#options
    try {
      await this.#settleWith(taskId, (task, answers) => this.#aggregate(task, answers))
    } catch (error: unknown) {
      // The store says itself that it is gone; the task stays open, and the next sweep finds it.
      if (error instanceof StoreError) return
      log.error({ err: error, taskId }, 'results cannot be combined')
      // An upstream that hears of it now is better off than one that waits for its timeout.
      await this.#settleWith(taskId, async (task) => ({
        result: serializeResult(errorResult(task, 'the answers could not be added up')),
        coverage: { asked: task.asked, answered: 0, failed: task.asked, late: 0 },
      })).catch((again: unknown) => log.error({ err: again, taskId }, 'task not settled, retrying'))
    }
  }

  async #settleWith(
    taskId: string,
    aggregate: (
      task: TaskToSettle,
      answers: AsyncIterable<NodeResult>,
    ) => Promise<{ result: string; coverage: Coverage }>,
  ): Promise<void> {
    const { store, keepNodeResults, now } = this.#options
    let settled: { task: TaskToSettle; coverage: Coverage } | null = null
    const settlement = await store.tasks.settle(
      taskId,
      now(),
      async (task, answers) => {
        const { result, coverage } = await aggregate(task, answers)
        settled = { task, coverage }
        return result
      },
      { keepNodeResults },
    )
    if (settlement.outcome === 'settled' && settled !== null)
      this.#report(settled, settlement.missing)
  }

  async #aggregate(
    task: TaskToSettle,
    answers: AsyncIterable<NodeResult>,
  ): Promise<{ result: string; coverage: Coverage }> {
    const { log, aggregation } = this.#options
    const { result, coverage, problems } = await combineResults(task, answers, aggregation)
    for (const { nodeId, problems: found } of problems) {
      log.warn(
        {
          taskId: task.uuid,
          node: nodeId,
          problems: found.slice(0, PROBLEMS_LOGGED),
          more: Math.max(0, found.length - PROBLEMS_LOGGED),
        },
        'result partly unusable',
      )
    }
    return { result: serializeResult(result), coverage }
  }

  #report(
    { task, coverage }: { task: TaskToSettle; coverage: Coverage },
    clients: readonly string[],
  ): void {
    const { log, onEvent, deadlineMs } = this.#options
    const { uuid: taskId, kind } = task
    if (coverage.late > 0) {
      log.warn(
        { taskId, kind, missing: coverage.late, users: clients, deadlineMs: deadlineMs[kind] },
        'task expired',
      )
    }
    log.info({ taskId, ...coverage }, 'task settled')
    onEvent({
      event: 'task settled',
      taskId,
      upstream: task.upstream,
      kind,
      ...coverage,
    })
  }
}
