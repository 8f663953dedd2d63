import { DEFAULT_POLICY } from '@warren/disclosure'
import { newUuid } from '@warren/runtime'
import { countResult, errorResult, parseResult, type TaskResult } from '@warren/task-api'

import { DatabaseNodeQueue } from '../../src/queue/database-node-queue.ts'
import type { NodeQueue } from '../../src/queue/node-queue.ts'
import type { RelayStore } from '../../src/store/relay-store.ts'
import type { DeskEvent } from '../../src/tasks/desk-events.ts'
import { TaskDesk, type TaskDeskOptions } from '../../src/tasks/task-desk.ts'
import { NOW, recordingLog, type StoreBench } from './store-bench.ts'

export interface DeskBench extends AsyncDisposable {
  readonly desk: TaskDesk
  readonly store: RelayStore
  readonly queue: NodeQueue
  readonly events: readonly DeskEvent[]
  readonly records: readonly { msg: string; [field: string]: unknown }[]
  /** The clock the desk goes by. */
  readonly clock: { now: number }
}

export function openDesk(
  stores: StoreBench,
  options: Partial<TaskDeskOptions> & { poolSize?: number } = {},
): DeskBench {
  const { log, records } = recordingLog()
  const { poolSize = 10, ...rest } = options
  const store = stores.open({ log, poolSize })
  const queue = options.queue ?? new DatabaseNodeQueue({ store })
  const events: DeskEvent[] = []
  const clock = { now: NOW }
  const desk = new TaskDesk({
    store,
    queue,
    log,
    disclosure: DEFAULT_POLICY,
    now: () => clock.now,
    onEvent: (event) => events.push(event),
    ...rest,
  })
  return {
    desk,
    store,
    queue,
    events,
    records,
    clock,
    async [Symbol.asyncDispose]() {
      await desk[Symbol.asyncDispose]()
      await queue[Symbol.asyncDispose]()
    },
  }
}

export function question(more: object = {}): { uuid: string; [member: string]: unknown } {
  return {
    task_id: 'job-2026-02-03-10:11:12-RQ-1',
    project: 'demo',
    uuid: newUuid(),
    owner: 'user1',
    collection: 'RQ-CC-EXAMPLE',
    cohort: { groups_oper: 'AND', groups: [{ rules: [{ secondary_modifier: ['32020'] }] }] },
    ...more,
  }
}

const ADDRESS = { uuid: 'whatever', collection: 'a node says' }

export function countOf(people: number): TaskResult {
  return countResult(ADDRESS, people)
}

export function failure(): TaskResult {
  return errorResult(ADDRESS, 'the database is away')
}

/** The final results waiting for delivery, by the upstream's uuid. Claims them for a second. */
export async function settledResults(
  store: RelayStore,
  now: number,
): Promise<Map<string, TaskResult>> {
  const due = await store.tasks.dueForDelivery(now, { limit: 1_000, claimMs: 1_000 })
  return new Map(due.map(({ uuid, result }) => [uuid, parseResult(JSON.parse(result))]))
}
