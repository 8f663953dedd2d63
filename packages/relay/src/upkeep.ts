import { type Logger, sleep } from '@warren/runtime'

export interface UpkeepJob {
  readonly name: string
  readonly everyMs: number
  /** May reject. The job is repeated in any case. */
  readonly run: () => Promise<unknown>
}

/** Runs periodic jobs. No job waits for another, and no job overlaps with itself. */
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
        // Debug, because an outage of the database fails every job and is logged once by the store.
        log.debug({ job: job.name, err: error }, 'upkeep failed')
      }
      await sleep(job.everyMs, signal)
    }
  }
}
