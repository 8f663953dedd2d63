/** What a column has to be comparable with; sites differ in `integer`/`bigint`/`numeric` and `date`/`timestamp`. */
export type ColumnFamily = 'number' | 'date' | 'text'

export interface RequiredColumn {
  readonly name: string
  readonly family: ColumnFamily
  /** The few questions that read it, where all others can be answered without. */
  readonly onlyFor?: string
}

export interface RequiredTable {
  readonly name: string
  /** Read only when the site enabled it. */
  readonly onlyIf?: 'specimen' | 'location'
  /** Every question looks rows up by this column: without an index on it each one scans the table. */
  readonly lookup?: string
  /** A CDM without a single row here answers every question with 0. */
  readonly mustHaveRows?: true
  readonly columns: readonly RequiredColumn[]
}

const numbers = (...names: string[]): RequiredColumn[] =>
  names.map((name) => ({ name, family: 'number' }))
const dates = (...names: string[]): RequiredColumn[] =>
  names.map((name) => ({ name, family: 'date' }))
const texts = (...names: string[]): RequiredColumn[] =>
  names.map((name) => ({ name, family: 'text' }))

/** `secondary_modifier` is looked for in each searched table's own type concept. */
const types = (name: string): RequiredColumn => ({
  name,
  family: 'number',
  onlyFor: 'questions with a secondary_modifier',
})

/** Every table and column that answering a task reads, and nothing else: a site may hide the rest of its CDM from us. */
export const REQUIRED_TABLES: readonly RequiredTable[] = [
  {
    name: 'concept',
    lookup: 'concept_id',
    mustHaveRows: true,
    columns: [...numbers('concept_id'), ...texts('concept_name', 'domain_id')],
  },
  {
    name: 'person',
    lookup: 'person_id',
    mustHaveRows: true,
    columns: [
      ...numbers(
        'person_id',
        'gender_concept_id',
        'year_of_birth',
        'race_concept_id',
        'ethnicity_concept_id',
      ),
      { name: 'month_of_birth', family: 'number', onlyFor: 'questions with an age in months' },
    ],
  },
  {
    name: 'condition_occurrence',
    lookup: 'condition_concept_id',
    columns: [
      ...numbers('person_id', 'condition_concept_id'),
      ...dates('condition_start_date'),
      types('condition_type_concept_id'),
    ],
  },
  {
    name: 'drug_exposure',
    lookup: 'drug_concept_id',
    columns: [
      ...numbers('person_id', 'drug_concept_id'),
      ...dates('drug_exposure_start_date'),
      types('drug_type_concept_id'),
    ],
  },
  {
    name: 'procedure_occurrence',
    lookup: 'procedure_concept_id',
    columns: [
      ...numbers('person_id', 'procedure_concept_id'),
      ...dates('procedure_date'),
      types('procedure_type_concept_id'),
    ],
  },
  {
    name: 'measurement',
    lookup: 'measurement_concept_id',
    columns: [
      ...numbers('person_id', 'measurement_concept_id', 'value_as_number'),
      ...dates('measurement_date'),
      types('measurement_type_concept_id'),
    ],
  },
  {
    name: 'observation',
    lookup: 'observation_concept_id',
    columns: [
      ...numbers('person_id', 'observation_concept_id', 'value_as_number'),
      ...dates('observation_date'),
      types('observation_type_concept_id'),
    ],
  },
  {
    name: 'specimen',
    onlyIf: 'specimen',
    lookup: 'specimen_concept_id',
    columns: [
      ...numbers('person_id', 'specimen_concept_id'),
      ...dates('specimen_date'),
      types('specimen_type_concept_id'),
    ],
  },
  {
    name: 'location',
    onlyIf: 'location',
    columns: numbers('location_id', 'latitude', 'longitude'),
  },
]

/** A column of one required table that is read only when another, optional one is enabled. */
export const LOCATION_OF_PERSON: RequiredColumn = { name: 'location_id', family: 'number' }
