import {
  CDM_EVENT_TABLES,
  type EventFacet,
  type EventTableName,
  type TableSwitch,
} from '@warren/cdm'
import type { CohortOptions } from '../tree/cohort.ts'

/** The names that a table of events gives to the columns rules compare. */
export interface ClinicalTable extends EventFacet {
  readonly table: EventTableName
  /** The switch without which rules do not search the table. */
  readonly switch: TableSwitch | undefined
}

/**
 * The tables an event rule searches, whatever its `varcat`: a concept can change its domain, and
 * with it its table, between two releases of the vocabularies.
 */
export const CLINICAL_TABLES: readonly ClinicalTable[] = CDM_EVENT_TABLES.map((one) => ({
  table: one.name,
  switch: one.switch,
  ...one.event,
}))

/** Leaves out the tables that the site has not switched on. */
export function searchedTables(options: CohortOptions): readonly ClinicalTable[] {
  return CLINICAL_TABLES.filter((table) => table.switch === undefined || options[table.switch])
}
