import type { Logger } from '@warren/runtime'
import type { Clock } from '../clock.ts'
import { BunnyEvent } from '../log-events.ts'
import type { TaskKind } from '../outbox/task-store.ts'
import { TaskQueue, type RunSlots } from './task-queue.ts'

export interface TaskLanesOptions {
  /** The kinds that are polled for. */
  readonly kinds: readonly TaskKind[]
  /** How many tasks of each kind are solved at the same time. Several bunnies in one process share them. */
  readonly slots: Readonly<Record<TaskKind, RunSlots>>
  /** Tasks of one kind that may wait. */
  readonly backlog: number
  readonly clock: Clock
  readonly log: Logger
}

export type LaneCounts = Readonly<Record<TaskKind, TaskQueue['counts']>>

/** How often capacity is checked while there is none. */
const CAPACITY_CHECK_MS = 100

/**
 * How many distributions may wait if the relay cannot hand out availability tasks alone. They are small: a few hundred
 * bytes each.
 */
const MAX_WAITING_DISTRIBUTIONS = 1000

/** One queue for each kind of task, so that a distribution that takes an hour does not block availability tasks. */
export class TaskLanes {
  readonly #options: TaskLanesOptions
  readonly #queues: Readonly<Record<TaskKind, TaskQueue>>
  /** The lanes that were logged as full. */
  readonly #full = new Set<TaskKind>()

  constructor(options: TaskLanesOptions) {
    this.#options = options
    const { slots, backlog } = options
    this.#queues = {
      availability: new TaskQueue({ running: slots.availability, waiting: backlog }),
      distribution: new TaskQueue({ running: slots.distribution, waiting: backlog }),
    }
  }

  add(kind: TaskKind, work: () => Promise<void>): void {
    this.#queues[kind].add(work)
  }

  /**
   * Waits until there is capacity for a task, and returns the kinds to poll for. `canSelect`: whether the relay can hand out
   * tasks of one kind only. Empty if `signal` aborts.
   */
  async capacity(
    signal: AbortSignal,
    { canSelect, isBlocked }: { canSelect: boolean; isBlocked: () => boolean },
  ): Promise<readonly TaskKind[]> {
    const { kinds, clock } = this.#options
    while (!signal.aborted) {
      const open = kinds.filter((kind) => this.#queues[kind].hasCapacity)
      this.#logChanges(open, canSelect)
      if (!isBlocked()) {
        if (open.length === kinds.length || (canSelect && open.length > 0)) return open
        // Without a choice, waiting distributions must not keep availability tasks at the relay.
        const waiting = this.#queues.distribution.size
        if (open.includes('availability') && waiting < MAX_WAITING_DISTRIBUTIONS) return kinds
      }
      await clock.sleep(CAPACITY_CHECK_MS, signal)
    }
    return []
  }

  /** Tasks that are being solved, and tasks that wait for it. */
  get counts(): LaneCounts {
    const { availability, distribution } = this.#queues
    return { availability: availability.counts, distribution: distribution.counts }
  }

  /** Resolves when nothing is running or waiting. */
  async idle(): Promise<void> {
    await Promise.all([this.#queues.availability.idle(), this.#queues.distribution.idle()])
  }

  /** Logs once that a lane is full, and again only after it has been half empty. */
  #logChanges(open: readonly TaskKind[], canSelect: boolean): void {
    const { kinds, backlog, log } = this.#options
    for (const kind of kinds) {
      const waiting = this.#queues[kind].size
      if (!open.includes(kind)) {
        if (this.#full.has(kind)) continue
        this.#full.add(kind)
        const others = kinds.filter((other) => other !== kind)
        const polling = canSelect ? others.join() || 'paused' : 'for all kinds'
        log.warn({ kind, waiting, polling }, BunnyEvent.laneFull)
      } else if (waiting <= backlog / 2) this.#full.delete(kind)
    }
  }
}
