const LOWEST = 0.01
const GROWTH = 1.04
const BINS = 560
const SCALE = 1 / Math.log(GROWTH)

/**
 * Counts milliseconds in bins that grow by 4%: percentiles are exact to ± 2% for any number of values, in 2 kB.
 * The range is 0.01 ms to 9 h; values outside it count as the nearest bound.
 */
export class LatencyHistogram {
  /** Empty until there is a value: most histograms of a report never get one. */
  #bins = new Uint32Array(0)
  count = 0
  max = 0
  min = Number.POSITIVE_INFINITY
  // Intervals repeat: the previous value is often the same, and so is its bin.
  #last = Number.NaN
  #lastBin = 0

  add(value: number): void {
    if (!(value >= 0)) return
    this.count++
    if (value > this.max) this.max = value
    if (value < this.min) this.min = value
    if (value !== this.#last) {
      this.#last = value
      this.#lastBin = binOf(value)
      if (this.#bins.length === 0) this.#bins = new Uint32Array(BINS)
    }
    this.#bins[this.#lastBin] = (this.#bins[this.#lastBin] ?? 0) + 1
  }

  merge(other: LatencyHistogram): void {
    if (this.#bins.length === 0) this.#bins = new Uint32Array(BINS)
    other.#bins.forEach((n, bin) => {
      if (n > 0) this.#bins[bin] = (this.#bins[bin] ?? 0) + n
    })
    this.count += other.count
    this.max = Math.max(this.max, other.max)
    this.min = Math.min(this.min, other.min)
  }

  /** Value below which the share `q` (0 to 1) lies; NaN if empty. */
  quantile(q: number): number {
    if (this.count === 0) return Number.NaN
    const rank = Math.max(1, Math.ceil(q * this.count))
    let seen = 0
    for (let bin = 0; bin < BINS; bin++) {
      seen += this.#bins[bin] ?? 0
      if (seen >= rank) return Math.min(this.max, Math.max(this.min, valueOf(bin)))
    }
    return this.max
  }

  /** Number of values above `limit`, at the resolution of the bins. */
  above(limit: number): number {
    let seen = 0
    for (let bin = binOf(limit) + 1; bin < BINS; bin++) seen += this.#bins[bin] ?? 0
    return seen
  }
}

function binOf(value: number): number {
  if (value <= LOWEST) return 0
  const bin = 1 + Math.floor(Math.log(value / LOWEST) * SCALE)
  return bin >= BINS ? BINS - 1 : bin
}

function valueOf(bin: number): number {
  return bin === 0 ? 0 : LOWEST * GROWTH ** (bin - 0.5)
}
