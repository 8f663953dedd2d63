import { DAY, MINUTE } from '../read/timestamps.ts'
import type { TimeKind } from '../read/event-head.ts'

const QUARTER = 15 * MINUTE

/** Derives the offset of a source from lines that contain both a local time and the wrapper's UTC time. */
export class ZoneWatch {
  #offset = Number.NaN
  #agreeing = 0
  /** Number of changes of the offset: the end of summer time, or a damaged time. */
  changes = 0
  #secondsOff = 0

  /** Logged time minus UTC in minutes, a multiple of 15; NaN if unknown. Without dates: within ± 12 h. */
  get offsetMinutes(): number {
    return this.#offset / MINUTE
  }

  /** How far the program's clock is ahead of the wrapper's after the time zone is subtracted, milliseconds. */
  get driftMs(): number {
    return this.#agreeing === 0 ? 0 : this.#secondsOff / this.#agreeing
  }

  observe(written: number, utc: number, kind: TimeKind): void {
    const difference = kind === 'time-of-day' ? halfDay(written - utc) : written - utc
    // Logged seconds are truncated, so half a second is added on average.
    const offset = Math.round((difference + 500) / QUARTER) * QUARTER
    if (offset === this.#offset) {
      this.#agreeing++
      this.#secondsOff += difference + 500 - offset
      return
    }
    if (!Number.isNaN(this.#offset)) this.changes++
    this.#offset = offset
  }

  /** UTC of a logged time. `near` decides the day if the line has none. */
  toUtc(written: number, kind: TimeKind, near: number): number {
    if (Number.isNaN(this.#offset)) return Number.NaN
    const utc = written - this.#offset
    return kind === 'time-of-day' ? utc + Math.round((near - utc) / DAY) * DAY : utc
  }
}

/** A difference between times of day, within ± 12 hours. */
function halfDay(difference: number): number {
  const inDay = ((difference % DAY) + DAY) % DAY
  return inDay > DAY / 2 ? inDay - DAY : inDay
}
