import { LatencyHistogram } from './latency-histogram.ts'

const MAX_GAPS = 24

export interface Gap {
  from: number
  to: number
  /** A task had been handed out: the client may have been busy with it. */
  busy: boolean
}

/** The rhythm of something that should go on and on, and the longest times it did not. Bounded, in one pass. */
export class Heartbeat {
  readonly intervals = new LatencyHistogram()
  readonly #gaps: Gap[] = []
  #shortestKept = 0
  #last = Number.NaN
  /** Set while the other side is known to be busy: a gap that begins now has a reason. */
  busy = false

  get last(): number {
    return this.#last
  }

  /** A sign of life at `time`. Times before the last one are out of order and say nothing about gaps. */
  beat(time: number): void {
    const interval = time - this.#last
    if (interval < 0) return
    if (interval > 0) {
      this.intervals.add(interval)
      if (interval > this.#shortestKept) this.#keep({ from: this.#last, to: time, busy: this.busy })
    }
    this.#last = time
  }

  /** No interval that is not among the gaps kept was longer than this, milliseconds. */
  get longestDiscarded(): number {
    return this.#shortestKept
  }

  /** Median time between two signs, milliseconds; NaN with fewer than three. */
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
