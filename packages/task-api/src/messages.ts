// The messages without the HTTP client, which takes 10 MB of memory in each thread that loads it.
export { decodeAlternatives, encodeAlternatives } from './alternatives.ts'
export {
  MAX_GROUP_DEPTH,
  isGroup,
  type CohortMessage,
  type GroupMessage,
  type RuleMessage,
} from './cohort-message.ts'
export { JOB_SAVED, conflictBody, type ConflictBody } from './conflict.ts'
export {
  CODE_DISTRIBUTION,
  DEMOGRAPHICS_DISTRIBUTION,
  distributionFileName,
  distributionPieces,
  encodeDistribution,
  type DistributionFileName,
} from './distribution-file.ts'
export {
  decodeDistribution,
  DistributionReader,
  type DecodedDistribution,
  type DistributionLine,
  type RowProblem,
} from './distribution-reader.ts'
export type { DistributionRow } from './distribution-row.ts'
export { DistributionWriter } from './distribution-writer.ts'
export { AlternativesFormatError, ResultFormatError, type FormatProblem } from './format-error.ts'
export { parseBasicCredentials } from './headers/basic-credentials.ts'
export { preferredWait } from './headers/prefer-wait.ts'
export { JsonGuard, parseBoundedJson, parseGuardedJson } from './json/json-guard.ts'
export {
  JsonLimitError,
  RESULT_JSON_LIMITS,
  TASK_JSON_LIMITS,
  type JsonLimits,
} from './json/json-limits.ts'
export { isJsonObject, type JsonObject } from './json/json-object.ts'
export { parseJsonOutline, parseJsonWithBytes, type JsonWithBytes } from './json/json-outline.ts'
export { METADATA_BCOS, encodeMetadata, type ResultMetadata } from './metadata-file.ts'
export {
  fileText,
  fileTextPieces,
  resultFile,
  resultFileOfPieces,
  type EncodedFile,
  type ResultFile,
  type ResultFileContent,
} from './result-file.ts'
export type { AvailabilityTask, DistributionTask, Task } from './task.ts'
export { TaskFormatError } from './task-format-error.ts'
export { parseTask, parseTaskEnvelope, type TaskEnvelope } from './task-message.ts'
export { TaskTemplate } from './task-template.ts'
export {
  countResult,
  distributionResult,
  errorResult,
  isFailure,
  parseResult,
  parseResultBytes,
  serializeResult,
  serializeResultBytes,
  type EncodedResult,
  type TaskResult,
} from './task-result.ts'
export { readablePieces, readableRows, type ReadableRow } from './readable-rows.ts'
