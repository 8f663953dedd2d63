export interface AttemptThrottleOptions {
  /** Failed logins that a user name may make from one address before it is throttled. */
  readonly burst: number
  /** Failed logins per minute that are always allowed, so that a bunny with an old password still receives 401. */
  readonly perMinute: number
  /** Maximum number of name and address pairs. The least recently seen is dropped, so that a flood of names costs no memory. */
  readonly maxEntries: number
  readonly now: () => number
}

export type FailedAttempt =
  { readonly isThrottled: false } | { readonly isThrottled: true; readonly retryAfterMs: number }

interface Bucket {
  tokens: number
  at: number
}

/**
 * Counts failed logins per user name and address, and throttles what exceeds the limit. It rejects no login: the
 * correct password is accepted at any time, so a client that guesses cannot lock out a node behind the same load
 * balancer. Buckets refill with time.
 */
export class AttemptThrottle {
  readonly #options: AttemptThrottleOptions
  readonly #buckets = new Map<string, Bucket>()

  constructor(options: AttemptThrottleOptions) {
    this.#options = options
  }

  /** Whether another failed login would exceed the limit. Its password is checked after those of others. */
  isExhausted(username: string, address: string): boolean {
    const bucket = this.#buckets.get(keyOf(username, address))
    return bucket !== undefined && this.#tokensOf(bucket) < 1
  }

  /** Records a failed login. */
  recordFailure(username: string, address: string): FailedAttempt {
    const { burst, perMinute, now } = this.#options
    const key = keyOf(username, address)
    const bucket = this.#buckets.get(key)
    const tokens = bucket === undefined ? burst : this.#tokensOf(bucket)
    const isThrottled = tokens < 1
    this.#store(key, { tokens: isThrottled ? tokens : tokens - 1, at: now() })
    if (!isThrottled) return { isThrottled }
    return { isThrottled, retryAfterMs: Math.ceil((1 - tokens) * (60_000 / perMinute)) }
  }

  #tokensOf({ tokens, at }: Bucket): number {
    const { burst, perMinute, now } = this.#options
    return Math.min(burst, tokens + Math.max(0, now() - at) * (perMinute / 60_000))
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

function keyOf(username: string, address: string): string {
  return `${address} ${username}`
}
