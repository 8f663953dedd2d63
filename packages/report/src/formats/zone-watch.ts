import { DAY, MINUTE } from '../read/timestamps.ts'
import type { TimeKind } from './event-head.ts'

const QUARTER = 15 * MINUTE

/** Learns from lines that have both, a written local time and a wrapper's UTC, how far apart the two are. */
export class ZoneWatch {
  #offset = Number.NaN
  #agreeing = 0
  /** A line whose offset differed: summer time ends, or a damaged stamp. */
  changes = 0
  #secondsOff = 0

  /** Written time minus UTC in minutes, a multiple of 15; NaN while unknown. Written times without date: within ± 12 h. */
  get offsetMinutes(): number {
    return this.#offset / MINUTE
  }

  /** How far the program's clock is ahead of the wrapper's once the zone is taken off, milliseconds. */
  get driftMs(): number {
    return this.#agreeing === 0 ? 0 : this.#secondsOff / this.#agreeing
  }

  see(written: number, utc: number, kind: TimeKind): void {
    const difference = kind === 'time-of-day' ? halfDay(written - utc) : written - utc
    // Written seconds are cut off, so half a second is the best guess of what is missing.
    const offset = Math.round((difference + 500) / QUARTER) * QUARTER
    if (offset === this.#offset) {
      this.#agreeing++
      this.#secondsOff += difference + 500 - offset
      return
    }
    if (!Number.isNaN(this.#offset)) this.changes++
    this.#offset = offset
  }

  /** UTC of a written time. `near` decides the day where the line has none. */
  toUtc(written: number, kind: TimeKind, near: number): number {
    if (Number.isNaN(this.#offset)) return Number.NaN
    const utc = written - this.#offset
    return kind === 'time-of-day' ? utc + Math.round((near - utc) / DAY) * DAY : utc
  }
}

/** A difference of times of day, within ± 12 hours. */
function halfDay(difference: number): number {
  const inDay = ((difference % DAY) + DAY) % DAY
  return inDay > DAY / 2 ? inDay - DAY : inDay
}
