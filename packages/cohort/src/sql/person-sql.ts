import type { CalendarDate } from '../evaluate/calendar-date.ts'
import type { AgeRange } from '../tree/cohort.ts'
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
): string {
  const born =
    unit === 'year'
      ? 'p.year_of_birth'
      : `p.year_of_birth * 12 + coalesce(p.month_of_birth, ${parts.whole(today.month)})`
  const now = unit === 'year' ? today.year : today.year * 12 + today.month
  const conditions: string[] = []
  if (low !== null) conditions.push(`${born} <= ${parts.whole(now - low)}`)
  if (high !== null) conditions.push(`${born} >= ${parts.whole(now - high)}`)
  return conditions.length > 0 ? conditions.join(' and ') : `${born} is not null`
}
