/**
 * Runs the tasks of one kind, at most `running` at the same time, and lets at most `waiting` wait. Each kind has its own
 * queue, so that a distribution that takes an hour does not block availability tasks with a deadline of minutes.
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

  /** Adds work, which must not reject. A full queue accepts it too: check `hasCapacity` first. */
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
