const WINDOW_MS = 60_000

// More addresses than this in one minute and counting starts afresh: the map must not grow with an attack.
const MAX_ADDRESSES = 100_000

/** So many requests a minute from one address. */
export class RateLimit {
  readonly #perMinute: number
  readonly #now: () => number
  readonly #counts = new Map<string, number>()
  #windowStart: number

  /** `perMinute` 0 is no limit. */
  constructor(perMinute: number, now: () => number) {
    this.#perMinute = perMinute
    this.#now = now
    this.#windowStart = now()
  }

  /** 0 if the request may pass, else the seconds after which it may be tried again. */
  secondsToWait(address: string): number {
    if (this.#perMinute === 0) return 0
    const now = this.#now()
    const passed = now - this.#windowStart
    if (passed >= WINDOW_MS || passed < 0 || this.#counts.size >= MAX_ADDRESSES) {
      this.#counts.clear()
      this.#windowStart = now
    }
    const count = (this.#counts.get(address) ?? 0) + 1
    this.#counts.set(address, count)
    if (count <= this.#perMinute) return 0
    return Math.max(1, Math.ceil((this.#windowStart + WINDOW_MS - now) / 1000))
  }
}
