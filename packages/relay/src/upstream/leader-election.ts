import { type Logger, sleep } from '@warren/runtime'
import type { Leadership } from '../store/relay-store.ts'
import { StoreError } from '../store/store-error.ts'

export interface LeaderElectionOptions {
  readonly leadership: Leadership
  /** Name of the upstream, for the log. */
  readonly name: string
  readonly log: Logger
  readonly onChange?: (isLeader: boolean) => void
  /** Ends the current term, and the election. */
  readonly signal: AbortSignal
  /** How often the leadership is renewed, ms. */
  readonly renewMs?: number
}

/** Time for requests in progress to finish, before another relay can be the leader. */
const MARGIN_MS = 2_500
/** A request starts only if the database could be written within this time, because its task must be stored. */
const FRESH_MS = 2_000

/**
 * Tries repeatedly to become the one relay that polls an upstream. The leadership ends by itself, by the monotonic clock of
 * this process, if it cannot be renewed: another relay may then be the leader.
 */
export class LeaderElection implements AsyncDisposable {
  readonly #options: LeaderElectionOptions
  readonly #loop: Promise<void>
  #term: AbortController | null = null
  #renewing: Promise<void> | null = null
  /** When the last successful renewal began (`performance.now()`). */
  #renewedAt = Number.NEGATIVE_INFINITY
  #expiry: NodeJS.Timeout | undefined
  #change = Promise.withResolvers<void>()

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    options.signal.addEventListener('abort', () => this.#end(), { once: true })
    this.#loop = this.#run()
  }

  /**
   * Resolves when this relay is the leader and the database can be written. The signal aborts when the leadership ends.
   * Undefined once the election has been stopped.
   */
  async waitForTerm(): Promise<AbortSignal | undefined> {
    const { signal } = this.#options
    while (!signal.aborted) {
      if (this.#term !== null && !this.#isWithin(FRESH_MS)) {
        await this.#renew()
        // Stopped meanwhile: nothing would change any more.
        if (signal.aborted) return undefined
      }
      if (this.#term !== null && this.#isWithin(FRESH_MS)) return this.#term.signal
      await this.#change.promise
    }
    return undefined
  }

  /** The database failed: no request starts before it has been written again. */
  suspectDatabase(): void {
    this.#renewedAt = Number.NEGATIVE_INFINITY
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loop
    this.#end()
    // Without the release, another relay would have to wait until the row expires.
    await this.#options.leadership.release().catch(() => undefined)
  }

  async #run(): Promise<void> {
    const { signal, renewMs = 3_000 } = this.#options
    while (!signal.aborted) {
      await this.#renew()
      await sleep(renewMs, signal)
    }
  }

  async #renew(): Promise<void> {
    this.#renewing ??= this.#renewOnce().finally(() => (this.#renewing = null))
    return this.#renewing
  }

  async #renewOnce(): Promise<void> {
    const { leadership, signal } = this.#options
    const renewedAt = performance.now()
    try {
      const acquired = await leadership.acquire()
      if (acquired && !signal.aborted) this.#confirm(renewedAt)
      if (!acquired) this.#end()
    } catch (error: unknown) {
      // The store logs why. A term continues until it expires, but no request starts.
      if (!(error instanceof StoreError)) this.#end()
    }
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }

  #confirm(renewedAt: number): void {
    this.#renewedAt = renewedAt
    const leftMs = renewedAt + this.#options.leadership.holdMs - MARGIN_MS - performance.now()
    clearTimeout(this.#expiry)
    if (leftMs <= 0) {
      this.#end()
      return
    }
    this.#expiry = setTimeout(() => this.#end(), leftMs)
    if (this.#term !== null) return
    this.#term = new AbortController()
    this.#options.log.info({ upstream: this.#options.name }, 'polling started')
    this.#options.onChange?.(true)
  }

  #end(): void {
    clearTimeout(this.#expiry)
    this.#term?.abort()
    if (this.#term !== null) {
      this.#options.log.info({ upstream: this.#options.name }, 'polling stopped')
      this.#options.onChange?.(false)
    }
    this.#term = null
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }

  #isWithin(ms: number): boolean {
    return performance.now() - this.#renewedAt <= ms
  }
}
