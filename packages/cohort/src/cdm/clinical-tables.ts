/** What a clinical table calls the columns that a rule looks at. */
export interface ClinicalTable {
  readonly table: ClinicalTableName
  readonly person: 'person_id'
  readonly concept: string
  readonly date: string
  /** `null` where the table has no number to compare with a range. */
  readonly value: 'value_as_number' | null
  /** Where the row comes from; a rule's `secondary_modifier` names these. */
  readonly type: string
}

export type ClinicalTableName =
  | 'measurement'
  | 'observation'
  | 'condition_occurrence'
  | 'drug_exposure'
  | 'procedure_occurrence'
  | 'specimen'

/**
 * The tables an event rule searches, all of them whatever its `varcat`: a concept can change its
 * domain, and thereby its table, from one release of the vocabularies to the next.
 */
export const CLINICAL_TABLES: readonly ClinicalTable[] = [
  {
    table: 'measurement',
    person: 'person_id',
    concept: 'measurement_concept_id',
    date: 'measurement_date',
    value: 'value_as_number',
    type: 'measurement_type_concept_id',
  },
  {
    table: 'observation',
    person: 'person_id',
    concept: 'observation_concept_id',
    date: 'observation_date',
    value: 'value_as_number',
    type: 'observation_type_concept_id',
  },
  {
    table: 'condition_occurrence',
    person: 'person_id',
    concept: 'condition_concept_id',
    date: 'condition_start_date',
    value: null,
    type: 'condition_type_concept_id',
  },
  {
    table: 'drug_exposure',
    person: 'person_id',
    concept: 'drug_concept_id',
    date: 'drug_exposure_start_date',
    value: null,
    type: 'drug_type_concept_id',
  },
  {
    table: 'procedure_occurrence',
    person: 'person_id',
    concept: 'procedure_concept_id',
    date: 'procedure_date',
    value: null,
    type: 'procedure_type_concept_id',
  },
  {
    table: 'specimen',
    person: 'person_id',
    concept: 'specimen_concept_id',
    date: 'specimen_date',
    value: null,
    type: 'specimen_type_concept_id',
  },
]

/** `specimen` is searched only where the site has enabled it. */
export function searchedTables(options: { readonly specimen: boolean }): readonly ClinicalTable[] {
  return options.specimen
    ? CLINICAL_TABLES
    : CLINICAL_TABLES.filter(({ table }) => table !== 'specimen')
}
