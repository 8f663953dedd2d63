/** The errors alone, without the drivers and the configuration that the main entry loads. */
export { SourceError, type SourceErrorKind } from './source-error.ts'
export { duckDbError } from './duckdb-error.ts'
