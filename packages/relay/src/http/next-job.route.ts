import { preferredWait } from '@warren/task-api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { NodeQueue } from '../queue/node-queue.ts'
import type { TaskKind } from '../store/relay-store.ts'
import type { TaskDesk } from '../tasks/task-desk.ts'
import { ApiError } from './api-errors.ts'
import { principalOf, type RouteEntry } from './route-entry.ts'

export interface NextJobDeps {
  readonly desk: Pick<TaskDesk, 'lease' | 'putBack'>
  readonly queue: Pick<NodeQueue, 'mayHaveWork' | 'status'>
  /** Longest that `Prefer: wait` is honoured for, seconds. Below a load balancer's idle timeout. */
  readonly maxWaitSeconds: number
  /** Aborted when the hub stops: polls held open are answered 204 at once. */
  readonly draining: AbortSignal
}

// A held poll costs a socket and a few kilobytes; beyond this, clients poll as those do that never ask to be held.
const MAX_HELD_POLLS = 10_000

const KINDS: ReadonlyMap<string, TaskKind> = new Map([
  ['a', 'availability'],
  ['b', 'distribution'],
])

/** `GET nextjob`: leases the node's oldest task, or says 204. */
export function nextJobRoute(deps: NextJobDeps): RouteEntry {
  const { desk, queue, draining } = deps
  return {
    method: 'GET',
    path: '/link_connector_api/task/nextjob/:collection',
    access: 'node',
    handle: async (request, reply) => {
      const { nodeId, suffix } = principalOf(request)
      const kind = KINDS.get(suffix)
      if (suffix !== '' && kind === undefined) throw new ApiError('RELAY_UNSUPPORTED_TYPE')
      void reply.header('cache-control', 'no-store')

      const asked = Math.min(preferredWait(request.headers.prefer), deps.maxWaitSeconds)
      const seconds = asked > 0 && queue.status().waiting < MAX_HELD_POLLS ? asked : 0
      if (seconds > 0) void reply.header('preference-applied', `wait=${seconds}`)
      const waitMs = draining.aborted ? 0 : seconds * 1000

      // The poll of a thousand idle nodes ends here: nothing was asked, nothing allocated.
      if (waitMs === 0 && !queue.mayHaveWork(nodeId, kind)) {
        noJob(reply)
        return
      }

      using gone = clientGone(request, reply, draining)
      if (waitMs > 0) request.heldSince = performance.now()
      const task = await desk.lease(nodeId, {
        kind,
        waitMs,
        signal: gone.signal,
        requestId: request.id,
      })
      if (waitMs > 0) request.heldMs = performance.now() - request.heldSince
      request.heldSince = 0
      if (task === null) {
        noJob(reply)
      } else if (isGone(reply)) {
        // Nobody would receive it, and the task must not stay with this node until its lease runs out.
        await desk.putBack(task)
        noJob(reply)
      } else {
        void reply.code(200).type('application/json; charset=utf-8').send(task.body)
      }
    },
  }
}

function noJob(reply: FastifyReply): void {
  void reply.code(204).send()
}

function isGone(reply: FastifyReply): boolean {
  return reply.raw.destroyed || reply.raw.socket?.destroyed === true
}

/** A signal that aborts when the client hangs up or the hub stops; dispose it when the request is answered. */
function clientGone(
  request: FastifyRequest,
  reply: FastifyReply,
  draining: AbortSignal,
): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  // `close` of the response also comes after a complete answer; by then nobody listens any more.
  reply.raw.once('close', abort)
  draining.addEventListener('abort', abort, { once: true })
  if (request.raw.destroyed && isGone(reply)) abort()
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      reply.raw.off('close', abort)
      draining.removeEventListener('abort', abort)
    },
  }
}
