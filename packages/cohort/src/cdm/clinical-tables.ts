import {
  CDM_EVENT_TABLES,
  type EventFacet,
  type EventTableName,
  type TableSwitch,
} from '@warren/cdm'
import { type CohortOptions, hasColumn } from '../tree/cohort-options.ts'

/** The names that a table of events gives to the columns rules compare. */
export interface ClinicalTable extends EventFacet {
  readonly table: EventTableName
  /** The switch without which rules do not search the table. */
  readonly switch: TableSwitch | undefined
}

/** All tables of events. */
export const CLINICAL_TABLES: readonly ClinicalTable[] = CDM_EVENT_TABLES.map((one) => ({
  table: one.name,
  switch: one.switch,
  ...one.event,
}))

/**
 * The tables an event rule searches, whatever its `varcat`: a concept can change its domain, and
 * with it its table, between two releases of the vocabularies. `only`: the one table of a category
 * whose concepts are those of another domain (the causes of death are conditions).
 *
 * Leaves out the tables that the site has not switched on, and the columns that it does not have.
 */
export function searchedTables(
  options: CohortOptions,
  only?: EventTableName,
): readonly ClinicalTable[] {
  return CLINICAL_TABLES.filter(
    (table) =>
      (table.switch === undefined || options[table.switch] === true) &&
      (only === undefined ? !table.separate : table.table === only),
  ).map((table) => {
    const present = (column: string | null) =>
      column !== null && hasColumn(options, table.table, column) ? column : null
    return {
      ...table,
      datetime: present(table.datetime),
      value: present(table.value),
      unit: present(table.unit),
      unitText: present(table.unitText),
    }
  })
}
