/** Runs work in the background: a few pieces at a time, the oldest first, and each key once. */
export class Lane {
  readonly #concurrency: number
  readonly #maxWaiting: number
  readonly #waiting = new Map<string, () => Promise<void>>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(options: { concurrency: number; maxWaiting: number }) {
    this.#concurrency = options.concurrency
    this.#maxWaiting = options.maxWaiting
  }

  /**
   * Runs `work` soon. It must not reject. Does nothing if work for `key` is waiting or running, or if too much work is waiting:
   * the caller schedules it again.
   */
  schedule(key: string, work: () => Promise<void>): void {
    if (this.#running.has(key) || this.#waiting.has(key)) return
    if (this.#waiting.size >= this.#maxWaiting) return
    this.#waiting.set(key, work)
    setImmediate(() => this.#startNext())
  }

  #startNext(): void {
    for (const [key, work] of this.#waiting) {
      if (this.#running.size >= this.#concurrency) return
      this.#waiting.delete(key)
      const running = work().finally(() => {
        this.#running.delete(key)
        this.#startNext()
      })
      this.#running.set(key, running)
    }
  }

  /** Drops the work that is waiting. */
  clear(): void {
    this.#waiting.clear()
  }

  /** Resolves when nothing is waiting or running. */
  async idle(): Promise<void> {
    while (this.#waiting.size > 0 || this.#running.size > 0) {
      this.#startNext()
      await Promise.all(this.#running.values())
    }
  }
}
