import type { SettlingClaim, TaskStore } from '../store/task-store.ts'

/** A claim that is renewed until it is disposed. Unless the task was settled, it is given back then. */
export class HeldClaim implements AsyncDisposable {
  /** Aborts when the claim was lost or the relay stops. */
  readonly signal: AbortSignal
  readonly #tasks: TaskStore
  readonly #claim: SettlingClaim
  readonly #claimMs: number
  readonly #lost = new AbortController()
  readonly #timer: NodeJS.Timeout
  #renewing: Promise<void> = Promise.resolve()
  #isSettled = false

  constructor(
    tasks: TaskStore,
    claim: SettlingClaim,
    options: { claimMs: number; stopping: AbortSignal },
  ) {
    this.#tasks = tasks
    this.#claim = claim
    this.#claimMs = options.claimMs
    const { kind } = claim.task
    this.signal =
      kind === 'availability'
        ? this.#lost.signal
        : AbortSignal.any([this.#lost.signal, options.stopping])
    this.#timer = setInterval(() => {
      this.#renewing = this.#renew()
    }, options.claimMs / 3)
    this.#timer.unref()
  }

  /** The task is settled: there is nothing to give back. */
  keep(): void {
    this.#isSettled = true
  }

  async #renew(): Promise<void> {
    try {
      if (!(await this.#tasks.renewSettling(this.#claim, this.#claimMs))) this.#lost.abort()
    } catch {
      // The store logs its own outage. Two more attempts are made before the claim expires.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#renewing
    if (this.#isSettled || this.#lost.signal.aborted) return
    // If the database is unavailable, the claim expires.
    await this.#tasks.releaseSettling(this.#claim).catch(() => undefined)
  }
}
