const MAX_WAITERS = 10_000

/** Wakes requests that wait for a key. It keeps no events: check the state first, then wait. */
export class KeyedSignal {
  readonly #waiting = new Map<string, Set<() => void>>()
  #waiters = 0

  notify(key: string): void {
    for (const wake of this.#waiting.get(key) ?? []) wake()
  }

  /**
   * Resolves when `notify` is called for the key, after `ms`, or when `signal` is aborted. Returns false at once if too
   * many requests wait already: the caller must then respond, because checking again without a wait would be a busy loop.
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
