import { SourceError, type SourceErrorKind } from '@warren/database/errors'
import type { Row, SqlStatement } from './cdm-source.ts'
import type { DuckDbSourceOptions } from './duckdb-source.ts'

/** To the process of a DuckDB file. The first message opens the file. */
export type DuckDbRequest =
  | { readonly kind: 'open'; readonly options: DuckDbSourceOptions }
  | {
      readonly kind: 'run'
      readonly id: number
      readonly statement: SqlStatement
      /** Whether rows are sent as they are computed. */
      readonly isStreamed: boolean
    }
  | { readonly kind: 'cancel'; readonly id: number }

/** From the process of a DuckDB file. `error` is absent after a success. */
export type DuckDbResponse =
  | { readonly kind: 'opened'; readonly error?: SentError }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly Row[] }
  | { readonly kind: 'ended'; readonly id: number; readonly error?: SentError }

/** A `SourceError`, of which only the members survive between processes. */
export interface SentError {
  readonly kind: SourceErrorKind
  readonly message: string
  readonly code: string
  readonly retryable: boolean
  readonly cause: unknown
}

export const sendError = ({ kind, message, code, retryable, cause }: SourceError): SentError => ({
  kind,
  message,
  code,
  retryable,
  cause,
})

export const receiveError = ({ kind, message, ...options }: SentError): SourceError =>
  new SourceError(kind, message, options)
