export type SourceErrorKind =
  | 'unavailable'
  | 'authentication'
  | 'missing-table'
  | 'missing-column'
  | 'timeout'
  | 'cancelled'
  | 'query'

/**
 * The database did not answer. `message` is written here, never taken from the driver, and may be sent upstream: it
 * names a table, a column, a host or an SQLSTATE, never a bound value or a piece of data. The driver's error is `cause`
 * and must not leave the process.
 */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly kind: SourceErrorKind
  /** SQLSTATE, Node error code or DuckDB error class, for the local log. */
  readonly code: string
  /** Whether the same statement may succeed later without anybody changing anything. */
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
