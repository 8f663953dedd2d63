import type { Logger } from '@warren/runtime'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { pathOf } from './node-login.ts'
import type { RouteEntry } from './route-entry.ts'

/** nginx's status for a client that disconnected before the response was complete. */
const CLIENT_CLOSED_REQUEST = 499

export interface FinishedRequest {
  readonly route: string
  readonly method: string
  readonly status: number
  /** Processing time in ms, without the time for which a poll was held. */
  readonly durationMs: number
  /** Undefined without a verified login, as is `user`. */
  readonly nodeId: string | undefined
  readonly user: string | undefined
  /** X-Worker-Id, shortened; '' if absent. */
  readonly worker: string
}

/**
 * Logs `request completed` once per request. Empty polls and probes are logged at debug: those of a thousand nodes
 * would bury everything else, and the link summaries count them once a minute.
 */
export function requestLog(log: Logger, onFinished: (request: FinishedRequest) => void) {
  return (request: FastifyRequest, reply: FastifyReply, route: RouteEntry | undefined): void => {
    const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_CLOSED_REQUEST
    const now = performance.now()
    // If the client disconnects from a held poll, this runs before the poll is released.
    const heldMs = request.heldSince > 0 ? now - request.heldSince : request.heldMs
    const durationMs = Math.max(0, now - request.startedAt - heldMs)
    const principal = request.principal
    const isRoutine = (status === 204 || route?.access === 'probe') && status < 400
    const fields = {
      requestId: request.id,
      method: request.method,
      path: pathOf(request),
      status,
      durationMs: roundToTenthOfMicrosecond(durationMs),
      ...(heldMs > 0 ? { heldMs: roundToTenthOfMicrosecond(heldMs) } : {}),
      ...(principal === null ? {} : { user: principal.username, node: principal.nodeId }),
    }
    if (isRoutine) log.debug(fields, 'request completed')
    else log.info(fields, 'request completed')
    onFinished({
      route: route?.path ?? 'none',
      method: request.method,
      status,
      durationMs,
      nodeId: principal?.nodeId,
      user: principal?.username,
      worker: workerOf(request),
    })
  }
}

/** Longer worker IDs are distinguished by this many characters. */
const MAX_WORKER_LENGTH = 100

function workerOf({ headers }: FastifyRequest): string {
  const worker = headers['x-worker-id']
  return typeof worker === 'string' ? worker.slice(0, MAX_WORKER_LENGTH) : ''
}

function roundToTenthOfMicrosecond(ms: number): number {
  return Math.round(ms * 10_000) / 10_000
}
