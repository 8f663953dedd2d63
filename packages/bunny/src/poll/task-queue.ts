/** The tasks of one kind that may run at the same time. Queues that share them take turns. */
export class RunSlots {
  readonly #limit: number
  #used = 0
  readonly #requests: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  get isFree(): boolean {
    return this.#used < this.#limit
  }

  /** Calls `start` as soon as there is a slot, which must be released. */
  request(start: () => void): void {
    if (this.isFree) {
      this.#used += 1
      start()
    } else this.#requests.push(start)
  }

  release(): void {
    const next = this.#requests.shift()
    // The slot passes to the next request, so that no other one can take it.
    if (next === undefined) this.#used -= 1
    else next()
  }
}

/**
 * Runs the tasks of one kind as there are slots, and lets at most `waiting` wait. Each kind has its own queue, so that a
 * distribution that takes an hour does not block availability tasks with a deadline of minutes.
 */
export class TaskQueue {
  readonly #slots: RunSlots
  readonly #maxWaiting: number
  readonly #waiting: (() => Promise<void>)[] = []
  readonly #running = new Set<Promise<void>>()
  /** A queue has one request at a time, so that queues with the same slots take turns. */
  #isRequested = false

  constructor(limit: { running: number | RunSlots; waiting: number }) {
    this.#slots = typeof limit.running === 'number' ? new RunSlots(limit.running) : limit.running
    this.#maxWaiting = limit.waiting
  }

  get hasCapacity(): boolean {
    const isNext = this.#slots.isFree && this.#waiting.length === 0
    return isNext || this.#waiting.length < this.#maxWaiting
  }

  get size(): number {
    return this.#running.size + this.#waiting.length
  }

  get counts(): { readonly running: number; readonly waiting: number } {
    return { running: this.#running.size, waiting: this.#waiting.length }
  }

  /** Adds work, which must not reject. A full queue accepts it too: check `hasCapacity` first. */
  add(work: () => Promise<void>): void {
    this.#waiting.push(work)
    this.#requestSlot()
  }

  /** Resolves when nothing is running or waiting. */
  async idle(): Promise<void> {
    while (this.size > 0) {
      if (this.#running.size > 0) await Promise.race(this.#running)
      // Another queue has all slots.
      else await new Promise<void>((resolve) => this.#slots.request(() => this.#pass(resolve)))
    }
  }

  #pass(resolve: () => void): void {
    this.#slots.release()
    resolve()
  }

  #requestSlot(): void {
    if (this.#isRequested || this.#waiting.length === 0) return
    this.#isRequested = true
    this.#slots.request(() => {
      this.#isRequested = false
      this.#startNext()
    })
  }

  #startNext(): void {
    const work = this.#waiting.shift()
    if (work === undefined) {
      this.#slots.release()
      return
    }
    const run = work().finally(() => {
      this.#running.delete(run)
      this.#slots.release()
    })
    this.#running.add(run)
    this.#requestSlot()
  }
}
