/**
 * What went wrong talking to a Task API, by what one does about it:
 * - `transport`: nothing usable came back (name, connection, TLS, timeout): network or server, try again.
 * - `authentication`: 401 or 403: credentials or collection, somebody has to look.
 * - `refused`: any other 4xx: sending the same again will not help.
 * - `unavailable`: 429 or 5xx: later, after `retryAfterMs` if given.
 * - `nonsense`: it answered, but not what a Task API answers: most often a wrong URL or a proxy's login page.
 */
export type TaskApiErrorKind =
  'transport' | 'authentication' | 'rejected' | 'unavailable' | 'invalid-response'

export interface TaskApiErrorDetails {
  readonly kind: TaskApiErrorKind
  readonly code: string
  readonly requestId: string
  readonly status?: number
  readonly retryable?: boolean
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

export class TaskApiError extends Error {
  readonly kind: TaskApiErrorKind
  /** Stable: `ENOTFOUND`, `ECONNREFUSED`, `CONNECT_TIMEOUT`, `READ_TIMEOUT`, `TLS_...`, `HTTP_401`, `NOT_JSON`, ... */
  readonly code: string
  readonly status?: number
  readonly retryable: boolean
  /** From `Retry-After`, one hour at most. */
  readonly retryAfterMs?: number
  readonly requestId: string

  constructor(message: string, details: TaskApiErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'TaskApiError'
    this.kind = details.kind
    this.code = details.code
    this.requestId = details.requestId
    this.retryable = details.retryable ?? defaultRetryable(details.kind)
    if (details.status !== undefined) this.status = details.status
    if (details.retryAfterMs !== undefined) this.retryAfterMs = details.retryAfterMs
  }
}

function defaultRetryable(kind: TaskApiErrorKind): boolean {
  return kind !== 'authentication' && kind !== 'rejected'
}
