import type { CdmColumn, CdmTable } from './cdm-table.ts'

/** Optional columns of `person` and `location` that change which people a task counts. */
const READ_WHERE_PRESENT: Readonly<Record<string, readonly string[]>> = {
  person: [
    'month_of_birth',
    'day_of_birth',
    'birth_datetime',
    'race_concept_id',
    'ethnicity_concept_id',
    'location_id',
  ],
  location: ['latitude', 'longitude'],
}

/**
 * Whether the value of a column can change the answer to a task. A row whose other columns cannot be read still counts. The
 * key of an event (`measurement_id`) is not read: tasks count people.
 */
export function isReadByTasks(table: CdmTable, { name, required }: CdmColumn): boolean {
  const isPerson = table.name === 'person'
  const hasPeople = table.columns.some((column) => column.name === 'person_id')
  if (required) return isPerson || !hasPeople || name !== table.key
  if (table.event === undefined) return READ_WHERE_PRESENT[table.name]?.includes(name) === true
  const { categories: _, separate: __, ...columns } = table.event
  return Object.values(columns).includes(name)
}
