import { MINUTE } from '../read/timestamps.ts'
import type { RawEvidence } from './evidence-keeper.ts'
import { phase } from './poll-sample.ts'

const CAPACITY = 256

/** One poll or broker connection with its lines, so that it can be shown step by step. */
export interface SampledExchange {
  /** When it ended, in the clock of the source. */
  time: number
  /** NaN if unknown. */
  durationMs: number
  status: number
  /** Key of the client; '' if the log does not contain it. */
  client: string
  /** '' if there is none. */
  requestId: string
  lines: readonly { step: string; evidence: RawEvidence }[]
}

/** A sample of complete exchanges, chosen as in `PollSample`: two sources keep the same ones. */
export class ExchangeSample {
  #keptMs = 15 * MINUTE
  #exchanges: SampledExchange[] = []

  /** Length of the part of each quarter of an hour that is kept, milliseconds. */
  get keptMs(): number {
    return this.#keptMs
  }

  get exchanges(): readonly SampledExchange[] {
    return this.#exchanges
  }

  /** An exchange at this time would be kept. Ask before you copy its lines. */
  wants(time: number): boolean {
    return phase(time) < this.#keptMs
  }

  add(exchange: SampledExchange): void {
    if (!this.wants(exchange.time)) return
    this.#exchanges.push(exchange)
    if (this.#exchanges.length <= CAPACITY) return
    const narrower = this.#exchanges.filter((kept) => phase(kept.time) < this.#keptMs / 2)
    // Times that all fall into one part of the quarter cannot be thinned by time, so the later half is dropped.
    if (narrower.length < CAPACITY / 8 || narrower.length === this.#exchanges.length) {
      this.#exchanges.length = CAPACITY / 2
      return
    }
    this.#keptMs /= 2
    this.#exchanges = narrower
  }
}
