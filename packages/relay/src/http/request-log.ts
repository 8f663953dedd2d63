import type { Logger } from '@warren/runtime'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { pathOf } from './node-login.ts'
import type { RouteEntry } from './route-entry.ts'

/** As nginx has it: the connection was gone before the answer was out. */
const CLIENT_LEFT = 499

export interface FinishedRequest {
  readonly route: string
  readonly method: string
  readonly status: number
  /** What the hub took for it, ms, without the time a poll was held open. */
  readonly durationMs: number
  /** Of a verified login only. */
  readonly nodeId: string | undefined
  readonly user: string | undefined
  /** X-Worker-Id, shortened; '' if there is none. */
  readonly worker: string
}

/**
 * One `request completed` a request. An empty poll and a probe are debug: a thousand nodes would bury
 * everything else, and the link summaries say the same once a minute.
 */
export function requestLog(log: Logger, onFinished: (request: FinishedRequest) => void) {
  return (request: FastifyRequest, reply: FastifyReply, route: RouteEntry | undefined): void => {
    const status = reply.raw.writableFinished ? reply.statusCode : CLIENT_LEFT
    const now = performance.now()
    // A client that leaves while its poll is held is logged before the poll is let go.
    const heldMs = request.heldSince > 0 ? now - request.heldSince : request.heldMs
    const durationMs = Math.max(0, now - request.startedAt - heldMs)
    const principal = request.principal
    const quiet = (status === 204 || route?.access === 'probe') && status < 400
    const fields = {
      requestId: request.id,
      method: request.method,
      path: pathOf(request),
      status,
      durationMs: roundToTenthOfMicrosecond(durationMs),
      ...(heldMs > 0 ? { heldMs: roundToTenthOfMicrosecond(heldMs) } : {}),
      ...(principal === null ? {} : { user: principal.username, node: principal.nodeId }),
    }
    if (quiet) log.debug(fields, 'request completed')
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

/** Longer names of a process are told apart by their beginning. */
const MAX_WORKER_LENGTH = 100

function workerOf({ headers }: FastifyRequest): string {
  const worker = headers['x-worker-id']
  return typeof worker === 'string' ? worker.slice(0, MAX_WORKER_LENGTH) : ''
}

function roundToTenthOfMicrosecond(ms: number): number {
  return Math.round(ms * 10_000) / 10_000
}
