import { DAY, HOUR, MINUTE, SECOND } from '../read/timestamps.ts'

/** Bucket widths; each is a multiple of the one before, so that finer buckets can be added up. */
const WIDTHS = [
  SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  6 * HOUR,
  DAY,
  8 * DAY,
  80 * DAY,
  800 * DAY,
  8_000 * DAY,
] as const
const SLOTS = 240
const LATENCY_BINS = 40
const LATENCY_GROWTH = 1.35
const LATENCY_SCALE = 1 / Math.log(LATENCY_GROWTH)
const MAX_STATUSES = 8

/**
 * Counts over time in at most 240 buckets, whatever the length of the log: when they do not suffice, buckets are added up in
 * pairs, fives or tens. The result does not depend on the order in which values came.
 */
export class Series {
  #level = 0
  #first = 0
  #used = 0
  /** No latency with a fraction of a second was added. */
  wholeSeconds = true
  ok = new Uint32Array(SLOTS)
  failed = new Uint32Array(SLOTS)
  #latency = new Uint16Array(SLOTS * LATENCY_BINS)
  readonly #statuses = new Map<number, Uint32Array>()
  // Nearly every exchange ends as the one before.
  #lastStatus = Number.NaN
  #lastRow: Uint32Array | undefined

  get bucketMs(): number {
    return WIDTHS[this.#level] ?? DAY
  }

  get from(): number {
    return this.#first * this.bucketMs
  }

  get length(): number {
    return this.#used
  }

  /** Adds `n` outcomes at `time`; `latencyMs` NaN where it is not known. */
  add(time: number, good: boolean, status: number, latencyMs: number, n = 1): void {
    const slot = this.#slot(time)
    const counts = good ? this.ok : this.failed
    counts[slot] = (counts[slot] ?? 0) + n
    if (latencyMs >= 0) {
      if (this.wholeSeconds && latencyMs % 1000 > 0) this.wholeSeconds = false
      const at = slot * LATENCY_BINS + latencyBin(latencyMs)
      this.#latency[at] = Math.min(65_535, (this.#latency[at] ?? 0) + n)
    }
    const row = status === this.#lastStatus ? this.#lastRow : this.#rowOf(status)
    if (row !== undefined) row[slot] = (row[slot] ?? 0) + n
  }

  statuses(): [number, Uint32Array][] {
    return [...this.#statuses].sort((a, b) => a[0] - b[0])
  }

  /** Latency below which the share `q` of bucket `slot` lies, right to ± 17 %; null where no latency is known. */
  quantile(slot: number, q: number): number | null {
    const from = slot * LATENCY_BINS
    let total = 0
    for (let bin = 0; bin < LATENCY_BINS; bin++) total += this.#latency[from + bin] ?? 0
    if (total === 0) return null
    let left = Math.max(1, Math.ceil(q * total))
    for (let bin = 0; bin < LATENCY_BINS; bin++) {
      left -= this.#latency[from + bin] ?? 0
      if (left <= 0) return latencyValue(bin)
    }
    return null
  }

  /** This series again, `shift` milliseconds later and in buckets of at least `bucketMs`, which has to be one of our widths. */
  replayInto(target: Series, shift: number): void {
    const half = this.bucketMs / 2
    for (let slot = 0; slot < this.#used; slot++) {
      const time = this.from + slot * this.bucketMs + half + shift
      const into = target.#slot(time)
      target.ok[into] = (target.ok[into] ?? 0) + (this.ok[slot] ?? 0)
      target.failed[into] = (target.failed[into] ?? 0) + (this.failed[slot] ?? 0)
      for (let bin = 0; bin < LATENCY_BINS; bin++) {
        const n = this.#latency[slot * LATENCY_BINS + bin] ?? 0
        const at = into * LATENCY_BINS + bin
        if (n > 0) target.#latency[at] = Math.min(65_535, (target.#latency[at] ?? 0) + n)
      }
      for (const [status, counts] of this.#statuses) {
        const n = counts[slot] ?? 0
        if (n === 0) continue
        const row = target.#statuses.get(status) ?? new Uint32Array(SLOTS)
        target.#statuses.set(status, row)
        row[into] = (row[into] ?? 0) + n
      }
    }
  }

  /** Widens buckets until one is at least `bucketMs` wide, and covers [from, to]. */
  cover(from: number, to: number, bucketMs: number): void {
    this.#fit(from)
    this.#fit(to)
    while (this.bucketMs < bucketMs && this.#level < WIDTHS.length - 1) this.#coarsen()
  }

  /** Counts of one status, undefined where there are too many to be kept apart. */
  #rowOf(status: number): Uint32Array | undefined {
    let row = this.#statuses.get(status)
    if (row === undefined && this.#statuses.size < MAX_STATUSES) {
      row = new Uint32Array(SLOTS)
      this.#statuses.set(status, row)
    }
    this.#lastStatus = status
    this.#lastRow = row
    return row
  }

  #slot(time: number): number {
    const slot = Math.floor(time / this.bucketMs) - this.#first
    if (this.#used > 0 && slot >= 0 && slot < SLOTS) {
      if (slot >= this.#used) this.#used = slot + 1
      return slot
    }
    this.#fit(time)
    return Math.floor(time / this.bucketMs) - this.#first
  }

  #fit(time: number): void {
    if (this.#used === 0) {
      this.#first = Math.floor(time / this.bucketMs)
      this.#used = 1
      return
    }
    for (;;) {
      const bucket = Math.floor(time / this.bucketMs)
      const low = Math.min(bucket, this.#first)
      const high = Math.max(bucket, this.#first + this.#used - 1)
      if (high - low < SLOTS) {
        this.#move(this.#first - low)
        this.#first = low
        this.#used = high - low + 1
        return
      }
      if (this.#level >= WIDTHS.length - 1) return
      this.#coarsen()
    }
  }

  #move(by: number): void {
    if (by === 0) return
    const shift = (row: Uint32Array | Uint16Array, width: number): void => {
      row.copyWithin(by * width, 0, (SLOTS - by) * width)
      row.fill(0, 0, by * width)
    }
    shift(this.ok, 1)
    shift(this.failed, 1)
    shift(this.#latency, LATENCY_BINS)
    for (const row of this.#statuses.values()) shift(row, 1)
  }

  #coarsen(): void {
    const ratio = (WIDTHS[this.#level + 1] ?? DAY) / this.bucketMs
    const first = Math.floor(this.#first / ratio)
    const target = (slot: number): number => Math.floor((this.#first + slot) / ratio) - first
    const fold = <T extends Uint32Array | Uint16Array>(
      row: T,
      width: number,
      into: T,
      most: number,
    ): T => {
      for (let at = 0; at < this.#used * width; at++) {
        const value = row[at] ?? 0
        if (value === 0) continue
        const slot = Math.floor(at / width)
        const to = target(slot) * width + (at - slot * width)
        into[to] = Math.min(most, (into[to] ?? 0) + value)
      }
      return into
    }
    const most = 0xffff_ffff
    this.ok = fold(this.ok, 1, new Uint32Array(SLOTS), most)
    this.failed = fold(this.failed, 1, new Uint32Array(SLOTS), most)
    this.#latency = fold(this.#latency, LATENCY_BINS, new Uint16Array(SLOTS * LATENCY_BINS), 65_535)
    for (const [status, row] of this.#statuses)
      this.#statuses.set(status, fold(row, 1, new Uint32Array(SLOTS), most))
    this.#lastStatus = Number.NaN
    this.#used = target(this.#used - 1) + 1
    this.#first = first
    this.#level++
  }
}

function latencyBin(ms: number): number {
  if (ms <= 1) return 0
  return Math.min(LATENCY_BINS - 1, 1 + Math.floor(Math.log(ms) * LATENCY_SCALE))
}

function latencyValue(bin: number): number {
  return bin === 0 ? 1 : LATENCY_GROWTH ** (bin - 0.5)
}
