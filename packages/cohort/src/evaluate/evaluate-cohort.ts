import type { CdmData, ClinicalRow, LocationRow, PersonRow } from '../cdm/cdm-data.ts'
import { CLINICAL_TABLES, type ClinicalTable, searchedTables } from '../cdm/clinical-tables.ts'
import type {
  AgeRange,
  Cohort,
  CohortOptions,
  Elapsed,
  EventCriterion,
  LocationCriterion,
} from '../tree/cohort.ts'
import { isConceptId } from '../tree/concept-id.ts'
import { ageAt, isBeforeBirth, isWithin } from './within-range.ts'
import {
  type CalendarDate,
  formatIsoDate,
  localDate,
  minus,
  parseIsoDate,
} from './calendar-date.ts'
import { haversine, isOnEarth } from './haversine.ts'

export interface EvaluateSettings {
  /** "Today" is its calendar date in `timeZone`; absent: in the zone of this process. */
  readonly now: Date
  readonly timeZone?: string
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
  { now, timeZone, options }: EvaluateSettings,
): Set<number> {
  const evaluator = new Evaluator(data, localDate(now, timeZone), options)
  const members = data.person.filter(
    (person) => evaluator.holds(cohort, person) && !evaluator.leavesOut(person),
  )
  return new Set(members.map(({ person_id }) => person_id))
}

class Evaluator {
  readonly #data: CdmData
  readonly #today: CalendarDate
  readonly #options: CohortOptions

  constructor(data: CdmData, today: CalendarDate, options: CohortOptions) {
    this.#data = data
    this.#today = today
    this.#options = options
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
        return isWithin(this.#age(person, this.#today, cohort.age.unit), cohort.age)
      case 'event':
        return searchedTables(this.#options, cohort.only).some((table) =>
          this.#hasEvent(cohort, table, person),
        )
      case 'location':
        return (this.#data.location ?? []).some((location) => livesNear(person, location, cohort))
      default:
        return cohort satisfies never
    }
  }

  leavesOut(person: PersonRow): boolean {
    if (this.#options.withoutDead !== true) return false
    const [death] = CLINICAL_TABLES.filter(({ table }) => table === 'death')
    const today = formatIsoDate(this.#today)
    return (this.#data.death ?? []).some((row) => {
      const date = death === undefined ? null : dateOf(row, death)
      return row['person_id'] === person.person_id && (date === null || date < today)
    })
  }

  #hasEvent(event: EventCriterion, table: ClinicalTable, person: PersonRow): boolean {
    return (this.#data[table.table] ?? []).some((row) => {
      const date = dateOf(row, table)
      return (
        row[table.person] === person.person_id &&
        this.#isConcept(row[table.concept], event.concept) &&
        (event.value === null || isWithin(valueOf(row, table), event.value)) &&
        (event.unit === undefined || this.#isUnit(row, table, event.unit)) &&
        (event.ageAtEvent === null || this.#isAged(person, date, event.ageAtEvent)) &&
        (event.elapsed === null || this.#hasElapsed(person, date, event.elapsed)) &&
        (event.provenance.length === 0 || event.provenance.some((id) => id === row[table.type]))
      )
    })
  }

  #isConcept(cell: ClinicalRow[string], concept: number): boolean {
    if (cell === concept) return true
    return (
      this.#options.descendants === true &&
      typeof cell === 'number' &&
      (this.#data.concept_ancestor ?? []).some(
        (row) => row.ancestor_concept_id === concept && row.descendant_concept_id === cell,
      )
    )
  }

  #isUnit(row: ClinicalRow, table: ClinicalTable, unit: string): boolean {
    const concept = table.unit === null ? null : (row[table.unit] ?? null)
    if (isConceptId(unit)) return concept === Number(unit)
    if (table.unitText !== null && (concept ?? 0) === 0) return row[table.unitText] === unit
    return (this.#data.concept ?? []).some(
      ({ concept_id, vocabulary_id, concept_code }) =>
        concept_id === concept && vocabulary_id === 'UCUM' && concept_code === unit,
    )
  }

  #age(person: PersonRow, date: CalendarDate, unit: AgeRange['unit']): number | null {
    return ageAt(person, date, unit, this.#options.exactAges === true)
  }

  #isAged(person: PersonRow, date: string | null, range: AgeRange): boolean {
    if (date === null || !this.#isInLife(person, date)) return false
    return isWithin(this.#age(person, parseIsoDate(date), range.unit), range)
  }

  /** Not after today, and not before birth. */
  #isInLife(person: PersonRow, date: string): boolean {
    return date <= formatIsoDate(this.#today) && !isBeforeBirth(parseIsoDate(date), person)
  }

  #hasElapsed(
    person: PersonRow,
    date: string | null,
    { atLeast, lessThan, unit }: Elapsed,
  ): boolean {
    if (date === null || !this.#isInLife(person, date)) return false
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

/** The date, or that of the datetime if the date is missing. */
function dateOf(row: ClinicalRow, { date, datetime }: ClinicalTable): string | null {
  const cell = row[date] ?? (datetime === null ? null : row[datetime])
  return typeof cell === 'string' ? cell.slice(0, 10) : null
}
