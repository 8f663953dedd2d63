import type { IncomingMessage } from 'node:http'
import type { Logger } from '@warren/runtime'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../nodes/principal.ts'
import { pathOf } from './node-login.ts'
import type { RouteEntry } from './route-entry.ts'

/** nginx's status for a client that disconnected before the response was complete. */
export const CLIENT_CLOSED_REQUEST = 499

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

export interface RequestRecord {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly route: RouteEntry | undefined
  readonly status: number
  readonly durationMs: number
  /** How long the poll was held, ms. Not part of `durationMs`. */
  readonly heldMs: number
  readonly principal: Principal | null
  readonly worker: string
}

/**
 * Logs `request completed` once per request. Empty polls and probes are logged at debug: those of a thousand nodes
 * would bury everything else, and the link summaries count them once a minute.
 */
export class RequestLog {
  readonly #log: Logger
  readonly #onFinished: (request: FinishedRequest) => void

  constructor(log: Logger, onFinished: (request: FinishedRequest) => void) {
    this.#log = log
    this.#onFinished = onFinished
  }

  record({ id, method, path, route, status, principal, worker, ...times }: RequestRecord): void {
    const { durationMs, heldMs } = times
    const isRoutine = (status === 204 || route?.access === 'probe') && status < 400
    const level = isRoutine ? 'debug' : 'info'
    if (this.#log.isLevelEnabled(level)) {
      this.#log[level](
        {
          requestId: id,
          method,
          path,
          status,
          durationMs: roundToTenthOfMicrosecond(durationMs),
          ...(heldMs > 0 ? { heldMs: roundToTenthOfMicrosecond(heldMs) } : {}),
          ...(principal === null ? {} : { user: principal.username, node: principal.nodeId }),
        },
        'request completed',
      )
    }
    this.#onFinished({
      route: route?.path ?? 'none',
      method,
      status,
      durationMs,
      nodeId: principal?.nodeId,
      user: principal?.username,
      worker,
    })
  }

  /** Records a request whose response is finished, or whose client has disconnected. */
  recordClosed(request: FastifyRequest, reply: FastifyReply, route: RouteEntry | undefined): void {
    const now = performance.now()
    // If the client disconnects from a held poll, this runs before the poll is released.
    const heldMs = request.heldMs + (request.heldSince > 0 ? now - request.heldSince : 0)
    this.record({
      id: request.id,
      method: request.method,
      path: pathOf(request.url),
      route,
      status: reply.raw.writableFinished ? reply.statusCode : CLIENT_CLOSED_REQUEST,
      durationMs: Math.max(0, now - request.startedAt - heldMs),
      heldMs,
      principal: request.principal,
      worker: workerOf(request.raw),
    })
  }
}

/** Longer worker IDs are distinguished by this many characters. */
const MAX_WORKER_LENGTH = 100

export function workerOf({ headers }: IncomingMessage): string {
  const worker = headers['x-worker-id']
  return typeof worker === 'string' ? worker.slice(0, MAX_WORKER_LENGTH) : ''
}

function roundToTenthOfMicrosecond(ms: number): number {
  return Math.round(ms * 10_000) / 10_000
}
