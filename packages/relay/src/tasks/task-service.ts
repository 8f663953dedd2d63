import { setImmediate } from 'node:timers/promises'
import { LogBudget, type Logger } from '@warren/runtime'
import { ResultFormatError, TaskTemplate, type FormatProblem } from '@warren/task-api'

import { canonicalGuid } from '../vocabulary/collection-id.ts'
import type { NodeQueue } from '../queue/node-queue.ts'
import type { LeasedSubtask, QueuedSubtask, ResultStatus } from '../store/task-store.ts'
import type { LoginVersion } from '../store/user-store.ts'
import type { RelayStore } from '../store/relay-store.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import type { TaskEvent } from './task-events.ts'
import { Settler } from './settler.ts'
import { readNewTask } from './new-task.ts'
import { readResultStatus } from './result-status.ts'
import { Sweep, type SweepStep } from './sweep.ts'
import { deadlinesOf, leasesOf, type TaskSettings } from './task-settings.ts'

export interface TaskServiceOptions {
  readonly store: RelayStore
  readonly queue: NodeQueue
  readonly log: Logger
  readonly settings: TaskSettings
  /** Must not throw. */
  readonly onEvent?: (event: TaskEvent) => void
}

export type AdmissionOutcome =
  | { readonly outcome: 'admitted'; readonly taskId: string; readonly nodes: number }
  /** Known and not settled yet: nothing to do. */
  | { readonly outcome: 'known'; readonly taskId: string }
  /** Its combined result is ready to be submitted, perhaps for the second time. */
  | { readonly outcome: 'settled'; readonly taskId: string }
  /** It has no uuid, so no result can be submitted for it. It is logged and dropped. */
  | { readonly outcome: 'unreadable'; readonly problems: readonly FormatProblem[] }

export interface HandedOutTask {
  /** The body sent to the node: the upstream's task as JSON, with uuid, collection and owner replaced. */
  readonly json: string
  readonly subtaskId: string
  /** The upstream's uuid. */
  readonly taskId: string
  readonly attempt: number
}

export interface LeaseRequest {
  readonly kind?: TaskKind | undefined
  /** How long to wait for a task, ms. */
  readonly waitMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Asked after a task is leased. If false, the lease is returned: the login of the poll has ended in the meantime. */
  readonly isAllowed?: ((login: LoginVersion) => boolean) | undefined
  readonly requestId: string
}

/**
 * Takes tasks from admission to the combined result. Every method is safe to call from several relays on one database. A
 * method rejects with StoreError if the store fails: then nothing was changed and the call can be repeated. The service
 * logs every step, so callers need not.
 */
export class TaskService implements AsyncDisposable {
  readonly #store: RelayStore
  readonly #queue: NodeQueue
  readonly #log: Logger
  readonly #settings: TaskSettings
  readonly #onEvent: (event: TaskEvent) => void
  readonly #settler: Settler
  readonly #sweep: Sweep
  readonly #budget: LogBudget
  readonly #publishing = new Set<Promise<void>>()
  #lastTemplate: { readonly body: string; readonly template: TaskTemplate } | undefined

  constructor(options: TaskServiceOptions) {
    const { store, queue, log, settings, onEvent = () => {} } = options
    this.#store = store
    this.#queue = queue
    this.#log = log
    this.#budget = new LogBudget({ log })
    this.#settings = settings
    this.#onEvent = onEvent
    this.#settler = new Settler({ store, log, settings, onEvent })
    this.#sweep = new Sweep({ store, queue, log, settings, settler: this.#settler, onEvent })
  }

