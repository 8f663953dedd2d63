import { HOUR, MINUTE } from '../read/timestamps.ts'

/** A pause this long around the change is still the program's own. */
const MAX_PAUSE_MS = 15 * MINUTE
/** Local hours of the night in which clocks are changed, Lisbon to Helsinki and elsewhere. */
const LAST_HOUR = 4

/**
 * Local times without a zone leap by an hour when summer time begins, and repeat an hour when it ends. Seen on a Sunday of the months in
 * which that happens, at night and to the hour, it is no gap: the clock of the source goes on as before.
 */
export class SummerTime {
  #before = Number.NaN
  /** What has to be added to times written from now on, milliseconds. */
  #shift = 0
  /** The change that was seen, at the local time before it; undefined while there was none. */
  change: { at: number; to: 'summer' | 'winter' } | undefined

  /** A time as written, in the clock that the source began with. */
  steady(written: number): number {
    const step = written - this.#before
    if (this.change === undefined && (step > HOUR - 1_000 || step < -HOUR / 2)) this.#look(written)
    this.#before = written
    return written + this.#shift
  }

  #look(written: number): void {
    const before = this.#before
    const step = written - before
    const date = new Date(before)
    if (date.getUTCDay() !== 0 || date.getUTCHours() >= LAST_HOUR) return
    const month = date.getUTCMonth()
    // The first whole hour after the last line before it.
    const hour = Math.floor(before / HOUR) * HOUR + HOUR
    if (step > 0) {
      const begins = month === 2 || month === 8 || month === 9
      if (!begins || written < hour + HOUR || step - HOUR > MAX_PAUSE_MS) return
      this.#shift = -HOUR
      this.change = { at: hour, to: 'summer' }
    } else {
      const ends = month === 9 || month === 10 || month === 3
      if (!ends || written < hour - HOUR || step + HOUR > MAX_PAUSE_MS) return
      this.#shift = HOUR
      this.change = { at: hour, to: 'winter' }
    }
  }
}
