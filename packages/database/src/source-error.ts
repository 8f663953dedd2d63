export type SourceErrorKind =
  | 'unavailable'
  | 'authentication'
  | 'missing-table'
  | 'missing-column'
  | 'timeout'
  | 'cancelled'
  | 'query'

/**
 * A statement or connection failed. `message` is Warren's own text, never the driver's. It may name a table, a column or an
 * SQLSTATE, but contains no bound value and no data. The driver's error is the `cause`, which must not leave the process.
 */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly kind: SourceErrorKind
  /** SQLSTATE, Node.js error code or DuckDB error class, for the local log. */
  readonly code: string
  /** Whether the same statement can succeed later without a change by an operator. */
  readonly retryable: boolean

  constructor(
    kind: SourceErrorKind,
    message: string,
    options: { code?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.kind = kind
    this.code = options.code ?? ''
    this.retryable = options.retryable ?? (kind === 'unavailable' || kind === 'timeout')
  }
}
