import { TaskApiError } from '@warren/task-api'
import { errorText } from '../error-text.ts'

/** What a failed post means for the result. Undefined members are left out of the log. */
export interface SubmissionFailure {
  /** Sending the same again will not help. */
  readonly final: boolean
  readonly kind: string
  readonly code: string
  readonly status: number | undefined
  readonly detail: string
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined
}

/**
 * 404, 413 and other refusals are final. Not so 401 and 403: credentials are mended by people, within hours, and the
 * result is still good then. Not so either redirects and other nonsense, which come from a proxy in between.
 */
export function classifyFailure(error: unknown): SubmissionFailure {
  if (error instanceof TaskApiError) {
    return {
      final: error.kind === 'rejected',
      kind: error.kind,
      code: error.code,
      status: error.status,
      detail: error.message,
      requestId: error.requestId,
      retryAfterMs: error.retryAfterMs,
    }
  }
  const name = error instanceof Error ? error.name : 'unknown'
  return {
    // Anything but our own abort is a defect that would repeat itself.
    final: name !== 'AbortError',
    kind: 'internal',
    code: name,
    status: undefined,
    detail: errorText(error),
    requestId: undefined,
    retryAfterMs: undefined,
  }
}
