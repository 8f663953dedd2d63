import type { CdmColumn, CdmTable } from './cdm-table.ts'

/** Optional columns that change which people a task counts, in tables with a `person_id`. */
const READ_WHERE_PRESENT = new Set([
  'month_of_birth',
  'day_of_birth',
  'race_concept_id',
  'ethnicity_concept_id',
  'condition_end_date',
  'condition_end_datetime',
  'drug_exposure_end_date',
  'drug_exposure_end_datetime',
  'value_as_number',
  'value_as_concept_id',
  'unit_concept_id',
  'cause_concept_id',
])

/**
 * Whether the value of a column can change the answer to a task. A row whose other columns cannot be read still counts. The
 * key of an event (`measurement_id`) is not read: tasks count people.
 */
export function isReadByTasks(table: CdmTable, { name, required }: CdmColumn): boolean {
  const isPerson = table.name === 'person'
  const hasPeople = table.columns.some((column) => column.name === 'person_id')
  if (required) return isPerson || !hasPeople || name !== table.key
  if (table.name === 'location') return name === 'latitude' || name === 'longitude'
  if (!hasPeople) return false
  return (
    READ_WHERE_PRESENT.has(name) ||
    (isPerson ? name === 'birth_datetime' || name === 'location_id' : isStartOrType(name))
  )
}

function isStartOrType(name: string): boolean {
  return name.endsWith('_type_concept_id') || /(?<!end)_datetime$/.test(name)
}
