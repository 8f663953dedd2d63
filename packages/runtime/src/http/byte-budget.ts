export interface ByteBudgetOptions {
  /** Bytes that all parties together may hold. */
  readonly total: number
  /** Bytes that one party may hold. */
  readonly perParty: number
  /** How many requests of one party may wait. */
  readonly maxWaiting: number
  /** How long a request may wait, ms. */
  readonly waitMs: number
}

/** No memory: the request waited too long or was aborted, or too many of its party wait already. */
export class ByteBudgetError extends Error {
  override readonly name = 'ByteBudgetError'
}

interface Waiter {
  readonly party: string
  readonly bytes: number
  readonly grant: () => void
}

interface Share {
  held: number
  waiting: number
}

/**
 * Shares out memory among parties. A party that exceeds its share waits for its own requests to end; the others are
 * served in order of arrival. Small requests never overtake a large one, which would wait indefinitely on a busy server.
 */
export class ByteBudget {
  readonly #options: ByteBudgetOptions
  readonly #shares = new Map<string, Share>()
  #queue: Waiter[] = []
  #held = 0

  constructor(options: ByteBudgetOptions) {
    this.#options = options
  }

  /** Bytes held by all parties. */
  get held(): number {
    return this.#held
  }

  /**
   * Waits until the party may hold `bytes`, and holds them until the reservation is disposed. More than its share
   * counts as its whole share.
   * @throws ByteBudgetError
   */
  async reserve(party: string, bytes: number, signal: AbortSignal): Promise<Disposable> {
    if (signal.aborted) throw new ByteBudgetError('the request was aborted')
    const amount = Math.min(bytes, this.#options.perParty)
    const share = this.#shares.get(party) ?? { held: 0, waiting: 0 }
    if (share.waiting >= this.#options.maxWaiting) {
      throw new ByteBudgetError(`${share.waiting} requests are already waiting`)
    }
    this.#shares.set(party, share)
    share.waiting += 1
    try {
      await this.#turn(party, amount, signal)
    } finally {
      share.waiting -= 1
      this.#forgetIfIdle(party, share)
    }
    let released = false
    return {
      [Symbol.dispose]: () => {
        if (released) return
        released = true
        this.#held -= amount
        share.held -= amount
        this.#forgetIfIdle(party, share)
        this.#grantNext()
      },
    }
  }

  #turn(party: string, bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
      }
      const leave = (): void => {
        settle()
        this.#queue = this.#queue.filter((other) => other !== waiter)
        this.#grantNext()
      }
      const onAbort = (): void => {
        leave()
        reject(new ByteBudgetError('the request was aborted'))
      }
      const timer = setTimeout(() => {
        leave()
        reject(new ByteBudgetError(`no memory was free for ${this.#options.waitMs} ms`))
      }, this.#options.waitMs)
      const waiter: Waiter = {
        party,
        bytes,
        grant: () => {
          settle()
          resolve()
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#queue.push(waiter)
      this.#grantNext()
    })
  }

  #grantNext(): void {
    const { total, perParty } = this.#options
    const waiting: Waiter[] = []
    let isFull = false
    for (const waiter of this.#queue) {
      const share = this.#shares.get(waiter.party)
      const ownIsFull = share !== undefined && share.held + waiter.bytes > perParty
      isFull ||= !ownIsFull && this.#held + waiter.bytes > total
      if (ownIsFull || isFull || share === undefined) {
        waiting.push(waiter)
        continue
      }
      share.held += waiter.bytes
      this.#held += waiter.bytes
      waiter.grant()
    }
    this.#queue = waiting
  }

  #forgetIfIdle(party: string, share: Share): void {
    if (share.held === 0 && share.waiting === 0) this.#shares.delete(party)
  }
}
