import { type ClinicalTable, searchedTables } from '../cdm/clinical-tables.ts'
import { AGE_SCALE, LARGEST_NUMBER } from '../evaluate/within-range.ts'
import { type CalendarDate, formatIsoDate, minus, plusDays } from '../evaluate/calendar-date.ts'
import type { AgeRange, Elapsed, Range } from '../tree/cohort.ts'
import { type CohortOptions, hasColumn } from '../tree/cohort-options.ts'
import { isConceptId } from '../tree/concept-id.ts'
import type { EventAlternative, EventSearch } from './condition.ts'
import { birthPointSql, hasExactAges } from './person-sql.ts'
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
  const writer = new EventSearchWriter(parts, today, options)
  const selects = search.alternatives.flatMap((alternative) =>
    searchedTables(options, alternative.only)
      .filter((table) => alternative.value === null || table.value !== null)
      .filter((table) => alternative.unit === undefined || hasUnit(table))
      .map((table) => writer.select(alternative, table)),
  )
  // Without a table to search, no one is found.
  return selects.length > 0
    ? selects.join('\nunion\n')
    : `select p.person_id from ${parts.table('person')} p where 1 = 0`
}

class EventSearchWriter {
  readonly #parts: StatementParts
  readonly #today: CalendarDate
  readonly #options: CohortOptions

  constructor(parts: StatementParts, today: CalendarDate, options: CohortOptions) {
    this.#parts = parts
    this.#today = today
    this.#options = options
  }

  select(search: EventAlternative, table: ClinicalTable): string {
    const parts = this.#parts
    const { value, elapsed, ageAtEvent, provenance, unit } = search
    const conditions = [this.#concepts(`e.${table.concept}`, search.concepts)]
    if (value !== null && table.value !== null) {
      conditions.push(valueSql(`e.${table.value}`, value, parts))
    }
    if (unit !== undefined) conditions.push(unitSql(unit, table, parts, this.#options))
    const dated = elapsed !== null || ageAtEvent !== null
    if (dated) {
      const date = dateSql('e', table)
      if (elapsed !== null) conditions.push(...elapsedSql(date, elapsed, parts, this.#today))
      if (ageAtEvent !== null) conditions.push(this.#age(date, ageAtEvent))
      conditions.push(
        `${date} < ${parts.date(formatIsoDate(plusDays(this.#today, 1)))}`,
        this.#notBeforeBirth(date),
      )
    }
    if (provenance.length > 0) conditions.push(oneOf(`e.${table.type}`, provenance, parts))
    const lines = [`select e.${table.person} from ${parts.table(table.table)} e`]
    if (dated) lines.push(`join ${parts.table('person')} b on b.person_id = e.${table.person}`)
    return [...lines, `where ${conditions.join('\n  and ')}`].join('\n')
  }

  #concepts(column: string, concepts: readonly number[]): string {
    const these = oneOf(column, concepts, this.#parts)
    if (this.#options.descendants !== true) return these
    const ancestors = oneOf('a.ancestor_concept_id', concepts, this.#parts)
    const descendants = `select a.descendant_concept_id from ${this.#parts.table('concept_ancestor')} a where ${ancestors}`
    return `(${these} or ${column} in (${descendants}))`
  }

  #age(date: string, { low, high, unit }: AgeRange): string {
    const parts = this.#parts
    const year = parts.dialect.datePart('year', date)
    const month = parts.dialect.datePart('month', date)
    if (hasExactAges(this.#options)) {
      const day = parts.dialect.datePart('day', date)
      const at =
        unit === 'year'
          ? `${year} * 10000 + ${month} * 100 + ${day}`
          : `(${year} * 12 + ${month}) * 100 + ${day}`
      const age = `${at} - ${birthPointSql('b', unit, month, day)}`
      const scale = AGE_SCALE[unit]
      const conditions: string[] = []
      if (low !== null) conditions.push(`${age} >= ${parts.whole(low * scale)}`)
      if (high !== null) conditions.push(`${age} < ${parts.whole((high + 1) * scale)}`)
      return conditions.length > 0 ? conditions.join(' and ') : `${age} is not null`
    }
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

  /** An unknown birth excludes no event. */
  #notBeforeBirth(date: string): string {
    const { dialect } = this.#parts
    const part = (name: 'year' | 'month' | 'day') => dialect.datePart(name, date)
    const event = `${part('year')} * 10000 + ${part('month')} * 100 + ${part('day')}`
    const day = hasColumn(this.#options, 'person', 'day_of_birth')
      ? 'coalesce(b.day_of_birth, 1)'
      : '1'
    const birthday = !hasColumn(this.#options, 'person', 'month_of_birth')
      ? '101'
      : `case when b.month_of_birth is null then 101 else b.month_of_birth * 100 + ${day} end`
    return `(b.year_of_birth is null or ${event} >= b.year_of_birth * 10000 + ${birthday})`
  }
}

/** The day of an event: its date, or that of its datetime if the date is missing. */
export function dateSql(alias: string, { date, datetime }: ClinicalTable): string {
  return datetime === null
    ? `${alias}.${date}`
    : `coalesce(${alias}.${date}, cast(${alias}.${datetime} as date))`
}

function hasUnit({ unit, unitText }: ClinicalTable): boolean {
  return unit !== null || unitText !== null
}

/** The source system's own text counts if the row has no concept of a unit. */
function unitSql(
  unit: string,
  { unit: column, unitText }: ClinicalTable,
  parts: StatementParts,
  options: CohortOptions,
): string {
  const conditions: string[] = []
  if (column !== null && isConceptId(unit)) {
    conditions.push(`e.${column} = ${parts.whole(Number(unit))}`)
  } else if (column !== null && hasUnitCodes(options)) {
    conditions.push(
      `e.${column} in (select u.concept_id from ${parts.table('concept')} u where u.vocabulary_id = 'UCUM' and u.concept_code = ${parts.text(unit)})`,
    )
  }
  if (unitText !== null && !isConceptId(unit)) {
    const text = `e.${unitText} = ${parts.text(unit)}`
    conditions.push(column === null ? text : `(coalesce(e.${column}, 0) = 0 and ${text})`)
  }
  return conditions.length > 0 ? `(${conditions.join(' or ')})` : '1 = 0'
}

function hasUnitCodes(options: CohortOptions): boolean {
  return (
    hasColumn(options, 'concept', 'vocabulary_id') && hasColumn(options, 'concept', 'concept_code')
  )
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
