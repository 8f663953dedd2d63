/**
 * Why a request failed, which determines what to do:
 * - `transport`: no response (DNS, connection, TLS, timeout). Retry.
 * - `authentication`: 401 or 403. A person must check the credentials or the collection.
 * - `rejected`: any other 4xx. Do not send the same request again.
 * - `unavailable`: 429 or 5xx. Retry, after `retryAfterMs` if set.
 * - `invalid-response`: not a response of a Task API. Usually a wrong URL or the login page of a proxy.
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
  /** A stable code: `ENOTFOUND`, `ECONNREFUSED`, `CONNECT_TIMEOUT`, `READ_TIMEOUT`, `TLS_...`, `HTTP_401`, `NOT_JSON`, ... */
  readonly code: string
  readonly status?: number
  readonly retryable: boolean
  /** From `Retry-After`, at most one hour. */
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
