export interface AttemptThrottleOptions {
  /** Failed logins that a user name may make from one address before it is throttled. */
  readonly burst: number
  /** Failed logins per minute that are always allowed, so that a bunny with an old password still receives 401. */
  readonly perMinute: number
  /** Maximum number of name and address pairs. The least recently seen is dropped, so that a flood of names costs no memory. */
  readonly maxEntries: number
  readonly now: () => number
}

export type AttemptPermit =
  | { readonly allowed: true; refund(): void }
  | { readonly allowed: false; readonly retryAfterMs: number }

interface Bucket {
  tokens: number
  at: number
}

/**
 * Throttles the guessing of passwords, per user name and address, and never locks a user out: buckets refill, and a
 * successful login returns its token. The token is taken before the password check; otherwise a thousand concurrent
 * guesses would all pass.
 */
export class AttemptThrottle {
  readonly #options: AttemptThrottleOptions
  readonly #buckets = new Map<string, Bucket>()

  constructor(options: AttemptThrottleOptions) {
    this.#options = options
  }

  take(username: string, address: string): AttemptPermit {
    const { burst, perMinute, now } = this.#options
    const key = `${address} ${username}`
    const at = now()
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at }
    const perMs = perMinute / 60_000
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, at - bucket.at) * perMs)
    bucket.at = at
    this.#store(key, bucket)
    if (bucket.tokens < 1) {
      return { allowed: false, retryAfterMs: Math.ceil((1 - bucket.tokens) / perMs) }
    }
    bucket.tokens -= 1
    return {
      allowed: true,
      refund: () => {
        bucket.tokens = Math.min(burst, bucket.tokens + 1)
      },
    }
  }

  /** Re-inserting keeps the map in order of last use, so that the first key is the least recently used. */
  #store(key: string, bucket: Bucket): void {
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size <= this.#options.maxEntries) return
    const oldest = this.#buckets.keys().next()
    if (oldest.done !== true) this.#buckets.delete(oldest.value)
  }
}
