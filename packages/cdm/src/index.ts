export type { CdmColumn, CdmTable, CdmType } from './cdm-table.ts'
export { CDM_TABLES, cdmTable } from './cdm-tables.ts'
export { isReadByTasks } from './read-columns.ts'
