import { MINUTE } from '../read/timestamps.ts'

/**
 * Recognises two pollers behind one identity by rhythm alone: each keeps its own, so intervals alternate (3, 7, 3, 7 …) while
 * every second interval is the same.
 */
export class Alternation {
  #last = Number.NaN
  #d1 = Number.NaN
  #d2 = Number.NaN
  alternating = 0
  total = 0

  poll(time: number): void {
    const d = time - this.#last
    this.#last = time
    if (!(d >= 0)) return
    if (this.#d2 >= 0) {
      this.total++
      const tolerance = Math.max(1_010, (d + this.#d1) * 0.1)
      const differs = Math.abs(d - this.#d1) > Math.max(1_900, (d + this.#d1) * 0.25)
      if (differs && Math.abs(d - this.#d2) <= tolerance) this.alternating++
    }
    this.#d2 = this.#d1
    this.#d1 = d
  }
}

/** Polls per minute, and the minutes in which there were too many. */
export class PollRate {
  readonly #limit: number
  #minute = Number.NaN
  #count = 0
  highest = 0
  minutes = 0
  tooFast = 0
  /** Latest minute that was not too fast, and latest that was; NaN if there was none. */
  lastCalm = Number.NaN
  lastFast = Number.NaN

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Counts a poll; true when the minute that just ended had more polls than the limit. */
  poll(time: number): boolean {
    const minute = Math.floor(time / MINUTE)
    if (minute === this.#minute) {
      this.#count++
      return false
    }
    const fast = this.#close()
    this.#minute = minute
    this.#count = 1
    return fast
  }

  #close(): boolean {
    if (Number.isNaN(this.#minute)) return false
    this.minutes++
    this.highest = Math.max(this.highest, this.#count)
    if (this.#count <= this.#limit) {
      this.lastCalm = this.#minute * MINUTE
      return false
    }
    this.tooFast++
    this.lastFast = this.#minute * MINUTE
    return true
  }
}
