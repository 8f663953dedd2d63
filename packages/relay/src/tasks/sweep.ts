import type { Logger } from '@warren/runtime'

import type { NodeQueue } from '../queue/node-queue.ts'
import type { RelayStore } from '../store/relay-store.ts'
import { StoreError } from '../store/store-error.ts'
import type { TaskEvent } from './task-events.ts'
import type { Settler } from './settler.ts'

export interface SweepContext {
  readonly store: RelayStore
  readonly queue: NodeQueue
  readonly log: Logger
  readonly settler: Settler
  readonly maxAttempts: number
  /** Tasks that ended longer ago are deleted, ms. Null: no tasks are deleted in this sweep. */
  readonly deleteAfterMs: number | null
  readonly onEvent: (event: TaskEvent) => void
}

// The oldest tasks are settled first. Those beyond this limit wait for the next sweep.
const MAX_SETTLED_PER_SWEEP = 500

/** Does what depends on time alone. A step that fails does not stop the others. */
export async function sweepTasks(context: SweepContext): Promise<void> {
  const steps = {
    leases: returnLeases,
    queue: ({ queue }: SweepContext) => queue.sweep(),
    settling: settleDue,
    deletion: deleteOldTasks,
  }
  for (const [step, work] of Object.entries(steps)) {
    try {
      await work(context)
    } catch (error: unknown) {
      // The store logs its own outage and recovery.
      if (error instanceof StoreError && error.unavailable) {
        context.log.debug({ step, detail: error.message }, 'sweep postponed')
      } else {
        context.log.error({ step, err: error }, 'sweep failed')
      }
    }
  }
}

async function returnLeases({ store, maxAttempts, log, onEvent }: SweepContext): Promise<void> {
  const returned = await store.tasks.returnExpiredLeases(maxAttempts)
  for (const { subtaskId, nodeId, taskUuid: taskId, attempt, exhausted } of returned) {
    log.warn({ taskId, subtaskId, node: nodeId, attempt, exhausted }, 'lease returned')
    onEvent({ event: 'lease returned', taskId, nodeId, exhausted })
  }
}

async function settleDue({ store, settler }: SweepContext): Promise<void> {
  const due = await store.tasks.findDueTasks(MAX_SETTLED_PER_SWEEP)
  for (const { taskId } of due) settler.schedule(taskId)
  await settler.idle()
}

async function deleteOldTasks({ store, deleteAfterMs, log }: SweepContext): Promise<void> {
  if (deleteAfterMs === null) return
  const { deleted, abandoned } = await store.tasks.deleteOld(deleteAfterMs)
  for (const taskId of abandoned) {
    log.error({ taskId, reason: 'not submitted within the retention time' }, 'submission abandoned')
  }
  if (deleted > 0) log.debug({ deleted }, 'tasks deleted')
}
