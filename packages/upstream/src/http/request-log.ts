import type { LogBudget, Logger } from '@warren/runtime'
import { addressGroup } from '@warren/runtime/http'
import type { FastifyReply, FastifyRequest } from 'fastify'

const MAX_PATH_LENGTH = 300

/** Logs requests. Clients can repeat what fails at will, so those lines are bounded. */
export class RequestLog {
  readonly #log: Logger
  readonly #budget: LogBudget

  constructor(log: Logger, budget: LogBudget) {
    this.#log = log
    this.#budget = budget
  }

  /** Client errors have no other line: the client logs them. */
  recordCompleted(request: FastifyRequest, reply: FastifyReply): void {
    const { id: requestId, method } = request
    const { statusCode: status, elapsedTime } = reply
    if (!this.#log.isLevelEnabled('debug')) return
    if (status >= 400 && !this.#mayLog(request, `HTTP ${status}`)) return
    const path = request.url.split('?', 1)[0]?.slice(0, MAX_PATH_LENGTH)
    const durationMs = Math.round(elapsedTime * 1000) / 1000
    this.#log.debug({ requestId, method, path, status, durationMs }, 'request completed')
  }

  /** A defect of the upstream. */
  recordFailed(request: FastifyRequest, cause: unknown): void {
    if (!this.#mayLog(request, 'request failed')) return
    this.#log.error({ err: cause, requestId: request.id }, 'request failed')
  }

  #mayLog(request: FastifyRequest, kind: string): boolean {
    const about = `${kind} ${request.routeOptions.url ?? 'unknown path'}`
    return this.#budget.allows({ party: addressGroup(request.ip), about, kind })
  }
}
