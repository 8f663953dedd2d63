import type { TaskResult } from '@warren/task-api'

/** Bounds of what is remembered. A GENERIC result of a large hospital has a few megabytes. */
export interface RetentionLimits {
  readonly tasks: number
  /** Characters of file data, all remembered results together. */
  readonly size: number
  readonly ageMs: number
}

const DEFAULT_LIMITS: RetentionLimits = { tasks: 256, size: 32_000_000, ageMs: 2 * 60 * 60_000 }

/**
 * Remembers which tasks are in work and what was answered lately: an upstream hands the same uuid out again when its
 * lease runs out before the answer arrives, or when two pollers race. Only good answers are kept; a failed one is worth another try.
 */
export class HandledTasks {
  readonly #limits: RetentionLimits
  readonly #now: () => number
  readonly #inProgress = new Set<string>()
  /** In the order of answering, oldest first. */
  readonly #answered = new Map<
    string,
    { at: number; size: number; result: TaskResult | undefined }
  >()
  #size = 0

  constructor(options: { now: () => number; limits?: RetentionLimits }) {
    this.#now = options.now
    this.#limits = options.limits ?? DEFAULT_LIMITS
  }

  /** `in-progress`, `failed` (answered, but not well), the good answer, or `undefined` for a task never seen. */
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

  /** Ends the work on a task; without a result it was given up, and may come again. */
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
