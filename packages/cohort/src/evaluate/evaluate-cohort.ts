import type { CdmData, ClinicalRow, LocationRow, PersonRow } from '../cdm/cdm-data.ts'
import { type ClinicalTable, searchedTables } from '../cdm/clinical-tables.ts'
import type {
  AgeRange,
  Cohort,
  CohortOptions,
  Elapsed,
  EventCriterion,
  LocationCriterion,
} from '../tree/cohort.ts'
import { ageAt, isWithin } from './within-range.ts'
import {
  type CalendarDate,
  formatIsoDate,
  localDate,
  minus,
  parseIsoDate,
} from './calendar-date.ts'
import { haversine, isOnEarth } from './haversine.ts'

export interface EvaluateSettings {
  /** "Today" is its local calendar date. */
  readonly now: Date
  readonly options: CohortOptions
}

/**
 * The IDs of the people in a cohort.
 *
 * This is the definition: a count from SQL is correct if it is the size of this set. It is written
 * for clarity and reads every row for every person, so use it for tests and small data only.
 */
export function evaluateCohort(
  cohort: Cohort,
  data: CdmData,
  { now, options }: EvaluateSettings,
): Set<number> {
  const evaluator = new Evaluator(data, localDate(now), options)
  const members = data.person.filter((person) => evaluator.holds(cohort, person))
  return new Set(members.map(({ person_id }) => person_id))
}

class Evaluator {
  readonly #data: CdmData
  readonly #today: CalendarDate
  readonly #tables: readonly ClinicalTable[]

  constructor(data: CdmData, today: CalendarDate, options: CohortOptions) {
    this.#data = data
    this.#today = today
    this.#tables = searchedTables(options)
  }

  holds(cohort: Cohort, person: PersonRow): boolean {
    switch (cohort.kind) {
      case 'everyone':
        return true
      case 'no-one':
        return false
      case 'all':
        return cohort.members.every((member) => this.holds(member, person))
      case 'any':
        return cohort.members.some((member) => this.holds(member, person))
      case 'not':
        return !this.holds(cohort.member, person)
      case 'demographic':
        return hasDemographic(person, cohort.concept)
      case 'age':
        return isWithin(ageAt(person, this.#today, cohort.age.unit), cohort.age)
      case 'event':
        return this.#tables.some((table) => this.#hasEvent(cohort, table, person))
      case 'location':
        return (this.#data.location ?? []).some((location) => livesNear(person, location, cohort))
      default:
        return cohort satisfies never
    }
  }

  #hasEvent(event: EventCriterion, table: ClinicalTable, person: PersonRow): boolean {
    return (this.#data[table.table] ?? []).some(
      (row) =>
        row[table.person] === person.person_id &&
        row[table.concept] === event.concept &&
        (event.value === null || isWithin(valueOf(row, table), event.value)) &&
        (event.ageAtEvent === null || isAged(person, dateOf(row, table), event.ageAtEvent)) &&
        (event.elapsed === null || this.#hasElapsed(dateOf(row, table), event.elapsed)) &&
        (event.provenance.length === 0 || event.provenance.some((id) => id === row[table.type])),
    )
  }

  #hasElapsed(date: string | null, { atLeast, lessThan, unit }: Elapsed): boolean {
    if (date === null) return false
    const cutOff = (count: number) => formatIsoDate(minus(this.#today, count, unit))
    return (
      (atLeast === null || date <= cutOff(atLeast)) &&
      (lessThan === null || date > cutOff(lessThan))
    )
  }
}

function hasDemographic(person: PersonRow, concept: number): boolean {
  if (concept === 0) return false
  return (
    person.gender_concept_id === concept ||
    person.race_concept_id === concept ||
    person.ethnicity_concept_id === concept
  )
}

function isAged(person: PersonRow, date: string | null, range: AgeRange): boolean {
  return date !== null && isWithin(ageAt(person, parseIsoDate(date), range.unit), range)
}

function livesNear(person: PersonRow, location: LocationRow, circle: LocationCriterion): boolean {
  const { location_id, latitude, longitude } = location
  if (location_id !== person.location_id || latitude === null || longitude === null) return false
  const home = { latitude, longitude }
  return isOnEarth(home) && haversine(circle, home) <= circle.radius
}

function valueOf(row: ClinicalRow, { value }: ClinicalTable): number | null {
  const cell = value === null ? null : row[value]
  return typeof cell === 'number' ? cell : null
}

function dateOf(row: ClinicalRow, { date }: ClinicalTable): string | null {
  const cell = row[date]
  return typeof cell === 'string' ? cell : null
}
