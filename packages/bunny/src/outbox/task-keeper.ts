import { isFailure, type EncodedResult } from '@warren/task-api'
import type { Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { ReceivedTask, StoredResult, TaskState, TaskStore } from './task-store.ts'

export interface TaskKeeperOptions {
  readonly store: TaskStore
  /** Whether the store is on disk. */
  readonly survivesCrash: boolean
  readonly clock: Clock
  readonly log: Logger
}

/** Keeps tasks in the store. A full or broken disk stops no task: it is logged when it begins and when it ends. */
export class TaskKeeper {
  readonly survivesCrash: boolean
  readonly #store: TaskStore
  readonly #clock: Clock
  readonly #log: Logger
  #failing = false

  constructor(options: TaskKeeperOptions) {
    this.survivesCrash = options.survivesCrash
    this.#store = options.store
    this.#clock = options.clock
    this.#log = options.log
  }

  received(task: ReceivedTask): void {
    this.#attempt(() => this.#store.receive(task))
  }

  /** Returns how often solving the task has begun, with this time. */
  begun(key: string): number {
    return this.#attempt(() => this.#store.begin(key)) ?? 1
  }

  /** Solving was stopped in an orderly way, so it does not count as begun. */
  released(key: string): void {
    this.#attempt(() => this.#store.release(key))
  }

  solved(result: StoredResult): void {
    this.#attempt(() => this.#store.solve(result))
  }

  /** The result was accepted or is not needed. Only successful results are kept, so that a failed task is solved again. */
  answered(key: string, result: EncodedResult): void {
    this.#attempt(() => this.#store.answer(key, this.#clock.now(), !isFailure(result)))
  }

  remove(key: string): void {
    this.#attempt(() => this.#store.remove(key))
  }

  find(key: string): TaskState | undefined {
    return this.#attempt(() => this.#store.find(key, this.#clock.now()))
  }

  /** The tasks of an earlier process that have no result. */
  unsolved(): readonly (ReceivedTask & { begun: number })[] {
    const { tasks, bad } = this.#attempt(() => this.#store.unsolved(this.#clock.now())) ?? {}
    this.#report(bad)
    return tasks ?? []
  }

  /** The results of an earlier process that were not accepted. */
  unsubmitted(): readonly StoredResult[] {
    const { results, bad } = this.#attempt(() => this.#store.unsubmitted(this.#clock.now())) ?? {}
    this.#report(bad)
    return results ?? []
  }

  #report(bad: readonly { uuid: string; reason: string }[] = []): void {
    for (const { uuid: taskId, reason } of bad) {
      this.#log.error({ taskId, reason }, BunnyEvent.outboxFailure)
    }
  }

  #attempt<T>(operation: () => T): T | undefined {
    try {
      const value = operation()
      if (this.#failing) this.#log.info(BunnyEvent.outboxRecovered)
      this.#failing = false
      return value
    } catch (error: unknown) {
      if (!this.#failing) {
        this.#log.error(
          { err: error, advice: 'a crash now loses tasks and results: free space on the disk' },
          BunnyEvent.outboxFailure,
        )
      }
      this.#failing = true
      return undefined
    }
  }
}
