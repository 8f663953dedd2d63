/** The names that a clinical table gives to the columns rules compare. */
export interface ClinicalTable {
  readonly table: ClinicalTableName
  readonly person: 'person_id'
  readonly concept: string
  readonly date: string
  /** `null` if the table has no number to compare with a range. */
  readonly value: 'value_as_number' | null
  /** The origin of the row, which a rule's `secondary_modifier` constrains. */
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
 * The tables an event rule searches, whatever its `varcat`: a concept can change its domain, and
 * with it its table, between two releases of the vocabularies.
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

/** Leaves out `specimen` unless the site has enabled it. */
export function searchedTables(options: { readonly specimen: boolean }): readonly ClinicalTable[] {
  return options.specimen
    ? CLINICAL_TABLES
    : CLINICAL_TABLES.filter(({ table }) => table !== 'specimen')
}
