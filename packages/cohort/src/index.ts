export { type CdmData, type ClinicalRow, type LocationRow, type PersonRow } from './cdm/cdm-data.ts'
export {
  CLINICAL_TABLES,
  type ClinicalTable,
  type ClinicalTableName,
} from './cdm/clinical-tables.ts'
export { evaluateCohort, type EvaluateSettings } from './meaning/evaluate-cohort.ts'
export { parseCohort, type ParsedCohort } from './parse/parse-cohort.ts'
export type { CohortProblem } from './parse/problem-list.ts'
export { compileCohort, type CohortDialect, type CompileSettings } from './sql/compile-cohort.ts'
export type { SqlStatement, SqlValue } from './sql/dialect.ts'
export type {
  AgeNode,
  AgeRange,
  AllNode,
  AnyNode,
  Cohort,
  CohortOptions,
  DemographicNode,
  Elapsed,
  ElapsedUnit,
  EventNode,
  EverybodyNode,
  LocationNode,
  NobodyNode,
  NotNode,
  Range,
} from './tree/cohort.ts'
