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
const ROUGH_DAYS: { readonly [unit in ElapsedUnit]: number } = {
  year: 366,
  month: 31,
  week: 7,
  day: 1,
}
/** No record is older, and a cut date stays inside every database's calendar. */
const MAX_YEARS_BACK = 1_000

/**
 * Reads a rule's `time`: `LOW|HIGH:AGE:UNIT` or `LOW|HIGH:TIME:UNIT`, where a value without a bar is
 * the lower bound. Empty text, and a bar with nothing on either side, constrain nothing.
 */
export function parseTimeConstraint(text: string): Parsed<TimeConstraint> {
  if (text.trim() === '') return { ok: true, value: { kind: 'none' } }
  const [bounds, category, unit, ...rest] = text.split(':').map((part) => part.trim())
  if (!bounds || category === undefined || unit === undefined || rest.length > 0) {
    return invalid(`${quoted(text)} is not understood: write for example 50|:AGE:Y or |6:TIME:M`)
  }
  const [low, high = '', ...more] = bounds.split('|')
  if (low === undefined || more.length > 0) {
    return invalid(`${quoted(bounds)} is not a range: write LOW|HIGH, with an open side empty`)
  }
  const range = parseBounds(low, high)
  const whole = range.ok ? requireWhole(range.value) : range
  if (!whole.ok) return whole
  if (isInverted(whole.value)) {
    return invalid(`${quoted(bounds)} is upside down: write the smaller bound first`)
  }
  switch (category.toUpperCase()) {
    case 'AGE':
      return ageConstraint(whole.value, unit)
    case 'TIME':
      return elapsedConstraint(whole.value, unit)
    default:
      return invalid(`${quoted(category)} is not understood: write AGE or TIME`)
  }
}

function ageConstraint(range: Range, letter: string): Parsed<TimeConstraint> {
  const unit = AGE_UNITS[letter.toUpperCase()]
  if (unit === undefined) {
    return invalid(`unit ${quoted(letter)} is not understood: an AGE is counted in Y or M`)
  }
  if (isOpen(range)) return { ok: true, value: { kind: 'none' } }
  return { ok: true, value: { kind: 'age', age: { ...range, unit } } }
}

function elapsedConstraint(range: Range, letter: string): Parsed<TimeConstraint> {
  const unit = TIME_UNITS[letter.toUpperCase()]
  if (unit === undefined) {
    return invalid(`unit ${quoted(letter)} is not understood: a TIME is counted in Y, M, W or D`)
  }
  if (isOpen(range)) return { ok: true, value: { kind: 'none' } }
  for (const bound of [range.low, range.high]) {
    if (bound === null) continue
    if (bound < 0) {
      return invalid(`${bound} is in the future: count units back from today, 0 or more`)
    }
    if (bound * ROUGH_DAYS[unit] > MAX_YEARS_BACK * 366) {
      return invalid(`${bound} reaches back too far: at most ${MAX_YEARS_BACK} years`)
    }
  }
  return {
    ok: true,
    value: { kind: 'elapsed', elapsed: { atLeast: range.low, lessThan: range.high, unit } },
  }
}
