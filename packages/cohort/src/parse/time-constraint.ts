import type { AgeRange, Elapsed, ElapsedUnit, Range } from '../tree/cohort.ts'
import { quoted } from './problem-list.ts'
import { type Parsed, isInverted, isOpen, parseBounds, invalid, requireWhole } from './range.ts'

export type TimeConstraint =
  | { readonly kind: 'none' }
  | { readonly kind: 'age'; readonly age: AgeRange }
  | { readonly kind: 'elapsed'; readonly elapsed: Elapsed }

const AGE_UNITS: { readonly [letter: string]: AgeRange['unit'] } = { Y: 'year', M: 'month' }
const TIME_UNITS: { readonly [letter: string]: ElapsedUnit } = {
  Y: 'year',
  M: 'month',
  W: 'week',
  D: 'day',
}
/** At least as many days as the unit has. */
const MAX_DAYS: { readonly [unit in ElapsedUnit]: number } = {
  year: 366,
  month: 31,
  week: 7,
  day: 1,
}
/** Older than any record, and within the calendar of every database. */
const MAX_YEARS_BACK = 1_000

/**
 * Reads a rule's `time`: `LOW|HIGH:AGE:UNIT` or `LOW|HIGH:TIME:UNIT`. A value without a bar is the
 * lower bound. Empty text, and a bar without bounds, do not constrain.
 */
export function parseTimeConstraint(text: string): Parsed<TimeConstraint> {
  if (text.trim() === '') return { ok: true, value: { kind: 'none' } }
  const [bounds, category, unit, ...rest] = text.split(':').map((part) => part.trim())
  if (!bounds || category === undefined || unit === undefined || rest.length > 0) {
    return invalid(
      `${quoted(text)} is not a time constraint: write for example 50|:AGE:Y or |6:TIME:M`,
    )
  }
  const [low, high = '', ...more] = bounds.split('|')
  if (low === undefined || more.length > 0) {
    return invalid(`${quoted(bounds)} is not a range: write LOW|HIGH, and leave an open side empty`)
  }
  const range = parseBounds(low, high)
  const whole = range.ok ? requireWhole(range.value) : range
  if (!whole.ok) return whole
  if (isInverted(whole.value)) {
    return invalid(
      `the bounds of ${quoted(bounds)} are in the wrong order: write the smaller one first`,
    )
  }
  switch (category.toUpperCase()) {
    case 'AGE':
      return ageConstraint(whole.value, unit)
    case 'TIME':
      return elapsedConstraint(whole.value, unit)
    default:
      return invalid(`unknown constraint ${quoted(category)}: write AGE or TIME`)
  }
}

function ageConstraint(range: Range, letter: string): Parsed<TimeConstraint> {
  const unit = AGE_UNITS[letter.toUpperCase()]
  if (unit === undefined) {
    return invalid(`unknown unit ${quoted(letter)} of AGE: write Y or M`)
  }
  if (isOpen(range)) return { ok: true, value: { kind: 'none' } }
  return { ok: true, value: { kind: 'age', age: { ...range, unit } } }
}

function elapsedConstraint(range: Range, letter: string): Parsed<TimeConstraint> {
  const unit = TIME_UNITS[letter.toUpperCase()]
  if (unit === undefined) {
    return invalid(`unknown unit ${quoted(letter)} of TIME: write Y, M, W or D`)
  }
  if (isOpen(range)) return { ok: true, value: { kind: 'none' } }
  for (const bound of [range.low, range.high]) {
    if (bound === null) continue
    if (bound < 0) {
      return invalid(`${bound} is in the future: TIME counts back from today, so write 0 or more`)
    }
    if (bound * MAX_DAYS[unit] > MAX_YEARS_BACK * 366) {
      return invalid(`${bound} ${unit}s is too long ago: the limit is ${MAX_YEARS_BACK} years`)
    }
  }
  return {
    ok: true,
    value: { kind: 'elapsed', elapsed: { atLeast: range.low, lessThan: range.high, unit } },
  }
}
