import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '@warren/runtime'
import { chooseRequestId } from '@warren/runtime/http'
import type { Authenticator } from '../nodes/authenticator.ts'
import type { NodeQueue } from '../queue/node-queue.ts'
import { NEXT_JOB_PREFIX, taskKindOf } from './next-job.route.ts'
import { logVerified } from './node-login.ts'
import { type RequestLog, workerOf } from './request-log.ts'
import type { RouteEntry } from './route-entry.ts'

export interface EmptyPollsDeps {
  readonly authenticator: Pick<Authenticator, 'recall'>
  readonly queue: Pick<NodeQueue, 'mayHaveWork'>
  readonly requestLog: RequestLog
  /** The route that answers all other polls. */
  readonly route: RouteEntry
  readonly log: Logger
}

/**
 * Answers a poll that finds nothing, before Fastify reads it: a thousand nodes poll every few seconds, and nearly always in
 * vain. It answers only if the login is cached, nothing is queued for the node and the poll is not to be held. The response,
 * the log and the metrics are those of the route.
 *
 * @returns whether it has answered
 */
export function emptyPolls({ authenticator, queue, requestLog, route, log }: EmptyPollsDeps) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method, url = '', headers } = request
    if (method !== 'GET' || !url.startsWith(NEXT_JOB_PREFIX) || headers.prefer !== undefined) {
      return false
    }
    // A pipelined request waits for the responses to earlier ones.
    if (response.socket === null) return false
    const startedAt = performance.now()
    const collection = url.slice(NEXT_JOB_PREFIX.length)
    const principal = authenticator.recall(headers.authorization, collection)
    if (principal === undefined) return false
    const kind = taskKindOf(principal.suffix)
    if (kind === 'unsupported' || queue.mayHaveWork(principal.nodeId, kind)) return false

    const id = chooseRequestId(headers['x-request-id'])
    logVerified(log, principal, id)
    response.writeHead(204, ['x-request-id', id, 'cache-control', 'no-store'])
    response.end()
    requestLog.record({
      id,
      method,
      path: url,
      route,
      status: 204,
      durationMs: performance.now() - startedAt,
      heldMs: 0,
      principal,
      worker: workerOf(request),
    })
    return true
  }
}
