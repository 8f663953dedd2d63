import type { ElapsedUnit } from '../tree/cohort.ts'

/** A day of the proleptic Gregorian calendar; `month` is 1 to 12. No time of day, no time zone. */
export interface CalendarDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** The date in a time zone by its IANA name; absent: the zone of this process. */
export function localDate(now: Date, timeZone?: string): CalendarDate {
  if (Number.isNaN(now.getTime())) throw new RangeError('now is not a valid date')
  if (timeZone === undefined) {
    return { year: now.getFullYear(), month: now.getMonth() + 1, day: now.getDate() }
  }
  const parts = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
  }).formatToParts(now)
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value)
  return { year: part('year'), month: part('month'), day: part('day') }
}

/** A day that the month does not have becomes its last day: 31 March minus one month is the last of February. */
export function minus(date: CalendarDate, count: number, unit: ElapsedUnit): CalendarDate {
  switch (unit) {
    case 'day':
      return plusDays(date, -count)
    case 'week':
      return plusDays(date, -7 * count)
    case 'month':
      return minusMonths(date, count)
    case 'year':
      return minusMonths(date, 12 * count)
    default:
      return unit satisfies never
  }
}

export function plusDays(date: CalendarDate, days: number): CalendarDate {
  // UTC, because every day has 24 hours there.
  const moment = new Date(0)
  moment.setUTCFullYear(date.year, date.month - 1, date.day + days)
  return {
    year: moment.getUTCFullYear(),
    month: moment.getUTCMonth() + 1,
    day: moment.getUTCDate(),
  }
}

function minusMonths(date: CalendarDate, count: number): CalendarDate {
  const months = date.year * 12 + (date.month - 1) - count
  const year = Math.floor(months / 12)
  const month = months - year * 12 + 1
  return { year, month, day: Math.min(date.day, daysInMonth(year, month)) }
}

function daysInMonth(year: number, month: number): number {
  const lastDay = new Date(0)
  lastDay.setUTCFullYear(year, month, 0)
  return lastDay.getUTCDate()
}

/**
 * `YYYY-MM-DD`, which sorts by time.
 *
 * @throws RangeError outside the years 1 to 9999, because some databases cannot store other years.
 */
export function formatIsoDate({ year, month, day }: CalendarDate): string {
  if (year < 1 || year > 9999) throw new RangeError('date is outside the years 1 to 9999')
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`
}

function padded(part: number, width: number): string {
  return String(part).padStart(width, '0')
}

/** @throws RangeError when `text` is not `YYYY-MM-DD`. Its message does not repeat the text. */
export function parseIsoDate(text: string): CalendarDate {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!match) throw new RangeError('a date must be written YYYY-MM-DD')
  return { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) }
}
