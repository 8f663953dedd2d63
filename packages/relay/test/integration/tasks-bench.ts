import { setTimeout as after } from 'node:timers/promises'
import { newUuid } from '@warren/runtime'
import {
  countResult,
  errorResult,
  parseResult,
  serializeResult,
  type TaskResult,
} from '@warren/task-api'
import { until } from '@warren/testkit'

import { DatabaseNodeQueue } from '../../src/queue/database-node-queue.ts'
import type { NodeQueue } from '../../src/queue/node-queue.ts'
import type { RelayStore } from '../../src/store/relay-store.ts'
import type { TaskEvent } from '../../src/tasks/task-events.ts'
import { TaskService } from '../../src/tasks/task-service.ts'
import type { TaskSettings } from '../../src/tasks/task-settings.ts'
import { TASK_SETTINGS } from '../harness/task-settings.ts'
import { recordingLog, type StoreBench } from './store-bench.ts'

export interface TaskBench extends AsyncDisposable {
  readonly taskService: TaskService
  readonly store: RelayStore
  readonly queue: NodeQueue
  readonly events: readonly TaskEvent[]
  readonly records: readonly { msg: string; [field: string]: unknown }[]
  /** Runs every step of the sweep, and waits for the settling that it starts. */
  sweep: () => Promise<void>
  /** The clock of the stores. */
  readonly clock: { now: number }
}

export function openTaskService(
  stores: StoreBench,
  options: Partial<TaskSettings> & { queue?: NodeQueue; poolSize?: number } = {},
): TaskBench {
  const { log, records } = recordingLog()
  const { poolSize = 10, queue: given, ...settings } = options
  const store = stores.open({ log, poolSize })
  const queue = given ?? new DatabaseNodeQueue({ store })
  const events: TaskEvent[] = []
  const taskService = new TaskService({
    store,
    queue,
    log,
    settings: { ...TASK_SETTINGS, ...settings },
    onEvent: (event) => events.push(event),
  })
  return {
    taskService,
    store,
    queue,
    events,
    records,
    sweep: async () => {
      await Promise.all(taskService.sweepSteps.map(({ run }) => run()))
      await taskService.idle()
    },
    clock: stores.clock,
    async [Symbol.asyncDispose]() {
      await taskService[Symbol.asyncDispose]()
      await queue[Symbol.asyncDispose]()
    },
  }
}

export function upstreamTask(more: object = {}): { uuid: string; [member: string]: unknown } {
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

// The relay ignores the uuid and the collection in a node's result.
const ADDRESS = { uuid: 'ignored', collection: 'ignored' }

export function countOf(people: number): Buffer {
  return Buffer.from(serializeResult(countResult(ADDRESS, people)))
}

export function failure(): Buffer {
  return Buffer.from(serializeResult(errorResult(ADDRESS, 'the database is unavailable')))
}

/** The combined results ready to be submitted, by the upstream's uuid. Claims them for a second. */
export async function settledResults(store: RelayStore): Promise<Map<string, TaskResult>> {
  const due = await store.tasks.claimSubmissions({ limit: 1_000, claimMs: 1_000 })
  return new Map(due.map(({ uuid, result }) => [uuid, parseResult(JSON.parse(result.toString()))]))
}

/** Runs an upstream that sends tasks continuously, nodes that answer them, and a relay that sweeps. */
export function startLoad({ taskService, events, sweep }: TaskBench, nodes: readonly string[]) {
  const asking = new AbortController()
  const asked: string[] = []
  const handedOut: string[] = []
  const errors: unknown[] = []
  let finished = false
  const settled = (): number => events.filter(({ event }) => event === 'task settled').length
  const repeat = async (until: () => boolean, work: () => Promise<void>): Promise<void> => {
    while (!until()) await work().catch((error: unknown) => void errors.push(error))
  }
  const upstream = repeat(
    () => asking.signal.aborted,
    async () => {
      const task = upstreamTask()
      await taskService.admit('national', task)
      asked.push(task.uuid)
      await after(20)
    },
  )
  const polling = nodes.map((node) =>
    repeat(
      () => finished,
      async () => {
        const leased = await taskService.lease(node, { requestId: 'r', waitMs: 100 })
        // At once when the service stops: a loop without a pause would keep every timer from running.
        if (leased === null) return await after(5)
        handedOut.push(leased.subtaskId)
        await taskService.storeResult(node, leased.subtaskId, countOf(25), 'r')
      },
    ),
  )
  const sweeping = repeat(
    () => finished,
    async () => {
      await sweep()
      await after(200)
    },
  )
  const stop = async (): Promise<void> => {
    asking.abort()
    finished = true
    await Promise.all([upstream, ...polling, sweeping])
  }
  return {
    asked,
    handedOut,
    errors,
    stop,
    /** A test that fails must not leave the load running. */
    [Symbol.asyncDispose]: stop,
    async stopAsking() {
      asking.abort()
      await upstream
    },
    /** Waits until the nodes have answered all tasks. */
    async finish() {
      asking.abort()
      await upstream
      await until(() => settled() >= asked.length, {
        timeoutMs: 30_000,
        what: 'all tasks to be settled',
      })
      finished = true
      await Promise.all([...polling, sweeping])
    },
  }
}
