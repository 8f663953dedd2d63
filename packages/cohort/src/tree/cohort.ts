/**
 * A cohort: which persons are meant.
 *
 * Every node is a plain yes or no for each row of `person`. What is unknown (no year of birth, no
 * date, no value, no coordinates) satisfies no constraint, so that `not` of the constraint holds for
 * it: there is no third answer.
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

/** In every member; without members: everybody. */
export interface AllOf {
  readonly kind: 'all'
  readonly members: readonly Cohort[]
}

/** In at least one member; without members: nobody. */
export interface AnyOf {
  readonly kind: 'any'
  readonly members: readonly Cohort[]
}

/** Every person of `person` who is not in `member`. */
export interface Not {
  readonly kind: 'not'
  readonly member: Cohort
}

/** Gender, race or ethnicity is this concept. Concept 0 ("no matching concept") is nobody's. */
export interface DemographicCriterion {
  readonly kind: 'demographic'
  readonly concept: number
}

/** Age today. */
export interface AgeCriterion {
  readonly kind: 'age'
  readonly age: AgeRange
}

/** At least one row, in one of the clinical tables, that satisfies all of this at once. */
export interface EventCriterion {
  readonly kind: 'event'
  readonly concept: number
  /** The row's `value_as_number`; tables without that column have no such row. `null`: no matter. */
  readonly value: Range | null
  readonly ageAtEvent: AgeRange | null
  readonly elapsed: Elapsed | null
  /** The row's own `*_type_concept_id` is one of these; empty: no matter. */
  readonly provenance: readonly number[]
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

/** Whole units counted on the calendar: `year` from year_of_birth, `month` from month_of_birth too. */
export interface AgeRange extends Range {
  readonly unit: 'year' | 'month'
}

/** How long ago, in whole units back from today; `null` is an open end. */
export interface Elapsed {
  /** The event's date is on or before today minus this. */
  readonly atLeast: number | null
  /** The event's date is after today minus this. */
  readonly lessThan: number | null
  readonly unit: ElapsedUnit
}

export type ElapsedUnit = 'year' | 'month' | 'week' | 'day'

/** Which optional tables a site lets us read. */
export interface CohortOptions {
  readonly specimen: boolean
  readonly location: boolean
}

export const EVERYONE: Everyone = Object.freeze({ kind: 'everyone' })
export const NO_ONE: NoOne = Object.freeze({ kind: 'no-one' })
