import { TaskApiError } from '@warren/task-api'
import { errorText } from '../error-text.ts'

/** Why a submission failed, and whether to retry. Undefined members are left out of the log. */
export interface SubmissionFailure {
  /** Submitting the same result again would fail again. */
  readonly final: boolean
  readonly kind: string
  readonly code: string
  readonly status: number | undefined
  readonly detail: string
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined
}

/**
 * 404, 413 and other rejections are final. 401 and 403 are not: credentials are fixed within hours, while the result is
 * still valid. Redirects and unreadable responses are not either: they come from a proxy in between.
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
    // Anything but our own abort is a defect that would occur again.
    final: name !== 'AbortError',
    kind: 'internal',
    code: name,
    status: undefined,
    detail: errorText(error),
    requestId: undefined,
    retryAfterMs: undefined,
  }
}
