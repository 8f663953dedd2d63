import type { Logger } from '@warren/runtime'

import type { NodeQueue } from '../queue/node-queue.ts'
import type { RelayStore } from '../store/relay-store.ts'
import { StoreError } from '../store/store-error.ts'
import { ListeningTime } from './listening-time.ts'
import type { Settler } from './settler.ts'
import type { TaskEvent } from './task-events.ts'
import type { TaskSettings } from './task-settings.ts'

export interface SweepOptions {
  readonly store: RelayStore
  readonly queue: NodeQueue
  readonly log: Logger
  readonly settler: Settler
  readonly settings: TaskSettings
  readonly onEvent: (event: TaskEvent) => void
}

/** One thing that depends on time alone. Never rejects: what fails is logged and repeated by the next run. */
export interface SweepStep {
  readonly name: string
  readonly run: () => Promise<void>
}

// The oldest tasks are settled first. Those beyond this limit wait for the next sweep.
const MAX_DUE = 500
const MAX_DELETE_INTERVAL_MS = 60_000

/**
 * Returns expired leases, lets the queue catch up, schedules what is due to be settled and deletes old tasks. No step waits for
 * another one or for the settling of a task, and none overlaps with itself.
 */
export class Sweep {
  readonly steps: readonly SweepStep[]
  readonly #options: SweepOptions
  readonly #listening = new ListeningTime()
  #deletedAt = Number.NEGATIVE_INFINITY

  constructor(options: SweepOptions) {
    this.#options = options
    this.steps = [
      this.#step('leases', () => this.#returnLeases()),
      this.#step('queue', () => options.queue.sweep()),
      this.#step('settling', () => this.#scheduleDue()),
      this.#step('deletion', () => this.#deleteOldTasks()),
    ]
  }

  #step(name: string, work: () => Promise<void>): SweepStep {
    let running: Promise<void> | null = null
    const attempt = async (): Promise<void> => {
      try {
        await work()
      } catch (error: unknown) {
        this.#listening.restart()
        const { log } = this.#options
        // The store logs its own outage and recovery.
        if (error instanceof StoreError && error.unavailable) {
          log.debug({ step: name, detail: error.message }, 'sweep postponed')
        } else {
          log.error({ step: name, err: error }, 'sweep failed')
        }
      }
    }
    return {
      name,
      run: () => {
        running ??= attempt().finally(() => {
          running = null
        })
        return running
      },
    }
  }

  async #returnLeases(): Promise<void> {
    const { store, settings, log, onEvent } = this.#options
    const returned = await store.tasks.returnExpiredLeases(settings.maxAttempts)
    for (const { subtaskId, nodeId, taskUuid: taskId, attempt, exhausted } of returned) {
      log.warn({ taskId, subtaskId, node: nodeId, attempt, exhausted }, 'lease returned')
      onEvent({ event: 'lease returned', taskId, nodeId, exhausted })
    }
  }

  async #scheduleDue(): Promise<void> {
    const { store, settler, settings } = this.#options
    const { silentNodeAfterMs: afterMs, silentNodeGraceMs: graceMs } = settings
    const isKnown = this.#listening.observe() >= afterMs && afterMs > 0
    const silence = isKnown ? { afterMs, graceMs } : null
    for (const kind of ['availability', 'distribution'] as const) {
      const due = await store.tasks.findDueTasks(kind, { limit: MAX_DUE, silence })
      for (const { taskId } of due) settler.schedule(taskId, kind)
    }
    for (const taskId of await store.tasks.findUndiscarded(MAX_DUE)) {
      settler.scheduleDiscard(taskId)
    }
  }

  async #deleteOldTasks(): Promise<void> {
    const { store, settings, log } = this.#options
    const now = performance.now()
    const intervalMs = Math.min(MAX_DELETE_INTERVAL_MS, settings.resultRetentionMs)
    if (now - this.#deletedAt < intervalMs) return
    this.#deletedAt = now
    const { deleted, abandoned } = await store.tasks.deleteOld(settings.resultRetentionMs)
    for (const taskId of abandoned) {
      const reason = 'not submitted within the retention time'
      log.error({ taskId, reason }, 'submission abandoned')
    }
    if (deleted > 0) log.debug({ deleted }, 'tasks deleted')
  }
}
