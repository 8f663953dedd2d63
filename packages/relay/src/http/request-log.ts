import type { IncomingMessage } from 'node:http'
import type { LogBudget, Logger } from '@warren/runtime'
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
  /** Whether the line may be logged. Undefined: that is not decided yet. */
  readonly mayLog?: boolean | undefined
  /** Of the client, without the port. Needed if there is no principal. */
  readonly address?: string
}

/**
 * Logs `request completed` once per request. Empty polls and probes are logged at debug: those of a thousand nodes
 * would bury everything else, and the link summaries count them once a minute.
 */
export class RequestLog {
  readonly #log: Logger
  readonly #budget: LogBudget
  readonly #onFinished: (request: FinishedRequest) => void

  constructor(log: Logger, budget: LogBudget, onFinished: (request: FinishedRequest) => void) {
    this.#log = log
    this.#budget = budget
    this.#onFinished = onFinished
  }

  record(record: RequestRecord): void {
    const { id, method, path, route, status, principal, worker, durationMs, heldMs } = record
    const isRoutine = (status === 204 || route?.access === 'probe') && status < 400
    const level = isRoutine ? 'debug' : 'info'
    if (this.#log.isLevelEnabled(level) && (isRoutine || this.#mayLog(record))) {
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

  /** Tasks and results of a node are bounded by its tasks. Everything else can be repeated at will. */
  #mayLog({ mayLog, principal, status, address = '', route }: RequestRecord): boolean {
    if (mayLog !== undefined) return mayLog
    if (principal !== null && status < 400) return true
    return this.#budget.allows({
      party: principal === null ? address : `user ${principal.username}`,
      about: `${status} ${route?.path ?? 'unknown path'}`,
      kind: `HTTP ${status}`,
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
      mayLog: request.mayLog,
      address: request.raw.socket.remoteAddress ?? '',
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
