import { type ClinicalTable, searchedTables } from '../cdm/clinical-tables.ts'
import { LARGEST_NUMBER } from '../evaluate/within-range.ts'
import { type CalendarDate, formatIsoDate, minus, plusDays } from '../evaluate/calendar-date.ts'
import type { AgeRange, CohortOptions, Elapsed, Range } from '../tree/cohort.ts'
import type { EventAlternative, EventSearch } from './condition.ts'
import type { StatementParts } from './statement-parts.ts'

/**
 * Selects the distinct IDs of the people with such an event. IDs that are not in `person` are
 * included; the join drops them.
 */
export function eventSearchSql(
  search: EventSearch,
  parts: StatementParts,
  today: CalendarDate,
  options: CohortOptions,
): string {
  const selects = search.alternatives.flatMap((alternative) =>
    searchedTables(options)
      .filter((table) => alternative.value === null || table.value !== null)
      .map((table) => tableSql(alternative, table, parts, today)),
  )
  return selects.join('\nunion\n')
}

function tableSql(
  search: EventAlternative,
  table: ClinicalTable,
  parts: StatementParts,
  today: CalendarDate,
): string {
  const date = `e.${table.date}`
  const conditions = [oneOf(`e.${table.concept}`, search.concepts, parts)]
  if (search.value !== null && table.value !== null) {
    conditions.push(valueSql(`e.${table.value}`, search.value, parts))
  }
  if (search.elapsed !== null) conditions.push(...elapsedSql(date, search.elapsed, parts, today))
  if (search.ageAtEvent !== null) conditions.push(ageSql(date, search.ageAtEvent, parts))
  if (search.provenance.length > 0) {
    conditions.push(oneOf(`e.${table.type}`, search.provenance, parts))
  }
  const lines = [`select e.${table.person} from ${parts.table(table.table)} e`]
  if (search.ageAtEvent !== null) {
    lines.push(`join ${parts.table('person')} b on b.person_id = e.${table.person}`)
  }
  return [...lines, `where ${conditions.join('\n  and ')}`].join('\n')
}

function oneOf(column: string, concepts: readonly number[], parts: StatementParts): string {
  const list = concepts.map((concept) => parts.whole(concept))
  return list.length === 1 ? `${column} = ${list[0]}` : `${column} in (${list.join(', ')})`
}

/** Finite bounds in place of open ends exclude NaN too, which sorts above every number. */
function valueSql(column: string, { low, high }: Range, parts: StatementParts): string {
  const from = parts.decimal(low ?? -LARGEST_NUMBER)
  const to = parts.decimal(high ?? LARGEST_NUMBER)
  return `${column} between ${from} and ${to}`
}

/**
 * Compares with the day after the cut-off: "before the next day" includes the whole cut-off day even
 * if a site's date column is a timestamp.
 */
function elapsedSql(
  date: string,
  { atLeast, lessThan, unit }: Elapsed,
  parts: StatementParts,
  today: CalendarDate,
): string[] {
  const dayAfterCutOff = (count: number) =>
    parts.date(formatIsoDate(plusDays(minus(today, count, unit), 1)))
  const conditions: string[] = []
  if (atLeast !== null) conditions.push(`${date} < ${dayAfterCutOff(atLeast)}`)
  if (lessThan !== null) conditions.push(`${date} >= ${dayAfterCutOff(lessThan)}`)
  return conditions.length > 0 ? conditions : [`${date} is not null`]
}

function ageSql(date: string, { low, high, unit }: AgeRange, parts: StatementParts): string {
  const year = parts.dialect.datePart('year', date)
  const month = parts.dialect.datePart('month', date)
  const years = `${year} - b.year_of_birth`
  const age =
    unit === 'year' ? years : `(${years}) * 12 + ${month} - coalesce(b.month_of_birth, ${month})`
  if (low !== null && high !== null) {
    return `${age} between ${parts.whole(low)} and ${parts.whole(high)}`
  }
  if (low !== null) return `${age} >= ${parts.whole(low)}`
  if (high !== null) return `${age} <= ${parts.whole(high)}`
  return `${age} is not null`
}
