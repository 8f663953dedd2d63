import type { CdmData } from '../cdm/cdm-data.ts'
import type { AgeRange, Range } from '../tree/cohort.ts'
import type { CalendarDate } from './calendar-date.ts'

type Birth = Pick<CdmData['person'][number], 'year_of_birth' | 'month_of_birth' | 'day_of_birth'>

/** How many steps of `datePoint` a unit has. */
export const AGE_SCALE = { year: 10_000, month: 100 } as const

/** A number that grows with the date, and of which the difference between two dates, divided by its scale, is an exact age. */
export function datePoint({ year, month, day }: CalendarDate, unit: AgeRange['unit']): number {
  return unit === 'year' ? year * 10_000 + month * 100 + day : (year * 12 + month) * 100 + day
}

/**
 * Age at a date in whole calendar units, `null` if the year of birth is unknown.
 *
 * Years are the difference of the year numbers and ignore birthdays, as in every program that speaks
 * this protocol. Months are the difference of the calendar months; if the month of birth is unknown,
 * they are 12 times the years, so that both units agree. `exact`: a unit counts once it is complete, for
 * people whose month and day of birth are known.
 */
export function ageAt(
  birth: Birth,
  date: CalendarDate,
  unit: AgeRange['unit'],
  exact = false,
): number | null {
  const { year_of_birth: year, month_of_birth: month, day_of_birth: day = null } = birth
  if (year === null) return null
  if (exact && month !== null && day !== null) {
    return Math.floor(
      (datePoint(date, unit) - datePoint({ year, month, day }, unit)) / AGE_SCALE[unit],
    )
  }
  const years = date.year - year
  if (unit === 'year') return years
  return years * 12 + date.month - (month ?? date.month)
}

/** Whether a day is before the birth, as far as the birth is known. Then what it says of the person is an error. */
export function isBeforeBirth(date: CalendarDate, birth: Birth): boolean {
  const { year_of_birth: year, month_of_birth: month, day_of_birth: day } = birth
  if (year === null) return false
  const born = { year, month: month ?? 1, day: month === null ? 1 : (day ?? 1) }
  return datePoint(date, 'year') < datePoint(born, 'year')
}

/** The largest number that the floating-point type of every database can store. No measurement exceeds it. */
export const LARGEST_NUMBER = 1.79e308

/** An unknown value or NaN is never within a range, even if both its ends are open. */
export function isWithin(value: number | null, range: Range): boolean {
  if (value === null || !(Math.abs(value) <= LARGEST_NUMBER)) return false
  return (range.low === null || value >= range.low) && (range.high === null || value <= range.high)
}
