import type { CalendarDate } from '../evaluate/calendar-date.ts'
import type { AgeRange } from '../tree/cohort.ts'
import { type CohortOptions, hasColumn } from '../tree/cohort-options.ts'
import { AGE_SCALE, datePoint } from '../evaluate/within-range.ts'
import type { StatementParts } from './statement-parts.ts'

/** A predicate on row `p` of `person`; unknown (NULL) counts as false. */
export function demographicSql(concept: number, parts: StatementParts): string {
  const columns = ['p.gender_concept_id', 'p.race_concept_id', 'p.ethnicity_concept_id']
  return `${parts.whole(concept)} in (${columns.join(', ')})`
}

/** Does the arithmetic here, so that the database only compares columns with values. */
export function ageSql(
  { low, high, unit }: AgeRange,
  parts: StatementParts,
  today: CalendarDate,
  options: CohortOptions,
): string {
  if (low === null && high === null) return 'p.year_of_birth is not null'
  const conditions: string[] = []
  if (hasExactAges(options)) {
    const born = birthPointSql('p', unit, String(today.month), String(today.day))
    const now = datePoint(today, unit)
    const scale = AGE_SCALE[unit]
    if (low !== null) conditions.push(`${born} <= ${parts.whole(now - low * scale)}`)
    if (high !== null) conditions.push(`${born} > ${parts.whole(now - (high + 1) * scale)}`)
  } else {
    const born =
      unit === 'year'
        ? 'p.year_of_birth'
        : `p.year_of_birth * 12 + coalesce(p.month_of_birth, ${parts.whole(today.month)})`
    const now = unit === 'year' ? today.year : today.year * 12 + today.month
    if (low !== null) conditions.push(`${born} <= ${parts.whole(now - low)}`)
    if (high !== null) conditions.push(`${born} >= ${parts.whole(now - high)}`)
  }
  return conditions.join(' and ')
}

/** Without a column for it, no day of birth is known. */
export function hasExactAges(options: CohortOptions): boolean {
  return (
    options.exactAges === true &&
    hasColumn(options, 'person', 'month_of_birth') &&
    hasColumn(options, 'person', 'day_of_birth')
  )
}

/** `datePoint` of a birth. Without a full date, the month and day at which the age is asked for, so that years count. */
export function birthPointSql(
  alias: string,
  unit: AgeRange['unit'],
  month: string,
  day: string,
): string {
  const [y, m, d] = [`${alias}.year_of_birth`, `${alias}.month_of_birth`, `${alias}.day_of_birth`]
  return unit === 'year'
    ? `case when ${m} is null or ${d} is null then ${y} * 10000 + ${month} * 100 + ${day} else ${y} * 10000 + ${m} * 100 + ${d} end`
    : `case when ${m} is null or ${d} is null then (${y} * 12 + coalesce(${m}, ${month})) * 100 + ${day} else (${y} * 12 + ${m}) * 100 + ${d} end`
}
