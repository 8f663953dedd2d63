import { type Logger, sleep } from '@warren/runtime'

export interface UpkeepJob {
  readonly name: string
  readonly everyMs: number
  /** May reject: it is tried again next time. */
  readonly run: () => Promise<unknown>
}

/** Runs what has to be done every few seconds. No job waits for another, and none overlaps with itself. */
export class Upkeep implements AsyncDisposable {
  readonly #stop = new AbortController()
  readonly #loops: Promise<unknown>

  constructor(jobs: readonly UpkeepJob[], log: Logger) {
    this.#loops = Promise.all(jobs.map((job) => this.#repeat(job, log)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#loops
  }

  async #repeat(job: UpkeepJob, log: Logger): Promise<void> {
    const { signal } = this.#stop
    await sleep(job.everyMs, signal)
    while (!signal.aborted) {
      try {
        await job.run()
      } catch (error: unknown) {
        // A store that is down fails all of them; that it is down is said once, elsewhere.
        log.debug({ job: job.name, err: error }, 'upkeep failed')
      }
      await sleep(job.everyMs, signal)
    }
  }
}
