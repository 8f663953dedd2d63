import { StoreError } from '../store/store-error.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import { Lane } from './lane.ts'
import { settleTask, type SettlementContext } from './settlement.ts'

const MAX_WAITING = 1_000

/**
 * Settles tasks in the background, so that neither requests of nodes nor the sweep wait for it. Availability tasks have a lane
 * of their own: they take milliseconds, and a distribution may take a minute. One distribution is combined at a time, which
 * bounds the memory.
 */
export class Settler implements AsyncDisposable {
  readonly #context: SettlementContext
  readonly #lanes: Readonly<Record<TaskKind, Lane>> = {
    availability: new Lane({ concurrency: 4, maxWaiting: MAX_WAITING }),
    distribution: new Lane({ concurrency: 1, maxWaiting: MAX_WAITING }),
  }
  readonly #discarding = new Lane({ concurrency: 1, maxWaiting: MAX_WAITING })
  readonly #stopping = new AbortController()

  constructor(context: SettlementContext) {
    this.#context = context
  }

  /** Settles the task soon. Does nothing if it is settled by then, or another relay settles it. */
  schedule(taskId: string, kind: TaskKind): void {
    this.#lanes[kind].schedule(taskId, () => this.#settle(taskId))
  }

  /** Discards the node results of a settled task soon. */
  scheduleDiscard(taskId: string): void {
    const { store, settings } = this.#context
    this.#discarding.schedule(taskId, async () => {
      await this.#attempt(taskId, () =>
        store.tasks.discardResults(taskId, { keep: settings.keepNodeResults }),
      )
    })
  }

  async #settle(taskId: string): Promise<void> {
    await this.#attempt(taskId, async () => {
      const isSettled = await settleTask(taskId, this.#context, this.#stopping.signal)
      if (isSettled) this.scheduleDiscard(taskId)
    })
  }

  // The sweep repeats what failed.
  async #attempt(taskId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error: unknown) {
      // The store logs its own outage.
      if (error instanceof StoreError && error.unavailable) return
      this.#context.log.error({ err: error, taskId }, 'task not settled, retrying')
    }
  }

  /** Resolves when nothing is scheduled or running. */
  async idle(): Promise<void> {
    await Promise.all([this.#lanes.availability.idle(), this.#lanes.distribution.idle()])
    await this.#discarding.idle()
  }

  /** Finishes availability tasks. Leaves distributions, which may take long, to another relay or the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#lanes.distribution.clear()
    this.#stopping.abort()
    await this.idle()
  }
}
