import type { LogBudget, Logger } from '@warren/runtime'
import { addressGroup } from '@warren/runtime/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LoginsBusyError } from '../nodes/login-gate.ts'
import { StoreError } from '../store/store-error.ts'
import { ApiError, type ApiErrorCode } from './api-errors.ts'

// Seconds after which a bunny may retry.
const STORE_RETRY_S = 5
const BUSY_RETRY_S = 2

/** Maps any error thrown by a request to an error of the catalogue. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof StoreError && error.unavailable) {
    return new ApiError('RELAY_STORE_UNAVAILABLE', {
      retryAfterSeconds: STORE_RETRY_S,
      cause: error,
    })
  }
  if (error instanceof LoginsBusyError) {
    return new ApiError('RELAY_BUSY', { retryAfterSeconds: BUSY_RETRY_S, cause: error })
  }
  const status = statusOf(error)
  if (status === 415) return new ApiError('RELAY_UNSUPPORTED_MEDIA_TYPE', { cause: error })
  if (status !== undefined && status >= 400 && status < 500) {
    return new ApiError('RELAY_BAD_REQUEST', { cause: error })
  }
  return new ApiError('RELAY_INTERNAL', { cause: error })
}

/** Sends an error as a problem document (RFC 9457), with the headers that its status requires. */
export function sendError(error: ApiError, request: FastifyRequest, reply: FastifyReply): void {
  const { status, title, action } = error.entry
  const { detail, retryAfterSeconds, problems } = error.options
  if (error.code === 'RELAY_UNAUTHORIZED') {
    void reply.header('www-authenticate', 'Basic realm="relay", charset="UTF-8"')
  }
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds))
  void reply
    .code(status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(
      JSON.stringify({
        title,
        status,
        code: error.code,
        ...(detail === undefined ? {} : { detail }),
        ...(problems === undefined ? {} : { problems }),
        action,
        requestId: request.id,
      }),
    )
}

/**
 * Logs errors of the relay for its operator; errors of the client are not logged here. A client can repeat a request that
 * fails, so these lines are bounded.
 */
export function logServerError(
  error: ApiError,
  request: FastifyRequest,
  { log, budget }: { readonly log: Logger; readonly budget: LogBudget },
): void {
  const code: ApiErrorCode = error.code
  if (code === 'RELAY_INTERNAL') {
    const party = request.principal?.username ?? addressGroup(request.ip)
    const about = `request failed ${request.routeOptions.url ?? ''}`
    if (!budget.allows({ party, about, kind: 'request failed' })) return
    log.error({ err: error.cause, requestId: request.id }, 'request failed')
  } else if (error.entry.status >= 500) {
    const detail = error.cause instanceof Error ? error.cause.message : error.message
    log.debug({ code, detail, requestId: request.id }, 'request rejected')
  }
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' ? error.statusCode : undefined
}
