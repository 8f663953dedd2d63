export interface AttemptThrottleOptions {
  /** Failed logins that one client name at one address may make in a row before it has to slow down. */
  readonly burst: number
  /** Failed logins a minute that stay allowed for ever: a node with a stale password still hears 401. */
  readonly perMinute: number
  /** Pairs remembered. The least recently seen is forgotten first, so that a flood of names costs no memory. */
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
 * Slows down the guessing of passwords, per client name and address, without ever locking anybody out: a bucket
 * refills by itself, and an attempt that turns out right gives its token back. A token is taken before the check,
 * not after it, or a thousand guesses at once would all be let through.
 */
export class AttemptThrottle {
  readonly #options: AttemptThrottleOptions
  readonly #buckets = new Map<string, Bucket>()

  constructor(options: AttemptThrottleOptions) {
    this.#options = options
  }

  take(client: string, address: string): AttemptPermit {
    const { burst, perMinute, now } = this.#options
    const key = `${address} ${client}`
    const at = now()
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at }
    const perMs = perMinute / 60_000
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, at - bucket.at) * perMs)
    bucket.at = at
    this.#remember(key, bucket)
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

  /** Re-inserting keeps the map in order of last use, so the first key is always the one to forget. */
  #remember(key: string, bucket: Bucket): void {
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size <= this.#options.maxEntries) return
    const oldest = this.#buckets.keys().next()
    if (oldest.done !== true) this.#buckets.delete(oldest.value)
  }
}
