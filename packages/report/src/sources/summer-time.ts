import { HOUR, MINUTE } from '../read/timestamps.ts'

/** Longest pause at the change that counts as part of it. */
const MAX_PAUSE_MS = 15 * MINUTE
/** Clocks change before this hour of the night, local time, from Lisbon to Helsinki and elsewhere. */
const LAST_HOUR = 4

/**
 * Corrects local times without a time zone, which skip an hour when summer time begins and repeat one when it ends. A jump counts as
 * a change only on a Sunday night of the right month and by a whole hour. The source's clock then continues without a jump.
 */
export class SummerTime {
  #before = Number.NaN
  /** Added to times from now on, milliseconds. */
  #shift = 0
  /** The change, at the local time before it; undefined if there was none. */
  change: { at: number; to: 'summer' | 'winter' } | undefined

  /** A logged time, corrected to the offset at the beginning of the source. */
  correct(written: number): number {
    const step = written - this.#before
    if (this.change === undefined && (step > HOUR - 1_000 || step < -HOUR / 2))
      this.#detect(written)
    this.#before = written
    return written + this.#shift
  }

  #detect(written: number): void {
    const before = this.#before
    const to = changeAt(before, written)
    if (to === undefined) return
    this.#shift = to === 'summer' ? -HOUR : HOUR
    this.change = { at: nextHour(before), to }
  }
}

/** A local clock was set back or forward by an hour between these times. */
export function isClockChange(before: number, after: number): boolean {
  return changeAt(before, after) !== undefined
}

function changeAt(before: number, after: number): 'summer' | 'winter' | undefined {
  const step = after - before
  const date = new Date(before)
  if (date.getUTCDay() !== 0 || date.getUTCHours() >= LAST_HOUR) return undefined
  const month = date.getUTCMonth()
  const hour = nextHour(before)
  if (step > 0) {
    const begins = month === 2 || month === 8 || month === 9
    return begins && after >= hour + HOUR && step - HOUR <= MAX_PAUSE_MS ? 'summer' : undefined
  }
  const ends = month === 9 || month === 10 || month === 3
  return ends && after >= hour - HOUR && step + HOUR <= MAX_PAUSE_MS ? 'winter' : undefined
}

/** The first whole hour after a time. */
function nextHour(time: number): number {
  return Math.floor(time / HOUR) * HOUR + HOUR
}
