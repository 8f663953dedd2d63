/**
 * `id`: 64-bit, because sites hash their keys. `concept`: 32-bit, as in the vocabulary. `number`: decimal. `timestamp`:
 * wall-clock time without a zone.
 */
export type CdmType = 'id' | 'concept' | 'integer' | 'number' | 'date' | 'timestamp' | 'text'

export interface CdmColumn {
  readonly name: string
  readonly type: CdmType
  /** Whether a row without a value is rejected. Fewer columns than are `NOT NULL` in the CDM: exports leave many empty. */
  readonly required: boolean
}

export interface CdmTable {
  readonly name: string
  readonly columns: readonly CdmColumn[]
  /** Name of the column that must be unique. */
  readonly key?: string
  readonly indexes: readonly { readonly name: string; readonly columns: readonly string[] }[]
}

/** A type, with `!` if a value is required. */
const NOTATIONS = {
  id: ['id', false],
  'id!': ['id', true],
  concept: ['concept', false],
  'concept!': ['concept', true],
  integer: ['integer', false],
  'integer!': ['integer', true],
  number: ['number', false],
  date: ['date', false],
  'date!': ['date', true],
  timestamp: ['timestamp', false],
  text: ['text', false],
  'text!': ['text', true],
} as const satisfies Record<string, readonly [CdmType, boolean]>

type Columns = Readonly<Record<string, keyof typeof NOTATIONS>>

function table(
  name: string,
  columns: Columns,
  options: { key?: string; indexes?: Readonly<Record<string, readonly string[]>> } = {},
): CdmTable {
  return {
    name,
    columns: Object.entries(columns).map(([column, notation]) => {
      const [type, required] = NOTATIONS[notation]
      return { name: column, type, required }
    }),
    ...(options.key === undefined ? {} : { key: options.key }),
    indexes: Object.entries(options.indexes ?? {}).map(([index, indexed]) => ({
      name: index,
      columns: indexed,
    })),
  }
}

/**
 * Tasks look up which people have a concept. With `person_id` in the index, PostgreSQL does not read the table itself. The
 * names are those of the CDM (`idx_condition_concept_id_1`), which the Python bunny looks for.
 */
function eventIndexes(short: string, concept: string): Record<string, readonly string[]> {
  return {
    [`idx_${short}_concept_id_1`]: [concept, 'person_id'],
    [`idx_${short}_person_id_1`]: ['person_id'],
  }
}

const vocabularyTables: readonly CdmTable[] = [
  table(
    'concept',
    {
      concept_id: 'concept!',
      concept_name: 'text!',
      domain_id: 'text!',
      vocabulary_id: 'text',
      concept_class_id: 'text',
      standard_concept: 'text',
      concept_code: 'text',
      valid_start_date: 'date',
      valid_end_date: 'date',
      invalid_reason: 'text',
    },
    { key: 'concept_id', indexes: { idx_concept_concept_id: ['concept_id'] } },
  ),
  table('vocabulary', {
    vocabulary_id: 'text!',
    vocabulary_name: 'text',
    vocabulary_reference: 'text',
    vocabulary_version: 'text',
    vocabulary_concept_id: 'concept',
  }),
  table('domain', { domain_id: 'text!', domain_name: 'text', domain_concept_id: 'concept' }),
  table('concept_class', {
    concept_class_id: 'text!',
    concept_class_name: 'text',
    concept_class_concept_id: 'concept',
  }),
  table('relationship', {
    relationship_id: 'text!',
    relationship_name: 'text',
    is_hierarchical: 'text',
    defines_ancestry: 'text',
    reverse_relationship_id: 'text',
    relationship_concept_id: 'concept',
  }),
  table(
    'concept_relationship',
    {
      concept_id_1: 'concept!',
      concept_id_2: 'concept!',
      relationship_id: 'text!',
      valid_start_date: 'date',
      valid_end_date: 'date',
      invalid_reason: 'text',
    },
    { indexes: { idx_concept_relationship_id_1: ['concept_id_1'] } },
  ),
  table(
    'concept_ancestor',
    {
      ancestor_concept_id: 'concept!',
      descendant_concept_id: 'concept!',
      min_levels_of_separation: 'integer',
      max_levels_of_separation: 'integer',
    },
    {
      indexes: {
        idx_concept_ancestor_id_1: ['ancestor_concept_id', 'descendant_concept_id'],
        idx_concept_ancestor_id_2: ['descendant_concept_id'],
      },
    },
  ),
]

