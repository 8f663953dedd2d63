export { type CdmData, type ClinicalRow, type LocationRow, type PersonRow } from './cdm/cdm-data.ts'
export { CLINICAL_TABLES, type ClinicalTable } from './cdm/clinical-tables.ts'
export { evaluateCohort, type EvaluateSettings } from './evaluate/evaluate-cohort.ts'
export { parseCohort, type ParsedCohort } from './parse/parse-cohort.ts'
export type { CohortProblem } from './parse/problem-list.ts'
export {
  compileCohort,
  statementParts,
  type CohortStatement,
  type CompileSettings,
} from './sql/compile-cohort.ts'
export type { Dialect, SqlStatement, SqlValue } from './sql/dialect.ts'
export { DIALECTS, SQL_DIALECTS, type SqlDialect } from './sql/dialects.ts'
export type { StatementParts } from './sql/statement-parts.ts'
export { conceptsIn, criteriaIn, type ConceptsIn } from './words/concepts-in.ts'
export type { ConceptNames } from './words/criterion-words.ts'
export { describeCohort, type DescribeOptions } from './words/describe-cohort.ts'
export type {
  AgeCriterion,
  AgeRange,
  AllOf,
  AnyOf,
  Cohort,
  CohortOptions,
  DemographicCriterion,
  Elapsed,
  ElapsedUnit,
  EventCriterion,
  Everyone,
  LocationCriterion,
  NoOne,
  Not,
  Range,
} from './tree/cohort.ts'
