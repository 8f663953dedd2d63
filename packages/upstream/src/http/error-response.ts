import type { FastifyReply, FastifyRequest } from 'fastify'
import { UpstreamError } from '../upstream-error.ts'

/** Turns any failure of a request into an error of the catalogue. */
export function toUpstreamError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : 500
  if (status === 415) return new UpstreamError('NOT_JSON', { cause: error })
  const isInternal = typeof status !== 'number' || status >= 500
  return new UpstreamError(isInternal ? 'INTERNAL' : 'BAD_REQUEST', { cause: error })
}

export function sendError(
  error: UpstreamError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { status, title, action } = error.entry
  const { detail, problems, retryAfterSeconds } = error.options
  if (error.code === 'NOT_LOGGED_IN') {
    void reply.header('www-authenticate', 'Basic realm="upstream", charset="UTF-8"')
  }
  if (error.code === 'NOT_AN_ASKER')
    void reply.header('www-authenticate', 'Bearer realm="upstream"')
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds))
  void reply.code(status).send({
    code: error.code,
    message: detail ?? title,
    ...(problems === undefined ? {} : { problems }),
    action,
    requestId: request.id,
  })
}