  /**
   * Stores a task as received (parsed JSON). Resolves once it is committed. Idempotent: nodes are not asked a known task
   * again, and the combined result of a settled task is submitted again. `ageMs` is how long ago the task was received.
   */
  async admit(upstream: string, json: unknown, ageMs = 0): Promise<AdmissionOutcome> {
    const { task, ...rest } = readNewTask(upstream, json, ageMs, deadlinesOf(this.#settings))
    if (task === null) {
      const problems = 'problems' in rest ? rest.problems : []
      this.#log.warn({ upstream, problems: problems.slice(0, 5) }, 'task unreadable')
      return { outcome: 'unreadable', problems }
    }
    const taskId = task.uuid
    const { kind } = task
    this.#log.info({ taskId, kind, upstream }, 'task received')
    const admission = await this.#store.tasks.admit(task)
    if (admission.outcome === 'admitted') {
      const nodes = admission.subtasks.length
      this.#log.info({ taskId, nodes }, 'task admitted')
      this.#onEvent({ event: 'task admitted', taskId, upstream, kind, nodes })
      this.#publish(admission.subtasks)
      return { outcome: 'admitted', taskId, nodes }
    }
    if (admission.outcome === 'settled' && admission.fresh) {
      const coverage = { asked: 0, answered: 0, partial: 0, failed: 0, late: 0 }
      this.#log.info({ taskId, ...coverage }, 'task settled')
      this.#onEvent({ event: 'task settled', taskId, upstream, kind, ...coverage })
    } else {
      this.#log.info({ taskId, state: admission.outcome }, 'task redelivered')
      this.#onEvent({ event: 'task redelivered', taskId, upstream })
    }
    return { outcome: admission.outcome, taskId }
  }

  // Not awaited, because a committed task is handed out even if the broker is unavailable.
  #publish(subtasks: readonly QueuedSubtask[]): void {
    const work = this.#queue
      .publish(subtasks)
      .catch((error: unknown) => this.#log.warn({ err: error }, 'publish failed'))
      .finally(() => this.#publishing.delete(work))
    this.#publishing.add(work)
  }

  /**
   * Leases the node's next task, waiting up to `waitMs` for one. Resolves to null if there is none. If `signal` aborts
   * before this resolves, the lease is returned immediately.
   */
  async lease(nodeId: string, request: LeaseRequest): Promise<HandedOutTask | null> {
    const { kind, waitMs = 0, signal } = request
    // A wall clock that is set back by an hour would hold the poll for an hour.
    const until = performance.now() + waitMs
    for (;;) {
      if (isAborted(signal)) return null
      const leased = await this.#queue.lease(nodeId, {
        kind,
        leaseMs: leasesOf(this.#settings),
        maxAttempts: this.#settings.maxAttempts,
      })
      if (leased !== null) return this.#handOut(leased, request)
      const leftMs = until - performance.now()
      if (leftMs <= 0) return null
      if (!(await this.#queue.waitForWork(nodeId, leftMs, { kind, signal }))) return null
    }
  }

  async #handOut(leased: LeasedSubtask, request: LeaseRequest): Promise<HandedOutTask | null> {
    const { subtaskId, nodeId, taskUuid: taskId, attempt, owner, kind } = leased
    const isAllowed = request.isAllowed?.(leased.login) ?? true
    if (isAborted(request.signal) || !isAllowed) {
      await this.#store.tasks.returnLease(subtaskId, attempt)
      return null
    }
    const target = { uuid: subtaskId, collection: nodeId, owner }
    const json = this.#templateOf(leased.body).addressedTo(target)
    const { requestId } = request
    this.#log.info({ taskId, subtaskId, node: nodeId, attempt, requestId }, 'task handed out')
    this.#onEvent({ event: 'task handed out', taskId, nodeId, kind, attempt })
    return { json, subtaskId, taskId, attempt }
  }

  /** A task for a thousand nodes is parsed and serialised once. */
  #templateOf(body: string): TaskTemplate {
    if (this.#lastTemplate?.body !== body) {
      this.#lastTemplate = { body, template: new TaskTemplate(JSON.parse(body)) }
    }
    return this.#lastTemplate.template
  }

  /** Returns the lease of a task whose connection was closed before the response was written. */
  async returnLease(task: Pick<HandedOutTask, 'subtaskId' | 'attempt'>): Promise<void> {
    await this.#store.tasks.returnLease(task.subtaskId, task.attempt)
  }

  /**
   * Whether the subtask was handed out to the node, so that its result is worth reading. `subtaskUuid` may have any GUID
   * spelling. Whether the result is late is decided when it is stored.
   */
  async isAssigned(nodeId: string, subtaskUuid: string, requestId: string): Promise<boolean> {
    const subtaskId = canonicalGuid(subtaskUuid)
    if (subtaskId !== undefined && (await this.#store.tasks.isAssigned(subtaskId, nodeId))) {
      return true
    }
    this.#notAssigned(nodeId, requestId, subtaskId)
    return false
  }

  /**
   * Stores a node's result (JSON) as received. Resolves once it is committed. `subtaskUuid` may have any GUID spelling.
   * The uuid and collection in the result are ignored. The last result of a task schedules its settlement.
   * @throws ResultFormatError if `json` is not a result. Nothing is stored, and the lease continues.
   */
  async storeResult(
    nodeId: string,
    subtaskUuid: string,
    json: Buffer,
    requestId: string,
  ): Promise<'stored' | 'late' | 'not-assigned'> {
    const status = this.#statusOfResult(nodeId, json, requestId)
    const subtaskId = canonicalGuid(subtaskUuid)
    if (subtaskId === undefined) return this.#notAssigned(nodeId, requestId)
    // Reading and storing 30 MB takes 50 ms each, so other requests get a turn in between.
    if (json.length > LARGE_RESULT_BYTES) await setImmediate()
    const stored = await this.#store.tasks.storeResult({
      subtaskId,
      nodeId,
      json,
      status,
    })
    if (stored.outcome === 'not-assigned') return this.#notAssigned(nodeId, requestId, subtaskId)
    const taskId = stored.taskUuid
    const where = { taskId, subtaskId, node: nodeId, status, requestId }
    if (stored.outcome === 'late') {
      if (this.#mayLog(nodeId, 'result late')) this.#log.warn(where, 'result late')
      this.#onEvent({ event: 'result late', nodeId })
      return 'late'
    }
    this.#log.info(where, 'result stored')
    this.#onEvent({ event: 'result stored', taskId, nodeId, status })
    if (stored.allAnswered) this.#settler.schedule(stored.taskId, stored.kind)
    return 'stored'
  }

  #statusOfResult(nodeId: string, json: Buffer, requestId: string): ResultStatus {
    try {
      return readResultStatus(json)
    } catch (error: unknown) {
      if (error instanceof ResultFormatError) {
        if (this.#mayLog(nodeId, 'result rejected')) {
          this.#log.warn({ node: nodeId, requestId, reason: error.message }, 'result rejected')
        }
        this.#onEvent({ event: 'result rejected', nodeId })
      }
      throw error
    }
  }

  #notAssigned(nodeId: string, requestId: string, subtaskId?: string): 'not-assigned' {
    const reason = 'not a task of this node'
    if (this.#mayLog(nodeId, 'result rejected')) {
      this.#log.warn({ node: nodeId, subtaskId, requestId, reason }, 'result rejected')
    }
    this.#onEvent({ event: 'result rejected', nodeId })
    return 'not-assigned'
  }

  /** A node can send such results at will. */
  #mayLog(nodeId: string, event: 'result late' | 'result rejected'): boolean {
    return this.#budget.allows({ party: `node ${nodeId}`, about: event, kind: event })
  }

  /** What every relay must do every few seconds. */
  get sweepSteps(): readonly SweepStep[] {
    return this.#sweep.steps
  }

  /** Resolves when this process has no settlement and no publication in progress. */
  async idle(): Promise<void> {
    await Promise.all(this.#publishing)
    await this.#settler.idle()
  }

  /** Waits for short work in progress. Does not close the store or the queue: their owner does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#publishing)
    await this.#settler[Symbol.asyncDispose]()
    this.#budget[Symbol.dispose]()
  }
}

const LARGE_RESULT_BYTES = 1_000_000

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false
}
