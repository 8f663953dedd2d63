import { Backoff, type Logger, sleep } from '@warren/runtime'

import type { RelayStore } from '../store/relay-store.ts'
import { StoreError } from '../store/store-error.ts'
import type { TaskService } from '../tasks/task-service.ts'
import { ageOf, presentTime } from './receipt-time.ts'
import { TaskSpool } from './task-spool.ts'

export interface TaskIntakeOptions {
  /** Folder of the spool. Undefined: tasks are kept in memory only. */
  readonly folder: string | undefined
  readonly store: Pick<RelayStore, 'check'>
  readonly taskService: Pick<TaskService, 'admit'>
  readonly log: Logger
  /** How long storing a task is retried if it cannot be spooled, ms. */
  readonly holdMs?: number
}

export type Received = 'new' | 'known' | 'not stored'

/** A younger file may belong to a process that is storing it. */
const MIN_AGE_MS = 5_000
const MAX_PER_ROUND = 100
const MAX_LOGGED_UUID = 100

/**
 * Stores received tasks. Not every upstream hands a task out twice, so a task is on disk before it is stored: if the process
 * is killed or the database is unavailable, it is stored later, by any process that uses the folder.
 */
export class TaskIntake implements AsyncDisposable {
  readonly #options: TaskIntakeOptions
  readonly #spool: TaskSpool | null
  /** Files of tasks that this process is storing. */
  readonly #inProgress = new Set<string>()

  private constructor(options: TaskIntakeOptions, spool: TaskSpool | null) {
    this.#options = options
    this.#spool = spool
  }

  static async open(options: TaskIntakeOptions): Promise<TaskIntake> {
    const { folder, log } = options
    if (folder === undefined) return new TaskIntake(options, null)
    try {
      return new TaskIntake(options, await TaskSpool.open(folder))
    } catch (error: unknown) {
      log.warn({ folder, detail: textOf(error) }, 'spool not usable')
      return new TaskIntake(options, null)
    }
  }

  /** Number of tasks that wait to be stored. */
  get waiting(): number {
    return this.#spool?.size ?? 0
  }

  /**
   * Resolves when the task is stored, or on disk to be stored later. Without a usable spool, storing it is retried until
   * `signal` aborts or the bound is reached. Never rejects.
   */
  async receive(upstream: string, body: unknown, signal: AbortSignal): Promise<Received> {
    const uuid = uuidOf(body)
    const kept = this.#keep(upstream, uuid, body)
    try {
      const { outcome } = await this.#options.taskService.admit(upstream, body)
      const name = await kept
      if (name !== null) await this.#remove(name)
      return outcome === 'admitted' ? 'new' : 'known'
    } catch (error: unknown) {
      const name = await kept
      if (name === null) return this.#hold(upstream, body, signal, error)
      this.#inProgress.delete(name)
      const { log } = this.#options
      if (isTemporary(error)) log.warn({ taskId: uuid, upstream, err: error }, 'task spooled')
      else await this.#setAside(name, upstream, uuid, error)
      return 'not stored'
    }
  }

  /** Stores the tasks in the spool. Call it every few seconds. Rejects if the database is unavailable. */
  async drain(): Promise<void> {
    const { store } = this.#options
    const spool = this.#spool
    if (spool === null) return
    const names = await spool.list(MIN_AGE_MS)
    const waiting = names.filter((name) => !this.#inProgress.has(name)).slice(0, MAX_PER_ROUND)
    // Without this check, an outage would repeat the log lines of an admission every few seconds.
    if (waiting.length > 0) await store.check()
    for (const name of waiting) await this.#storeSpooled(spool, name)
  }

  async #storeSpooled(spool: TaskSpool, name: string): Promise<void> {
    const { taskService, log } = this.#options
    let upstream = 'unknown'
    let taskId = 'unknown'
    try {
      const task = await spool.read(name)
      if (task === null) return
      upstream = task.upstream
      taskId = uuidOf(task.body)
      const ageMs = ageOf(task)
      await taskService.admit(upstream, task.body, ageMs)
      await this.#remove(name)
      log.info({ taskId, upstream, ageMs: Math.round(ageMs) }, 'spooled task stored')
    } catch (error: unknown) {
      if (isTemporary(error)) throw error
      await this.#setAside(name, upstream, taskId, error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spool?.close()
  }

  /** Resolves to the name of the file, or null if the task could not be written. */
  async #keep(upstream: string, uuid: string, body: unknown): Promise<string | null> {
    if (this.#spool === null) return null
    const name = this.#spool.nameOf(upstream, body)
    this.#inProgress.add(name)
    try {
      await this.#spool.keep({ name, upstream, body, ...presentTime() })
      return name
    } catch (error: unknown) {
      this.#inProgress.delete(name)
      this.#options.log.warn({ taskId: uuid, upstream, detail: textOf(error) }, 'task not spooled')
      return null
    }
  }

  /** The process may have the only copy of the task. */
  async #hold(
    upstream: string,
    body: unknown,
    signal: AbortSignal,
    firstError: unknown,
  ): Promise<Received> {
    const { taskService, log, holdMs = 300_000 } = this.#options
    const taskId = uuidOf(body)
    const backoff = new Backoff({ initialMs: 500, maxMs: 10_000 })
    const received = performance.now()
    let error = firstError
    for (;;) {
      const retryInMs = backoff.next()
      const ageMs = performance.now() - received
      if (signal.aborted || ageMs + retryInMs > holdMs || !isTemporary(error)) {
        log.error({ taskId, upstream, err: error }, 'task lost')
        return 'not stored'
      }
      log.warn({ taskId, upstream, err: error, retryInMs }, 'task not stored, retrying')
      await sleep(retryInMs, signal)
      try {
        const { outcome } = await taskService.admit(upstream, body, performance.now() - received)
        return outcome === 'admitted' ? 'new' : 'known'
      } catch (again: unknown) {
        error = again
      }
    }
  }

  async #remove(name: string): Promise<void> {
    // A file that is left is admitted again, which is harmless.
    await this.#spool?.remove(name).catch(() => undefined)
    this.#inProgress.delete(name)
  }

  async #setAside(name: string, upstream: string, taskId: string, error: unknown): Promise<void> {
    this.#options.log.error({ taskId, upstream, err: error }, 'task lost')
    await this.#spool?.setAside(name).catch(() => undefined)
    this.#inProgress.delete(name)
  }
}

function isTemporary(error: unknown): boolean {
  return error instanceof StoreError && error.unavailable
}

/** The uuid of the task, for the log. */
function uuidOf(body: unknown): string {
  const uuid = typeof body === 'object' && body !== null && 'uuid' in body ? body.uuid : undefined
  return typeof uuid === 'string' || typeof uuid === 'number'
    ? String(uuid).slice(0, MAX_LOGGED_UUID)
    : 'none'
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
