import type { CdmRowOf, EventTableName } from '@warren/cdm'

/** A row of `person`; `person_id` is its key. */
export type PersonRow = { readonly person_id: number } & Pick<
  CdmRowOf<'person'>,
  | 'gender_concept_id'
  | 'race_concept_id'
  | 'ethnicity_concept_id'
  | 'year_of_birth'
  | 'month_of_birth'
  | 'location_id'
>

/** A row of `location`; degrees. */
export type LocationRow = { readonly location_id: number } & Pick<
  CdmRowOf<'location'>,
  'latitude' | 'longitude'
>

/** A row of a table of events, by the column names of `CLINICAL_TABLES`; dates are `YYYY-MM-DD`. */
export interface ClinicalRow {
  readonly [column: string]: string | number | null | undefined
}

/** The part of an OMOP CDM that cohorts read, in memory; an absent table is empty. */
export type CdmData = {
  readonly person: readonly PersonRow[]
  readonly location?: readonly LocationRow[]
} & { readonly [table in EventTableName]?: readonly ClinicalRow[] }
