import { MINUTE } from '../read/timestamps.ts'
import type { Period } from './problem-history.ts'

const MAX_PERIODS = 40

// Two pollers show as alternating intervals. Each new interval has a tenth of the weight, and at least half of them must
// alternate.
const NEWEST_WEIGHT = 0.1
const MIN_ALTERNATING_SHARE = 0.5
const CHANCE_SHARE = 0.1
const MIN_ALTERNATING = 20

/**
 * Detects two pollers with the same credentials by their intervals alone: each polls regularly, so intervals alternate (3, 7, 3, 7 …)
 * and every second one is equal.
 */
export class Alternation {
  #last = Number.NaN
  #d1 = Number.NaN
  #d2 = Number.NaN
  #share = 0
  /** A possible period: from the first alternating interval until hardly any alternate. */
  #current: Period | undefined
  /** The latest periods with two pollers, oldest first. */
  readonly #periods: Period[] = []

  get periods(): readonly Period[] {
    return this.#periods
  }

  poll(time: number): void {
    const before = this.#last
    const d = time - before
    this.#last = time
    if (!(d >= 0)) return
    if (this.#d2 >= 0) this.#judge(before, time, this.#alternates(d))
    this.#d2 = this.#d1
    this.#d1 = d
  }

  /** Records a poll that found work: the work determines when the next poll comes. */
  interrupt(): void {
    this.#last = Number.NaN
    this.#d1 = Number.NaN
    this.#d2 = Number.NaN
  }

  #alternates(d: number): boolean {
    const tolerance = Math.max(1_010, (d + this.#d1) * 0.1)
    const differs = Math.abs(d - this.#d1) > Math.max(1_900, (d + this.#d1) * 0.25)
    return differs && Math.abs(d - this.#d2) <= tolerance
  }

  #judge(before: number, time: number, alternates: boolean): void {
    this.#share += ((alternates ? 1 : 0) - this.#share) * NEWEST_WEIGHT
    if (!alternates) {
      if (this.#share < CHANCE_SHARE) this.#current = undefined
      return
    }
    // The two previous intervals are the beginning of the pattern.
    this.#current ??= {
      from: before - this.#d1 - this.#d2,
      to: time,
      count: 0,
      recoveredAt: Number.NaN,
    }
    const current = this.#current
    current.to = time
    current.count++
    if (current === this.#periods.at(-1)) return
    if (current.count < MIN_ALTERNATING || this.#share < MIN_ALTERNATING_SHARE) return
    this.#periods.push(current)
    if (this.#periods.length > MAX_PERIODS) this.#periods.shift()
  }
}

/** Polls per minute, and the minutes with too many. */
export class PollRate {
  readonly #limit: number
  #minute = Number.NaN
  #count = 0
  highest = 0
  /** The latest periods of consecutive minutes with too many polls, oldest first. */
  readonly #periods: Period[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  get periods(): readonly Period[] {
    return this.#periods
  }

  poll(time: number): void {
    const minute = Math.floor(time / MINUTE)
    if (minute === this.#minute) this.#count++
    else {
      this.#minute = minute
      this.#count = 1
    }
    this.highest = Math.max(this.highest, this.#count)
    if (this.#count > this.#limit) this.#tooFast(minute * MINUTE, time)
  }

  /** Records polls that a summary counted. */
  counted(from: number, to: number, n: number): void {
    const perMinute = Math.round(n / Math.max(1, (to - from) / MINUTE))
    this.highest = Math.max(this.highest, perMinute)
    if (perMinute > this.#limit) this.#tooFast(from, to)
  }

  #tooFast(from: number, to: number): void {
    const last = this.#periods.at(-1)
    if (last !== undefined && from - last.to <= MINUTE) {
      if (last.to < from) last.count++
      last.to = to
      return
    }
    this.#periods.push({ from, to, count: 1, recoveredAt: Number.NaN })
    if (this.#periods.length > MAX_PERIODS) this.#periods.shift()
  }
}
