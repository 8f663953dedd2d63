import { MINUTE } from '../read/timestamps.ts'
import type { RawEvidence } from './evidence-keeper.ts'
import { phase } from './poll-sample.ts'

const CAPACITY = 256

/** One poll (or broker connection) with the lines that tell it, so that it can be shown step by step. */
export interface SampledExchange {
  /** When it was over, in the clock of the source. */
  time: number
  /** NaN where it is not known. */
  durationMs: number
  status: number
  /** Which client; '' where the source does not say. */
  client: string
  /** '' without one. */
  requestId: string
  lines: readonly { step: string; evidence: RawEvidence }[]
}

/** A sample of whole polls, chosen as `PollSample` chooses: two sources keep the same ones. */
export class ExchangeSample {
  #part = 15 * MINUTE
  #moments: SampledExchange[] = []

  /** Length of the part of each quarter of an hour that is kept, milliseconds. */
  get part(): number {
    return this.#part
  }

  get exchanges(): readonly SampledExchange[] {
    return this.#moments
  }

  /** Whether a moment at this time would be kept: to be asked before lines are copied. */
  wants(time: number): boolean {
    return phase(time) < this.#part
  }

  add(exchange: SampledExchange): void {
    if (!this.wants(exchange.time)) return
    this.#moments.push(exchange)
    if (this.#moments.length <= CAPACITY) return
    const narrower = this.#moments.filter((kept) => phase(kept.time) < this.#part / 2)
    // Stamps that all fall into one part of the quarter cannot be thinned by time: then the later ones go.
    if (narrower.length < CAPACITY / 8 || narrower.length === this.#moments.length) {
      this.#moments.length = CAPACITY / 2
      return
    }
    this.#part /= 2
    this.#moments = narrower
  }
}
