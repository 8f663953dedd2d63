import { preferredWait } from '@warren/task-api'
import type { FastifyReply } from 'fastify'
import type { Principal } from '../nodes/principal.ts'
import type { NodeQueue } from '../queue/node-queue.ts'
import type { LoginVersion } from '../store/user-store.ts'
import type { TaskKind } from '../vocabulary/task-kind.ts'
import type { TaskService } from '../tasks/task-service.ts'
import { ApiError } from './api-errors.ts'
import { hasDisconnected, watchForDisconnect } from './disconnect.ts'
import type { HeldPolls } from './held-polls.ts'
import { principalOf, type RouteEntry } from './route-entry.ts'

export interface NextJobDeps {
  readonly taskService: Pick<TaskService, 'lease' | 'returnLease'>
  readonly queue: Pick<NodeQueue, 'mayHaveWork' | 'waitForWork'>
  readonly held: HeldPolls
  /** Longest time a poll is held for `Prefer: wait`, seconds. Must be below the load balancer's idle timeout. */
  readonly maxWaitSeconds: number
  /** Aborted when the relay stops: held polls are then answered 204 immediately. */
  readonly draining: AbortSignal
}

const KINDS: ReadonlyMap<string, TaskKind> = new Map([
  ['a', 'availability'],
  ['b', 'distribution'],
])

/** The path of a poll, up to the collection ID. */
export const NEXT_JOB_PREFIX = '/link_connector_api/task/nextjob/'

/** The kind of task that the suffix of a collection ID asks for; undefined for any kind. */
export function taskKindOf(suffix: string): TaskKind | undefined | 'unsupported' {
  return suffix === '' ? undefined : (KINDS.get(suffix) ?? 'unsupported')
}

/** `GET nextjob`: leases the node's oldest task, or returns 204. */
export function nextJobRoute(deps: NextJobDeps): RouteEntry {
  const { taskService, queue, held, draining } = deps
  return {
    methods: ['GET'],
    path: `${NEXT_JOB_PREFIX}:collection`,
    access: 'node',
    handle: async (request, reply) => {
      const principal = principalOf(request)
      const { nodeId, suffix } = principal
      const kind = taskKindOf(suffix)
      if (kind === 'unsupported') throw new ApiError('RELAY_UNSUPPORTED_TYPE')

      const asked = Math.min(preferredWait(request.headers.prefer), deps.maxWaitSeconds)
      using place = asked > 0 ? held.enter(nodeId) : undefined
      if (place !== undefined) void reply.header('preference-applied', `wait=${asked}`)
      const leftMs = Math.max(0, asked * 1000 - request.heldMs)
      const waitMs = place === undefined || draining.aborted ? 0 : leftMs

      // Polls of idle nodes end here, without a query and without an allocation.
      if (waitMs === 0 && !queue.mayHaveWork(nodeId, kind)) {
        sendNoTask(reply)
        return
      }

      using disconnect = watchForDisconnect(reply, draining)
      using login = watchLogin(principal, disconnect.abort)
      if (waitMs > 0) request.heldSince = performance.now()
      const task = await taskService.lease(nodeId, {
        kind,
        waitMs,
        signal: disconnect.signal,
        isAllowed: (current) => login.isStill(current),
        requestId: request.id,
      })
      if (waitMs > 0) request.heldMs += performance.now() - request.heldSince
      request.heldSince = 0
      if (task === null) {
        if (login.hasEnded) throw new ApiError('RELAY_UNAUTHORIZED')
        sendNoTask(reply)
      } else if (hasDisconnected(reply)) {
        // The client is gone. Without this, the node would get the task again only after its lease expires.
        await taskService.returnLease(task)
        sendNoTask(reply)
      } else {
        void reply.code(200).type('application/json; charset=utf-8').send(task.json)
      }
    },
  }
}

/** Ends a poll whose login ends while it is held. */
function watchLogin(principal: Principal, endPoll: () => void) {
  let hasEnded = false
  const subscription = principal.onEnd(() => {
    hasEnded = true
    endPoll()
  })
  return {
    get hasEnded() {
      return hasEnded
    },
    isStill(current: LoginVersion): boolean {
      hasEnded ||= !principal.isStill(current)
      return !hasEnded
    },
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  }
}

function sendNoTask(reply: FastifyReply): void {
  void reply.code(204).send()
}
