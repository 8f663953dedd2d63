// From 0.1 ms to an hour in steps of 5%: 358 counters, whatever the number of durations.
const SMALLEST_MS = 0.1
const GROWTH = Math.log(1.05)
const BUCKETS = Math.ceil(Math.log(3_600_000 / SMALLEST_MS) / GROWTH) + 1

/** Durations in constant memory, with percentiles to within 5%. */
export class DurationHistogram {
  readonly #buckets = new Uint32Array(BUCKETS)
  #count = 0
  #max = 0

  record(durationMs: number): void {
    const ms = Number.isFinite(durationMs) ? Math.max(durationMs, 0) : 0
    const index =
      ms <= SMALLEST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / SMALLEST_MS) / GROWTH))
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1
    this.#count += 1
    if (ms > this.#max) this.#max = ms
  }

  get count(): number {
    return this.#count
  }

  /** The longest duration in ms, to the tenth. */
  get max(): number {
    return roundToTenth(this.#max)
  }

  /** The duration in ms, to the tenth, that the share `quantile` (0 to 1) of all durations does not exceed; 0 if there are none. */
  percentile(quantile: number): number {
    const rank = Math.max(1, Math.ceil(quantile * this.#count))
    let seen = 0
    for (const [index, hits] of this.#buckets.entries()) {
      seen += hits
      if (seen >= rank) {
        return roundToTenth(Math.min(SMALLEST_MS * Math.exp(GROWTH * index), this.#max))
      }
    }
    return 0
  }

  reset(): void {
    this.#buckets.fill(0)
    this.#count = 0
    this.#max = 0
  }
}

function roundToTenth(ms: number): number {
  return Math.round(ms * 10) / 10
}
