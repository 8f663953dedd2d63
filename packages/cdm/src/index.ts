export type { CdmColumn, CdmTable, CdmType, EventTable } from './cdm-table.ts'
export {
  CDM_EVENT_TABLES,
  CDM_TABLES,
  CODE_PARTS,
  TABLE_SWITCHES,
  cdmTable,
  type CdmRowOf,
  type EventTableName,
  type KnownEventTable,
  type TablePart,
} from './cdm-tables.ts'
export type { CodePart, EventFacet, TableSwitch } from './facets.ts'
export { isReadByTasks } from './read-columns.ts'
