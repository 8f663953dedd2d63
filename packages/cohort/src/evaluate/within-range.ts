import type { CdmData } from '../cdm/cdm-data.ts'
import type { AgeRange, Range } from '../tree/cohort.ts'
import type { CalendarDate } from './calendar-date.ts'

type Birth = Pick<CdmData['person'][number], 'year_of_birth' | 'month_of_birth'>

/**
 * Age at a date in whole calendar units, `null` if the year of birth is unknown.
 *
 * Years are the difference of the year numbers and ignore birthdays, as in every program that speaks
 * this protocol. Months are the difference of the calendar months; if the month of birth is unknown,
 * they are 12 times the years, so that both units agree.
 */
export function ageAt(birth: Birth, date: CalendarDate, unit: AgeRange['unit']): number | null {
  if (birth.year_of_birth === null) return null
  const years = date.year - birth.year_of_birth
  if (unit === 'year') return years
  return years * 12 + date.month - (birth.month_of_birth ?? date.month)
}

/** The largest number that the floating-point type of every database can store. No measurement exceeds it. */
export const LARGEST_NUMBER = 1.79e308

/** An unknown value or NaN is never within a range, even if both its ends are open. */
export function isWithin(value: number | null, range: Range): boolean {
  if (value === null || !(Math.abs(value) <= LARGEST_NUMBER)) return false
  return (range.low === null || value >= range.low) && (range.high === null || value <= range.high)
}