const personTables: readonly CdmTable[] = [
  table(
    'location',
    {
      location_id: 'id!',
      address_1: 'text',
      address_2: 'text',
      city: 'text',
      state: 'text',
      zip: 'text',
      county: 'text',
      location_source_value: 'text',
      country_concept_id: 'concept',
      country_source_value: 'text',
      latitude: 'number',
      longitude: 'number',
    },
    { key: 'location_id' },
  ),
  table(
    'person',
    {
      person_id: 'id!',
      gender_concept_id: 'concept!',
      year_of_birth: 'integer!',
      month_of_birth: 'integer',
      day_of_birth: 'integer',
      birth_datetime: 'timestamp',
      race_concept_id: 'concept',
      ethnicity_concept_id: 'concept',
      location_id: 'id',
      provider_id: 'id',
      care_site_id: 'id',
      person_source_value: 'text',
      gender_source_value: 'text',
      gender_source_concept_id: 'concept',
      race_source_value: 'text',
      race_source_concept_id: 'concept',
      ethnicity_source_value: 'text',
      ethnicity_source_concept_id: 'concept',
    },
    {
      key: 'person_id',
      indexes: { idx_person_id: ['person_id'], idx_gender: ['gender_concept_id'] },
    },
  ),
  table(
    'observation_period',
    {
      observation_period_id: 'id!',
      person_id: 'id!',
      observation_period_start_date: 'date!',
      observation_period_end_date: 'date!',
      period_type_concept_id: 'concept',
    },
    { key: 'observation_period_id', indexes: { idx_observation_period_id_1: ['person_id'] } },
  ),
  table(
    'death',
    {
      person_id: 'id!',
      death_date: 'date!',
      death_datetime: 'timestamp',
      death_type_concept_id: 'concept',
      cause_concept_id: 'concept',
      cause_source_value: 'text',
      cause_source_concept_id: 'concept',
    },
    { indexes: { idx_death_person_id_1: ['person_id'] } },
  ),
]

