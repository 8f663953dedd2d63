/** Too many logins are waiting for their password check. The client should retry later. */
export class HashingBusyError extends Error {
  override readonly name = 'HashingBusyError'

  constructor(waiting: number) {
    super(`${waiting} password checks are already waiting`)
  }
}

export interface HashingQueueOptions {
  /** Concurrent checks. Fewer than libuv's four threads, so that DNS and file access never wait for passwords. */
  readonly concurrency: number
  readonly maxWaiting: number
}

/** Runs a few password checks at a time, in order of arrival, and limits how many may wait. */
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

  /** Hands the place directly to the next check, so that a new one cannot overtake it. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}
