const WINDOW_MS = 60_000

// With more addresses in one minute, all counts are reset: an attack must not make the map grow.
const MAX_ADDRESSES = 100_000

/** Limits the requests per minute from one address. */
export class RateLimit {
  readonly #perMinute: number
  readonly #now: () => number
  readonly #counts = new Map<string, number>()
  #windowStart: number

  /** `perMinute` 0: unlimited. */
  constructor(perMinute: number, now: () => number) {
    this.#perMinute = perMinute
    this.#now = now
    this.#windowStart = now()
  }

  /** 0 if the request is allowed, otherwise the seconds until it may be repeated. */
  secondsToWait(address: string): number {
    if (this.#perMinute === 0) return 0
    const now = this.#now()
    const elapsed = now - this.#windowStart
    if (elapsed >= WINDOW_MS || elapsed < 0 || this.#counts.size >= MAX_ADDRESSES) {
      this.#counts.clear()
      this.#windowStart = now
    }
    const count = (this.#counts.get(address) ?? 0) + 1
    this.#counts.set(address, count)
    if (count <= this.#perMinute) return 0
    return Math.max(1, Math.ceil((this.#windowStart + WINDOW_MS - now) / 1000))
  }
}
