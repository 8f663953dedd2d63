import type { CohortMessage } from './cohort-message.ts'
import type { JsonObject } from './json/json-object.ts'

/** Asks for one number of people. */
export interface AvailabilityTask {
  readonly kind: 'availability'
  readonly uuid: string
  readonly collection: string
  readonly owner: string
  readonly cohort: CohortMessage
  readonly raw: JsonObject
}

/** Asks for counts by code (GENERIC) or by age and sex (DEMOGRAPHICS). */
export interface DistributionTask {
  readonly kind: 'distribution'
  readonly uuid: string
  readonly collection: string
  readonly owner: string
  /** `DISTRIBUTION`, `PHEWAS`, ... */
  readonly analysis: string
  /** `GENERIC`, `DEMOGRAPHICS`, `ICD-MAIN`, or "". */
  readonly code: string
  readonly raw: JsonObject
}

export type Task = AvailabilityTask | DistributionTask
