import type { TaskResult } from '@warren/task-api'

/** How much is kept. The GENERIC result of a large hospital has a few megabytes. */
export interface RetentionLimits {
  readonly tasks: number
  /** Characters of file data in all kept results together. */
  readonly size: number
  readonly ageMs: number
}

const DEFAULT_LIMITS: RetentionLimits = { tasks: 256, size: 32_000_000, ageMs: 2 * 60 * 60_000 }

/**
 * The tasks in progress and the latest results. A relay hands out a task again if its lease expires before the result
 * arrives, or if two processes poll. Only successful results are kept, so that a failed task is tried again.
 */
export class HandledTasks {
  readonly #limits: RetentionLimits
  readonly #now: () => number
  readonly #inProgress = new Set<string>()
  /** Oldest result first. */
  readonly #answered = new Map<
    string,
    { at: number; size: number; result: TaskResult | undefined }
  >()
  #size = 0

  constructor(options: { now: () => number; limits?: RetentionLimits }) {
    this.#now = options.now
    this.#limits = options.limits ?? DEFAULT_LIMITS
  }

  /** `in-progress`, `failed` (answered with an error), the successful result, or `undefined` for an unknown task. */
  find(key: string): 'in-progress' | 'failed' | TaskResult | undefined {
    if (this.#inProgress.has(key)) return 'in-progress'
    this.#evict()
    const answered = this.#answered.get(key)
    if (answered === undefined) return undefined
    return answered.result ?? 'failed'
  }

  begin(key: string): void {
    this.#inProgress.add(key)
  }

  /** Records the end of a task. A task without a result was discarded and may be handed out again. */
  end(key: string, result?: TaskResult): void {
    this.#inProgress.delete(key)
    if (result === undefined) return
    this.#drop(key)
    const kept = result.status === 'ok' ? result : undefined
    const size = kept === undefined ? 0 : totalFileSize(kept)
    this.#answered.set(key, { at: this.#now(), size, result: kept })
    this.#size += size
    this.#evict()
  }

  #evict(): void {
    const oldest = this.#now() - this.#limits.ageMs
    for (const [key, { at }] of this.#answered) {
      const over = this.#answered.size > this.#limits.tasks || this.#size > this.#limits.size
      if (!over && at >= oldest) return
      this.#drop(key)
    }
  }

  #drop(key: string): void {
    const known = this.#answered.get(key)
    if (known === undefined) return
    this.#size -= known.size
    this.#answered.delete(key)
  }
}

const totalFileSize = (result: TaskResult): number =>
  result.queryResult.files.reduce((sum, file) => sum + file.file_data.length, 0)
