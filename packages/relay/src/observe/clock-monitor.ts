import type { Logger } from '@warren/runtime'

export interface ClockMonitorOptions {
  /** Reads the time of the database, epoch ms. */
  readonly readTime: () => Promise<number>
  readonly log: Pick<Logger, 'warn' | 'info'>
  /** Called with how far the clock of this process is ahead, ms. Negative if it is behind. */
  readonly onMeasured: (skewMs: number) => void
  /** The clock of this process, epoch ms. */
  readonly now?: () => number
}

const MAX_SKEW_MS = 2_000
/** The time of a slower response says little. */
const MAX_ROUND_TRIP_MS = 2_000

/**
 * Measures the clock skew between this process and the database. The relay works by the time of the database, so skew is
 * harmless here. It makes logs and tokens misleading, and often affects the whole machine.
 */
export class ClockMonitor {
  readonly #options: ClockMonitorOptions
  readonly #now: () => number
  #reported = false

  constructor(options: ClockMonitorOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Rejects if the database is unavailable. */
  async measure(): Promise<void> {
    const asked = performance.now()
    const time = await this.#options.readTime()
    const roundTripMs = performance.now() - asked
    if (roundTripMs > MAX_ROUND_TRIP_MS) return
    const skewMs = Math.round(this.#now() - roundTripMs / 2 - time)
    this.#options.onMeasured(skewMs)
    const isSkewed = Math.abs(skewMs) > MAX_SKEW_MS
    if (isSkewed === this.#reported) return
    this.#reported = isSkewed
    const { log } = this.#options
    if (isSkewed) log.warn({ skewMs }, 'clock skew')
    else log.info({ skewMs }, 'clock skew ended')
  }
}
