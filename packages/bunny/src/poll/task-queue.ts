/**
 * Runs jobs of one kind, at most `running` at once, with at most `waiting` behind them. Lanes do not wait for each
 * other: that is what keeps a distribution that takes an hour from blocking questions that are due in minutes.
 */
export class TaskQueue {
  readonly #limit: { readonly running: number; readonly waiting: number }
  readonly #waiting: (() => Promise<void>)[] = []
  readonly #running = new Set<Promise<void>>()

  constructor(limit: { running: number; waiting: number }) {
    this.#limit = limit
  }

  get hasCapacity(): boolean {
    return this.#running.size < this.#limit.running || this.#waiting.length < this.#limit.waiting
  }

  get size(): number {
    return this.#running.size + this.#waiting.length
  }

  /** Takes a work, which must not reject. Look at `hasCapacity` first: a lane without room still takes it, and waits longer. */
  add(work: () => Promise<void>): void {
    this.#waiting.push(work)
    this.#startNext()
  }

  /** Resolves when nothing is running or waiting. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running)
  }

  #startNext(): void {
    if (this.#running.size >= this.#limit.running) return
    const work = this.#waiting.shift()
    if (work === undefined) return
    const run = work().finally(() => {
      this.#running.delete(run)
      this.#startNext()
    })
    this.#running.add(run)
  }
}
