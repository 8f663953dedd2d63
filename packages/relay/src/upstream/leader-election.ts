import { type Logger, sleep } from '@warren/runtime'
import type { Leadership } from '../store/relay-store.ts'

export interface LeaderElectionOptions {
  readonly leadership: Leadership
  /** What is led, for the log. */
  readonly name: string
  readonly log: Logger
  /** The claim is renewed this often, ms. The store wants it within 10 s. */
  readonly renewMs?: number
}

/**
 * Keeps asking to be the one relay that polls an upstream, and knows at any time whether it is. A store that is
 * down means no: without it a task could be taken but not kept.
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

  /** Resolves once this relay is the leader, or when `signal` aborts. */
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
    // Freeing the claim is a courtesy to the other relays; it frees itself when the session ends.
    await this.#options.leadership.release().catch(() => undefined)
    await this.#options.leadership[Symbol.asyncDispose]()
  }

  async #run(): Promise<void> {
    const { leadership, renewMs = 5_000 } = this.#options
    while (!this.#stop.signal.aborted) {
      const isLeader = await leadership.acquire().catch(() => false)
      if (!this.#stop.signal.aborted) this.#set(isLeader)
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
