import type { EventTableName } from '@warren/cdm'

export type { CohortOptions } from './cohort-options.ts'

/**
 * The set of people a question describes.
 *
 * Every part of it is true or false for each row of `person`. An unknown (no year of birth, date,
 * value or coordinates) satisfies no constraint, so `not` of the constraint is true for it: there is
 * no third truth value.
 */
export type Cohort =
  | Everyone
  | NoOne
  | AllOf
  | AnyOf
  | Not
  | DemographicCriterion
  | AgeCriterion
  | EventCriterion
  | LocationCriterion

export interface Everyone {
  readonly kind: 'everyone'
}

export interface NoOne {
  readonly kind: 'no-one'
}

/** In every member; without members: everyone. */
export interface AllOf {
  readonly kind: 'all'
  readonly members: readonly Cohort[]
}

/** In at least one member; without members: no one. */
export interface AnyOf {
  readonly kind: 'any'
  readonly members: readonly Cohort[]
}

/** Everyone in `person` who is not in `member`. */
export interface Not {
  readonly kind: 'not'
  readonly member: Cohort
}

/** Gender, race or ethnicity is this concept. Concept 0 ("no matching concept") matches no one. */
export interface DemographicCriterion {
  readonly kind: 'demographic'
  readonly concept: number
}

/** Age today. */
export interface AgeCriterion {
  readonly kind: 'age'
  readonly age: AgeRange
}

/**
 * At least one row in one of the clinical tables satisfies all of these constraints. An event after today or before birth
 * satisfies neither `ageAtEvent` nor `elapsed`.
 */
export interface EventCriterion {
  readonly kind: 'event'
  readonly concept: number
  /** Range of `value_as_number`; rows of tables without that column never match. `null`: any value. */
  readonly value: Range | null
  readonly ageAtEvent: AgeRange | null
  readonly elapsed: Elapsed | null
  /** The row's own `*_type_concept_id` is one of these; empty: any. */
  readonly provenance: readonly number[]
  /** The unit of the value: a UCUM code, or the digits of a concept ID. Absent: any. */
  readonly unit?: string
  /** The one table to search. Absent: all that are not separate. */
  readonly only?: EventTableName
}

/** Lives within a great-circle distance of a point. */
export interface LocationCriterion {
  readonly kind: 'location'
  /** Degrees, -90 to 90. */
  readonly latitude: number
  /** Degrees, -180 to 180. */
  readonly longitude: number
  /** Metres, the boundary included. */
  readonly radius: number
}

/** Both ends included; `null` is an open end. */
export interface Range {
  readonly low: number | null
  readonly high: number | null
}

/** Whole calendar units: `year` uses year_of_birth only, `month` uses month_of_birth too. */
export interface AgeRange extends Range {
  readonly unit: 'year' | 'month'
}

/** Time since the event, in whole units back from today; `null` is an open end. */
export interface Elapsed {
  /** The event's date is on or before today minus this. */
  readonly atLeast: number | null
  /** The event's date is after today minus this. */
  readonly lessThan: number | null
  readonly unit: ElapsedUnit
}

export type ElapsedUnit = 'year' | 'month' | 'week' | 'day'

export const EVERYONE: Everyone = Object.freeze({ kind: 'everyone' })
export const NO_ONE: NoOne = Object.freeze({ kind: 'no-one' })
