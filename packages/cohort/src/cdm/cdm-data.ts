import type { ClinicalTableName } from './clinical-tables.ts'

/** A row of `person`; `person_id` is its key. */
export interface PersonRow {
  readonly person_id: number
  readonly gender_concept_id: number | null
  readonly race_concept_id: number | null
  readonly ethnicity_concept_id: number | null
  readonly year_of_birth: number | null
  /** 1 to 12. */
  readonly month_of_birth: number | null
  readonly location_id: number | null
}

/** A row of `location`; degrees. */
export interface LocationRow {
  readonly location_id: number
  readonly latitude: number | null
  readonly longitude: number | null
}

/** A row of a clinical table, by the column names of `CLINICAL_TABLES`; dates are `YYYY-MM-DD`. */
export interface ClinicalRow {
  readonly [column: string]: string | number | null | undefined
}

/** The part of an OMOP CDM that cohorts read, in memory; an absent table is empty. */
export type CdmData = {
  readonly person: readonly PersonRow[]
  readonly location?: readonly LocationRow[]
} & { readonly [table in ClinicalTableName]?: readonly ClinicalRow[] }
