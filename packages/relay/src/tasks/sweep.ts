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
  readonly now: number
  readonly maxAttempts: number
  /** Null: not this time. */
  readonly deleteBefore: number | null
  readonly onEvent: (event: TaskEvent) => void
}

// More than that are settled in the next sweep; the oldest go first.
const SETTLED_PER_SWEEP = 500

/** What happens by time alone. Each step on its own: the failure of one must not stop the others. */
export async function sweepTasks(context: SweepContext): Promise<void> {
  const steps = {
    leases: returnLeases,
    queue: ({ queue, now }: SweepContext) => queue.sweep(now),
    settling: settleDue,
    forgetting: forget,
  }
  for (const [step, work] of Object.entries(steps)) {
    try {
      await work(context)
    } catch (error: unknown) {
      // The store reports itself when it goes and when it comes back.
      if (error instanceof StoreError && error.unavailable) {
        context.log.debug({ step, detail: error.message }, 'sweep postponed')
      } else {
        context.log.error({ step, err: error }, 'sweep failed')
      }
    }
  }
}

async function returnLeases({
  store,
  now,
  maxAttempts,
  log,
  onEvent,
}: SweepContext): Promise<void> {
  const returned = await store.tasks.returnExpiredLeases(now, maxAttempts)
  for (const { subtaskId, nodeId, taskUuid: taskId, attempt, exhausted } of returned) {
    log.warn({ taskId, subtaskId, node: nodeId, attempt, exhausted }, 'lease returned')
    onEvent({ event: 'lease returned', taskId, nodeId, exhausted })
  }
}

async function settleDue({ store, settler, now }: SweepContext): Promise<void> {
  const due = await store.tasks.dueForSettling(now, SETTLED_PER_SWEEP)
  for (const { taskId } of due) settler.schedule(taskId)
  await settler.idle()
}

async function forget({ store, deleteBefore, now, log }: SweepContext): Promise<void> {
  if (deleteBefore === null) return
  const { deleted, abandoned } = await store.tasks.deleteOld(deleteBefore, now)
  for (const taskId of abandoned) {
    log.error({ taskId, reason: 'not delivered within the retention time' }, 'submission abandoned')
  }
  if (deleted > 0) log.debug({ deleted }, 'tasks deleted')
}