const eventTables: readonly CdmTable[] = [
  table(
    'visit_occurrence',
    {
      visit_occurrence_id: 'id!',
      person_id: 'id!',
      visit_concept_id: 'concept!',
      visit_start_date: 'date!',
      visit_start_datetime: 'timestamp',
      visit_end_date: 'date',
      visit_end_datetime: 'timestamp',
      visit_type_concept_id: 'concept',
      provider_id: 'id',
      care_site_id: 'id',
      visit_source_value: 'text',
      visit_source_concept_id: 'concept',
      admitted_from_concept_id: 'concept',
      admitted_from_source_value: 'text',
      discharged_to_concept_id: 'concept',
      discharged_to_source_value: 'text',
      preceding_visit_occurrence_id: 'id',
    },
    { key: 'visit_occurrence_id', indexes: eventIndexes('visit', 'visit_concept_id') },
  ),
  table(
    'condition_occurrence',
    {
      condition_occurrence_id: 'id!',
      person_id: 'id!',
      condition_concept_id: 'concept!',
      condition_start_date: 'date!',
      condition_start_datetime: 'timestamp',
      condition_end_date: 'date',
      condition_end_datetime: 'timestamp',
      condition_type_concept_id: 'concept',
      condition_status_concept_id: 'concept',
      stop_reason: 'text',
      provider_id: 'id',
      visit_occurrence_id: 'id',
      visit_detail_id: 'id',
      condition_source_value: 'text',
      condition_source_concept_id: 'concept',
      condition_status_source_value: 'text',
    },
    {
      key: 'condition_occurrence_id',
      indexes: eventIndexes('condition', 'condition_concept_id'),
    },
  ),
  table(
    'drug_exposure',
    {
      drug_exposure_id: 'id!',
      person_id: 'id!',
      drug_concept_id: 'concept!',
      drug_exposure_start_date: 'date!',
      drug_exposure_start_datetime: 'timestamp',
      drug_exposure_end_date: 'date',
      drug_exposure_end_datetime: 'timestamp',
      verbatim_end_date: 'date',
      drug_type_concept_id: 'concept',
      stop_reason: 'text',
      refills: 'integer',
      quantity: 'number',
      days_supply: 'integer',
      sig: 'text',
      route_concept_id: 'concept',
      lot_number: 'text',
      provider_id: 'id',
      visit_occurrence_id: 'id',
      visit_detail_id: 'id',
      drug_source_value: 'text',
      drug_source_concept_id: 'concept',
      route_source_value: 'text',
      dose_unit_source_value: 'text',
    },
    { key: 'drug_exposure_id', indexes: eventIndexes('drug', 'drug_concept_id') },
  ),
  table(
    'procedure_occurrence',
    {
      procedure_occurrence_id: 'id!',
      person_id: 'id!',
      procedure_concept_id: 'concept!',
      procedure_date: 'date!',
      procedure_datetime: 'timestamp',
      procedure_end_date: 'date',
      procedure_end_datetime: 'timestamp',
      procedure_type_concept_id: 'concept',
      modifier_concept_id: 'concept',
      quantity: 'integer',
      provider_id: 'id',
      visit_occurrence_id: 'id',
      visit_detail_id: 'id',
      procedure_source_value: 'text',
      procedure_source_concept_id: 'concept',
      modifier_source_value: 'text',
    },
    {
      key: 'procedure_occurrence_id',
      indexes: eventIndexes('procedure', 'procedure_concept_id'),
    },
  ),
  table(
    'measurement',
    {
      measurement_id: 'id!',
      person_id: 'id!',
      measurement_concept_id: 'concept!',
      measurement_date: 'date!',
      measurement_datetime: 'timestamp',
      measurement_time: 'text',
      measurement_type_concept_id: 'concept',
      operator_concept_id: 'concept',
      value_as_number: 'number',
      value_as_concept_id: 'concept',
      unit_concept_id: 'concept',
      range_low: 'number',
      range_high: 'number',
      provider_id: 'id',
      visit_occurrence_id: 'id',
      visit_detail_id: 'id',
      measurement_source_value: 'text',
      measurement_source_concept_id: 'concept',
      unit_source_value: 'text',
      unit_source_concept_id: 'concept',
      value_source_value: 'text',
      measurement_event_id: 'id',
      meas_event_field_concept_id: 'concept',
    },
    { key: 'measurement_id', indexes: eventIndexes('measurement', 'measurement_concept_id') },
  ),
  table(
    'observation',
    {
      observation_id: 'id!',
      person_id: 'id!',
      observation_concept_id: 'concept!',
      observation_date: 'date!',
      observation_datetime: 'timestamp',
      observation_type_concept_id: 'concept',
      value_as_number: 'number',
      value_as_string: 'text',
      value_as_concept_id: 'concept',
      qualifier_concept_id: 'concept',
      unit_concept_id: 'concept',
      provider_id: 'id',
      visit_occurrence_id: 'id',
      visit_detail_id: 'id',
      observation_source_value: 'text',
      observation_source_concept_id: 'concept',
      unit_source_value: 'text',
      qualifier_source_value: 'text',
      value_source_value: 'text',
      observation_event_id: 'id',
      obs_event_field_concept_id: 'concept',
    },
    { key: 'observation_id', indexes: eventIndexes('observation', 'observation_concept_id') },
  ),
  table(
    'specimen',
    {
      specimen_id: 'id!',
      person_id: 'id!',
      specimen_concept_id: 'concept!',
      specimen_type_concept_id: 'concept',
      specimen_date: 'date!',
      specimen_datetime: 'timestamp',
      quantity: 'number',
      unit_concept_id: 'concept',
      anatomic_site_concept_id: 'concept',
      disease_status_concept_id: 'concept',
      specimen_source_id: 'text',
      specimen_source_value: 'text',
      unit_source_value: 'text',
      anatomic_site_source_value: 'text',
      disease_status_source_value: 'text',
    },
    { key: 'specimen_id', indexes: eventIndexes('specimen', 'specimen_concept_id') },
  ),
  table(
    'device_exposure',
    {
      device_exposure_id: 'id!',
      person_id: 'id!',
      device_concept_id: 'concept!',
      device_exposure_start_date: 'date!',
      device_exposure_start_datetime: 'timestamp',
      device_exposure_end_date: 'date',
      device_exposure_end_datetime: 'timestamp',
      device_type_concept_id: 'concept',
      unique_device_id: 'text',
      production_id: 'text',
      quantity: 'integer',
      provider_id: 'id',
      visit_occurrence_id: 'id',
      visit_detail_id: 'id',
      device_source_value: 'text',
      device_source_concept_id: 'concept',
      unit_concept_id: 'concept',
      unit_source_value: 'text',
      unit_source_concept_id: 'concept',
    },
    { key: 'device_exposure_id', indexes: eventIndexes('device', 'device_concept_id') },
  ),
]

/** The tables of OMOP CDM 5.4 that Warren loads, in order of creation: referenced tables come first. */
export const CDM_TABLES: readonly CdmTable[] = [
  ...vocabularyTables,
  ...personTables,
  ...eventTables,
]

const byName = new Map(CDM_TABLES.map((one) => [one.name, one]))

/** A table by its lower-case name. */
export function cdmTable(name: string): CdmTable | undefined {
  return byName.get(name)
}
