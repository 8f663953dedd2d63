const MAX_WAITERS = 10_000

/** Lets requests wait for something to happen to a key. Keeps no events: look first, then wait. */
export class KeyedSignal {
  readonly #waiting = new Map<string, Set<() => void>>()
  #waiters = 0

  notify(key: string): void {
    for (const wake of this.#waiting.get(key) ?? []) wake()
  }

  /**
   * Resolves when the key rings, after `ms`, or when `signal` is aborted. False, at once: too many wait already, and
   * who looks again without having waited would keep everybody else from their turn.
   */
  async wait(key: string, ms: number, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return true
    if (this.#waiters >= MAX_WAITERS) return false
    this.#waiters++
    const waiting = this.#waiting.get(key) ?? new Set()
    this.#waiting.set(key, waiting)
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    const timer = setTimeout(wake, ms)
    signal.addEventListener('abort', wake, { once: true })
    waiting.add(wake)
    try {
      await promise
      return true
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      waiting.delete(wake)
      if (waiting.size === 0) this.#waiting.delete(key)
      this.#waiters--
    }
  }
}
