import { DAY, HOUR, MINUTE, SECOND } from '../read/timestamps.ts'

/** Bucket widths; each is a multiple of the previous one, so that buckets can be merged. */
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
 * Counts over time in at most 240 buckets, whatever the length of the log: if there are too many, neighbouring buckets are merged.
 * The result does not depend on the order of the values.
 */
export class Series {
  #level = 0
  #first = 0
  #used = 0
  /** No latency has a fraction of a second. */
  wholeSeconds = true
  // Allocated on first use: most `LinkStats` stay empty.
  ok = new Uint32Array(0)
  failed = new Uint32Array(0)
  /** For each bucket, its row in `#latency`, counted from 1; 0 if no latency is known. */
  #latencyRows = new Uint8Array(0)
  /** Rows of bins, one per bucket with latencies. */
  #latency = new Uint16Array(0)
  #rows = 0
  readonly #statuses = new Map<number, Uint32Array>()
  // Most exchanges have the same status as the previous one.
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

  /** Adds `n` outcomes at `time`; `latencyMs` is NaN if unknown. */
  add(time: number, good: boolean, status: number, latencyMs: number, n = 1): void {
    const slot = this.#slot(time)
    const counts = good ? this.ok : this.failed
    counts[slot] = (counts[slot] ?? 0) + n
    if (latencyMs >= 0) {
      if (this.wholeSeconds && latencyMs % 1000 > 0) this.wholeSeconds = false
      this.#addLatency(slot, latencyBin(latencyMs), n)
    }
    const row = status === this.#lastStatus ? this.#lastRow : this.#rowOf(status)
    if (row !== undefined) row[slot] = (row[slot] ?? 0) + n
  }

  statuses(): [number, Uint32Array][] {
    return [...this.#statuses].sort((a, b) => a[0] - b[0])
  }

  /** Latency below which the share `q` of bucket `slot` lies, exact to ± 17%; null if no latency is known. */
  quantile(slot: number, q: number): number | null {
    const row = this.#latencyRows[slot] ?? 0
    if (row === 0) return null
    const from = (row - 1) * LATENCY_BINS
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

  /** Adds this series to `target`, shifted by `shift` milliseconds. Each bucket is added at its middle. */
  replayInto(target: Series, shift: number): void {
    const half = this.bucketMs / 2
    for (let slot = 0; slot < this.#used; slot++) {
      const time = this.from + slot * this.bucketMs + half + shift
      const into = target.#slot(time)
      target.ok[into] = (target.ok[into] ?? 0) + (this.ok[slot] ?? 0)
      target.failed[into] = (target.failed[into] ?? 0) + (this.failed[slot] ?? 0)
      target.#addLatencies(into, this.#latency, this.#latencyRows[slot] ?? 0)
      for (const [status, counts] of this.#statuses) {
        const n = counts[slot] ?? 0
        if (n === 0) continue
        const row = target.#statuses.get(status) ?? new Uint32Array(SLOTS)
        target.#statuses.set(status, row)
        row[into] = (row[into] ?? 0) + n
      }
    }
  }

  /** Widens the buckets until they are at least `bucketMs` wide and cover [from, to]. */
  cover(from: number, to: number, bucketMs: number): void {
    this.#fit(from)
    this.#fit(to)
    while (this.bucketMs < bucketMs && this.#level < WIDTHS.length - 1) this.#coarsen()
  }

  /** Counts of one status; undefined if there are too many different ones. */
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
      this.ok = new Uint32Array(SLOTS)
      this.failed = new Uint32Array(SLOTS)
      this.#latencyRows = new Uint8Array(SLOTS)
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

  #addLatency(slot: number, bin: number, n: number): void {
    let row = this.#latencyRows[slot]
    if (row === undefined) return
    if (row === 0) {
      row = ++this.#rows
      this.#latencyRows[slot] = row
      if (row * LATENCY_BINS > this.#latency.length) {
        const larger = new Uint16Array(Math.min(SLOTS, row * 2) * LATENCY_BINS)
        larger.set(this.#latency)
        this.#latency = larger
      }
    }
    const at = (row - 1) * LATENCY_BINS + bin
    this.#latency[at] = Math.min(65_535, (this.#latency[at] ?? 0) + n)
  }

  /** Adds row number `row` of `latency`, counted from 1, to bucket `slot`; 0 adds nothing. */
  #addLatencies(slot: number, latency: Uint16Array, row: number): void {
    if (row === 0) return
    for (let bin = 0; bin < LATENCY_BINS; bin++) {
      const n = latency[(row - 1) * LATENCY_BINS + bin] ?? 0
      if (n > 0) this.#addLatency(slot, bin, n)
    }
  }

  #move(by: number): void {
    if (by === 0) return
    for (const row of [this.ok, this.failed, this.#latencyRows, ...this.#statuses.values()]) {
      row.copyWithin(by, 0, SLOTS - by)
      row.fill(0, 0, by)
    }
  }

  #coarsen(): void {
    const ratio = (WIDTHS[this.#level + 1] ?? DAY) / this.bucketMs
    const first = Math.floor(this.#first / ratio)
    const target = (slot: number): number => Math.floor((this.#first + slot) / ratio) - first
    const fold = (row: Uint32Array): Uint32Array<ArrayBuffer> => {
      const into = new Uint32Array(SLOTS)
      for (let slot = 0; slot < this.#used; slot++) {
        const to = target(slot)
        into[to] = (into[to] ?? 0) + (row[slot] ?? 0)
      }
      return into
    }
    this.ok = fold(this.ok)
    this.failed = fold(this.failed)
    for (const [status, row] of this.#statuses) this.#statuses.set(status, fold(row))
    this.#lastStatus = Number.NaN
    this.#foldLatencies(target)
    this.#used = target(this.#used - 1) + 1
    this.#first = first
    this.#level++
  }

  #foldLatencies(target: (slot: number) => number): void {
    const rows = this.#latencyRows
    const latency = this.#latency
    this.#latencyRows = new Uint8Array(SLOTS)
    this.#latency = new Uint16Array(0)
    this.#rows = 0
    for (let slot = 0; slot < this.#used; slot++) {
      this.#addLatencies(target(slot), latency, rows[slot] ?? 0)
    }
  }
}

function latencyBin(ms: number): number {
  if (ms <= 1) return 0
  return Math.min(LATENCY_BINS - 1, 1 + Math.floor(Math.log(ms) * LATENCY_SCALE))
}

function latencyValue(bin: number): number {
  return bin === 0 ? 1 : LATENCY_GROWTH ** (bin - 0.5)
}
