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
> &
  Partial<Pick<CdmRowOf<'person'>, 'day_of_birth'>>

/** A row of `location`; degrees. */
export type LocationRow = { readonly location_id: number } & Pick<
  CdmRowOf<'location'>,
  'latitude' | 'longitude'
>

/** A row of a table of events, by the column names of `CLINICAL_TABLES`; dates are `YYYY-MM-DD`. */
export interface ClinicalRow {
  readonly [column: string]: string | number | null | undefined
}

/** A row of `concept`, of which cohorts read the units. */
export type ConceptRow = { readonly concept_id: number } & Pick<
  CdmRowOf<'concept'>,
  'vocabulary_id' | 'concept_code'
>

/** A row of `concept_ancestor`. */
export type AncestorRow = Pick<
  CdmRowOf<'concept_ancestor'>,
  'ancestor_concept_id' | 'descendant_concept_id'
>

/** The part of an OMOP CDM that cohorts read, in memory; an absent table is empty. */
export type CdmData = {
  readonly person: readonly PersonRow[]
  readonly location?: readonly LocationRow[]
  readonly concept?: readonly ConceptRow[]
  readonly concept_ancestor?: readonly AncestorRow[]
} & { readonly [table in EventTableName]?: readonly ClinicalRow[] }
