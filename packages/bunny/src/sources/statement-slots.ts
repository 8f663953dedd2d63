/** At most `limit` statements run at the same time; the others wait in the order in which they came. */
export class StatementSlots {
  readonly #limit: number
  #inUse = 0
  readonly #waiting: ((granted: boolean) => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  get inUse(): number {
    return this.#inUse
  }

  /** Waits for a slot, which must be released. Rejects with the reason of `signal` if it is aborted first. */
  async acquire(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#inUse < this.#limit) {
      this.#inUse++
      return
    }
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#waiting.push(resolve)
    const leave = (): void => {
      const position = this.#waiting.indexOf(resolve)
      if (position < 0) return
      this.#waiting.splice(position, 1)
      resolve(false)
    }
    signal?.addEventListener('abort', leave, { once: true })
    const granted = await promise
    signal?.removeEventListener('abort', leave)
    if (!granted) signal?.throwIfAborted()
  }

  release(): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#inUse--
    else waiting(true)
  }

  /** Resolves when no statement runs or waits. */
  async idle(): Promise<void> {
    while (this.#inUse > 0) {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      this.#waiting.push(resolve)
      await promise
      this.release()
    }
  }
}
