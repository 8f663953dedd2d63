import { errorResult, serializeResult } from '@warren/task-api'
import type { Logger } from '@warren/runtime'

import { combineResults, type CombineOptions } from '../answers/combine-results.ts'
import type { Coverage } from '../answers/coverage.ts'
import type { NodeResult, TaskToSettle } from '../store/task-store.ts'
import type { RelayStore } from '../store/relay-store.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import { StoreError } from '../store/store-error.ts'
import type { TaskEvent } from './task-events.ts'

export interface SettlerOptions {
  readonly store: RelayStore
  readonly log: Logger
  readonly combineOptions: CombineOptions
  readonly keepNodeResults: boolean
  /** Time from receiving a task to settling it, ms. */
  readonly deadlineMs: Readonly<Record<TaskKind, number>>
  readonly onEvent: (event: TaskEvent) => void
}

// Each settlement holds a database connection while it reads results. Polls need connections too.
const MAX_CONCURRENT = 2
const MAX_LOGGED_PROBLEMS = 5

/** Combines the results of settled tasks in the background, so that requests from nodes do not wait for it. */
export class Settler {
  readonly #options: SettlerOptions
  /** Scheduled tasks, oldest first. A set, because the last result and the sweep may both schedule a task. */
  readonly #queue = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(options: SettlerOptions) {
    this.#options = options
  }

  /** Settles the task soon. Does nothing if it is settled by then. */
  schedule(taskId: string): void {
    if (this.#running.has(taskId)) return
    this.#queue.add(taskId)
    setImmediate(() => this.#startNext())
  }

  #startNext(): void {
    for (const taskId of this.#queue) {
      if (this.#running.size >= MAX_CONCURRENT) return
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
      await this.#settleWith(taskId, (task, results) => this.#combine(task, results))
    } catch (error: unknown) {
      // The store logs its own outage. The task stays open until the next sweep.
      if (error instanceof StoreError) return
      log.error({ err: error, taskId }, 'results cannot be combined')
      // The upstream gets an error now, instead of waiting for its timeout.
      await this.#settleWith(taskId, async (task) => ({
        result: serializeResult(errorResult(task, 'the results could not be combined')),
        coverage: { asked: task.asked, answered: 0, partial: 0, failed: task.asked, late: 0 },
      })).catch((again: unknown) => log.error({ err: again, taskId }, 'task not settled, retrying'))
    }
  }

  async #settleWith(
    taskId: string,
    combine: (
      task: TaskToSettle,
      results: AsyncIterable<NodeResult>,
    ) => Promise<{ result: string; coverage: Coverage }>,
  ): Promise<void> {
    const { store, keepNodeResults } = this.#options
    let settled: { task: TaskToSettle; coverage: Coverage } | null = null
    const settlement = await store.tasks.settle(
      taskId,
      async (task, results) => {
        const { result, coverage } = await combine(task, results)
        settled = { task, coverage }
        return result
      },
      { keepNodeResults },
    )
    if (settlement.outcome === 'settled' && settled !== null)
      this.#report(settled, settlement.missing)
  }

  async #combine(
    task: TaskToSettle,
    results: AsyncIterable<NodeResult>,
  ): Promise<{ result: string; coverage: Coverage }> {
    const { log, combineOptions } = this.#options
    const { result, coverage, problems } = await combineResults(task, results, combineOptions)
    for (const { nodeId, problems: found } of problems) {
      log.warn(
        {
          taskId: task.uuid,
          node: nodeId,
          problems: found.slice(0, MAX_LOGGED_PROBLEMS),
          more: Math.max(0, found.length - MAX_LOGGED_PROBLEMS),
        },
        'result partly unusable',
      )
    }
    return { result: serializeResult(result), coverage }
  }

  #report(
    { task, coverage }: { task: TaskToSettle; coverage: Coverage },
    users: readonly string[],
  ): void {
    const { log, onEvent, deadlineMs } = this.#options
    const { uuid: taskId, kind } = task
    if (coverage.late > 0) {
      log.warn(
        { taskId, kind, missing: coverage.late, users, deadlineMs: deadlineMs[kind] },
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
