import type { Logger } from '@warren/runtime'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { UPSTREAM_ERRORS, UpstreamError } from '../upstream-error.ts'

/** Turns whatever a request failed with into an error of the catalogue. */
export function toUpstreamError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : 500
  if (status === 413) return new UpstreamError('BODY_TOO_LARGE', { cause: error })
  if (status === 415) return new UpstreamError('NOT_JSON', { cause: error })
  const ours = typeof status !== 'number' || status >= 500
  return new UpstreamError(ours ? 'INTERNAL' : 'BAD_REQUEST', { cause: error })
}

export function sendError(
  error: UpstreamError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { status, title, action } = UPSTREAM_ERRORS[error.code]
  const { detail, problems, retryAfterSeconds } = error.options
  if (error.code === 'NOT_LOGGED_IN') {
    void reply.header('www-authenticate', 'Basic realm="upstream", charset="UTF-8"')
  }
  if (error.code === 'NOT_AN_ASKER')
    void reply.header('www-authenticate', 'Bearer realm="upstream"')
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds))
  // What is left of a body nobody reads would be taken for the next request of the connection.
  if (!request.raw.complete) void reply.header('connection', 'close')
  void reply.code(status).send({
    code: error.code,
    message: detail ?? title,
    ...(problems === undefined ? {} : { problems }),
    action,
    requestId: request.id,
  })
}

/** Our faults are logged; a client's are in its own log. */
export function logInternalError(error: UpstreamError, request: FastifyRequest, log: Logger): void {
  if (error.code !== 'INTERNAL') return
  log.error({ err: error.options.cause, requestId: request.id }, 'request failed')
}
