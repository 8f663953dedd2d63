import type { CdmData } from '../cdm/cdm-data.ts'
import type { AgeRange, Range } from '../tree/cohort.ts'
import type { CalendarDate } from './calendar-date.ts'

type Birth = Pick<CdmData['person'][number], 'year_of_birth' | 'month_of_birth'>

/**
 * Age at a date in whole calendar units, `null` when the year of birth is unknown.
 *
 * Years are the difference of the year numbers, as every client of this protocol computes them, not
 * birthdays. Months are the difference of the calendar months; where the month of birth is unknown
 * they are 12 times the years, so that both units then say the same.
 */
export function ageAt(birth: Birth, date: CalendarDate, unit: AgeRange['unit']): number | null {
  if (birth.year_of_birth === null) return null
  const years = date.year - birth.year_of_birth
  if (unit === 'year') return years
  return years * 12 + date.month - (birth.month_of_birth ?? date.month)
}

/** All that every database's floating point holds; what is beyond is no measured value. */
export const LARGEST_NUMBER = 1.79e308

/** Unknown, and what is no number, is in no range, not even in one with both ends open. */
export function isWithin(value: number | null, range: Range): boolean {
  if (value === null || !(Math.abs(value) <= LARGEST_NUMBER)) return false
  return (range.low === null || value >= range.low) && (range.high === null || value <= range.high)
}
