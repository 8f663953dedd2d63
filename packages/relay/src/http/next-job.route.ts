import { preferredWait } from '@warren/task-api'
import type { FastifyReply } from 'fastify'
import type { NodeQueue } from '../queue/node-queue.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import type { TaskService } from '../tasks/task-service.ts'
import { ApiError } from './api-errors.ts'
import { hasDisconnected, watchForDisconnect } from './disconnect.ts'
import { principalOf, type RouteEntry } from './route-entry.ts'

export interface NextJobDeps {
  readonly taskService: Pick<TaskService, 'lease' | 'returnLease'>
  readonly queue: Pick<NodeQueue, 'mayHaveWork' | 'status'>
  /** Longest time a poll is held for `Prefer: wait`, seconds. Must be below the load balancer's idle timeout. */
  readonly maxWaitSeconds: number
  /** Aborted when the relay stops: held polls are then answered 204 immediately. */
  readonly draining: AbortSignal
}

// A held poll costs a socket and a few kilobytes. Beyond this number, polls are answered immediately.
const MAX_HELD_POLLS = 10_000

const KINDS: ReadonlyMap<string, TaskKind> = new Map([
  ['a', 'availability'],
  ['b', 'distribution'],
])

/** `GET nextjob`: leases the node's oldest task, or returns 204. */
export function nextJobRoute(deps: NextJobDeps): RouteEntry {
  const { taskService, queue, draining } = deps
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

      // Polls of idle nodes end here, without a query and without an allocation.
      if (waitMs === 0 && !queue.mayHaveWork(nodeId, kind)) {
        sendNoTask(reply)
        return
      }

      using disconnect = watchForDisconnect(reply, draining)
      if (waitMs > 0) request.heldSince = performance.now()
      const task = await taskService.lease(nodeId, {
        kind,
        waitMs,
        signal: disconnect.signal,
        requestId: request.id,
      })
      if (waitMs > 0) request.heldMs = performance.now() - request.heldSince
      request.heldSince = 0
      if (task === null) {
        sendNoTask(reply)
      } else if (hasDisconnected(reply)) {
        // The client is gone. Without this, the node would get the task again only after its lease expires.
        await taskService.returnLease(task)
        sendNoTask(reply)
      } else {
        void reply.code(200).type('application/json; charset=utf-8').send(task.body)
      }
    },
  }
}

function sendNoTask(reply: FastifyReply): void {
  void reply.code(204).send()
}
