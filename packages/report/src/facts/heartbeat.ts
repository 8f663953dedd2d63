import { LatencyHistogram } from './latency-histogram.ts'

const MAX_GAPS = 24

export interface Gap {
  from: number
  to: number
  /** A task had been handed out, so the client may have been busy with it. */
  busy: boolean
}

/** Intervals of a recurring event, and the longest gaps in it. Bounded, in one pass. */
export class Heartbeat {
  readonly intervals = new LatencyHistogram()
  readonly #gaps: Gap[] = []
  #shortestKept = 0
  #last = Number.NaN
  /** Set while the other side is known to be busy, which explains a gap that begins now. */
  busy = false

  get last(): number {
    return this.#last
  }

  /** Records an event at `time`. Earlier times than the last one are ignored: they are out of order. */
  beat(time: number): void {
    const interval = time - this.#last
    if (interval < 0) return
    if (interval > 0) {
      this.intervals.add(interval)
      if (interval > this.#shortestKept) this.#keep({ from: this.#last, to: time, busy: this.busy })
    }
    this.#last = time
  }

  /** Longest gap that may have been discarded, milliseconds. */
  get longestDiscarded(): number {
    return this.#shortestKept
  }

  /** Median interval between two events, milliseconds; NaN with fewer than three events. */
  get medianInterval(): number {
    return this.intervals.count < 2 ? Number.NaN : this.intervals.quantile(0.5)
  }

  /** Gaps longer than `minimum` milliseconds, oldest first; at most the 24 longest. */
  gapsLongerThan(minimum: number): Gap[] {
    return this.#gaps.filter((gap) => gap.to - gap.from > minimum).sort((a, b) => a.from - b.from)
  }

  #keep(gap: Gap): void {
    this.#gaps.push(gap)
    if (this.#gaps.length <= MAX_GAPS * 2) return
    this.#gaps.sort((a, b) => b.to - b.from - (a.to - a.from))
    this.#gaps.length = MAX_GAPS
    const shortest = this.#gaps.at(-1)
    this.#shortestKept = shortest === undefined ? 0 : shortest.to - shortest.from
  }
}
