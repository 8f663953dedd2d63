/** The kind of values a column is compared with. Sites use different types for it, such as `integer` and `bigint`. */
export type ColumnFamily = 'number' | 'date' | 'text'

export interface RequiredColumn {
  readonly name: string
  readonly family: ColumnFamily
  /** The few tasks that read the column, if all others work without it. */
  readonly onlyFor?: string
}

export interface RequiredTable {
  readonly name: string
  /** Read only if the site enables it. */
  readonly onlyIf?: 'specimen' | 'location'
  /** Tasks look up rows by this column. Without an index on it each task scans the table. */
  readonly lookup?: string
  /** If the table is empty, each count is 0. */
  readonly mustHaveRows?: true
  readonly columns: readonly RequiredColumn[]
}

const numbers = (...names: string[]): RequiredColumn[] =>
  names.map((name) => ({ name, family: 'number' }))
const dates = (...names: string[]): RequiredColumn[] =>
  names.map((name) => ({ name, family: 'date' }))
const texts = (...names: string[]): RequiredColumn[] =>
  names.map((name) => ({ name, family: 'text' }))

/** `secondary_modifier` is compared with the type concept of each table. */
const types = (name: string): RequiredColumn => ({
  name,
  family: 'number',
  onlyFor: 'tasks with a secondary_modifier',
})

/** All tables and columns that tasks read. The database user needs access to these only. */
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
      { name: 'month_of_birth', family: 'number', onlyFor: 'tasks with an age in months' },
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

/** The column of `person` that is needed only if the table `location` is enabled. */
export const LOCATION_OF_PERSON: RequiredColumn = { name: 'location_id', family: 'number' }
