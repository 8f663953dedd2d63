const MAX_WAITERS = 10_000

/** Lets requests wait for something to happen to a key. Keeps no events: look first, then wait. */
export class Doorbell {
  readonly #waiting = new Map<string, Set<() => void>>()
  #waiters = 0

  ring(key: string): void {
    for (const wake of this.#waiting.get(key) ?? []) wake()
  }

  /** Resolves when the key rings, after `ms`, or when `signal` is aborted; at once if too many wait already. */
  async wait(key: string, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#waiters >= MAX_WAITERS) return
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
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      waiting.delete(wake)
      if (waiting.size === 0) this.#waiting.delete(key)
      this.#waiters--
    }
  }
}
