import { type Logger, sleep } from '@warren/runtime'
import type { Leadership } from '../store/relay-store.ts'

export interface LeaderElectionOptions {
  readonly leadership: Leadership
  /** Name of the upstream, for the log. */
  readonly name: string
  readonly log: Logger
  /** How often the leadership is renewed, ms. The store requires at most 10 s. */
  readonly renewMs?: number
}

/**
 * Tries repeatedly to become the one relay that polls an upstream. While the store is unavailable, this relay is not the
 * leader, because it could not store a task that it receives.
 */
export class LeaderElection implements AsyncDisposable {
  readonly #options: LeaderElectionOptions
  readonly #stop = new AbortController()
  readonly #loop: Promise<void>
  #isLeader = false
  #change = Promise.withResolvers<void>()

  constructor(options: LeaderElectionOptions) {
    this.#options = options
    this.#loop = this.#run()
  }

  /** Resolves when this relay is the leader, or when `signal` aborts. */
  async waitForLeadership(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>()
    const onAbort = (): void => aborted.resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      while (!this.#isLeader && !signal.aborted) {
        await Promise.race([this.#change.promise, aborted.promise])
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#loop
    this.#set(false)
    // Without the release, another relay would have to wait until the session ends or the row expires.
    await this.#options.leadership.release().catch(() => undefined)
    await this.#options.leadership[Symbol.asyncDispose]()
  }

  async #run(): Promise<void> {
    const { leadership, renewMs = 5_000 } = this.#options
    while (!this.#stop.signal.aborted) {
      const acquired = await leadership.acquire().catch(() => false)
      if (!this.#stop.signal.aborted) this.#set(acquired)
      await sleep(renewMs, this.#stop.signal)
    }
  }

  #set(isLeader: boolean): void {
    if (isLeader === this.#isLeader) return
    this.#isLeader = isLeader
    const { log, name } = this.#options
    log.info({ upstream: name }, isLeader ? 'polling started' : 'polling stopped')
    this.#change.resolve()
    this.#change = Promise.withResolvers()
  }
}
