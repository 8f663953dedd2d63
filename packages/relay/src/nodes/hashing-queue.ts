/** More logins wait for their password check than the hub can work off; the caller should answer "later". */
export class HashingBusyError extends Error {
  override readonly name = 'HashingBusyError'

  constructor(waiting: number) {
    super(`${waiting} password checks are waiting already`)
  }
}

export interface HashingQueueOptions {
  /** Checks at one time. Below libuv's four threads, so that DNS and files are never stuck behind passwords. */
  readonly concurrency: number
  readonly maxWaiting: number
}

/** Runs password checks a few at a time, in order of arrival, with a bound on those that wait. */
export class HashingQueue {
  readonly #options: HashingQueueOptions
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(options: HashingQueueOptions) {
    this.#options = options
  }

  async run<T>(check: () => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      return await check()
    } finally {
      this.#leave()
    }
  }

  #enter(): Promise<void> {
    if (this.#running < this.#options.concurrency) {
      this.#running += 1
      return Promise.resolve()
    }
    if (this.#waiting.length >= this.#options.maxWaiting) {
      return Promise.reject(new HashingBusyError(this.#waiting.length))
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** The place goes to the next in line directly, so nobody who arrives meanwhile can slip in between. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}
