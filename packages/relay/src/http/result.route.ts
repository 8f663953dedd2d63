import { conflictBody, JOB_SAVED, ResultFormatError } from '@warren/task-api'
import type { TaskService } from '../tasks/task-service.ts'
import { ApiError } from './api-errors.ts'
import { watchForDisconnect } from './disconnect.ts'
import { assertJson, type ResultBodies } from './result-body.ts'
import { pathParameter, principalOf, type RouteEntry } from './route-entry.ts'

export interface ResultDeps {
  readonly taskService: Pick<TaskService, 'isAssigned' | 'storeResult'>
  readonly bodies: ResultBodies
  readonly now: () => number
}

/** `POST result`: stores a node's result, and returns 200 only once it is stored. */
export function resultRoute({ taskService, bodies, now }: ResultDeps): RouteEntry {
  return {
    methods: ['POST'],
    path: '/link_connector_api/task/result/:uuid/:collection',
    access: 'node',
    handle: async (request, reply) => {
      const { nodeId } = principalOf(request)
      const uuid = pathParameter(request, 'uuid')
      assertJson(request)
      // Before the body is read: it may have 30 MB.
      if (!(await taskService.isAssigned(nodeId, uuid, request.id))) {
        throw new ApiError('RELAY_NO_SUCH_TASK')
      }
      using disconnect = watchForDisconnect(reply)
      using result = await bodies.receive(nodeId, request, disconnect.signal)
      const outcome = await store(taskService, nodeId, uuid, result.bytes, request.id)
      if (outcome === 'not-assigned') throw new ApiError('RELAY_NO_SUCH_TASK')
      if (outcome === 'late') {
        void reply.code(409).send(conflictBody(new Date(now())))
        return
      }
      // Plain text whatever the client accepts: the Python bunny takes a quoted JSON string for a failure.
      void reply.code(200).type('text/plain; charset=utf-8').send(JOB_SAVED)
    },
  }
}

async function store(
  taskService: ResultDeps['taskService'],
  nodeId: string,
  uuid: string,
  json: Buffer,
  requestId: string,
): ReturnType<TaskService['storeResult']> {
  try {
    return await taskService.storeResult(nodeId, uuid, json, requestId)
  } catch (error: unknown) {
    if (!(error instanceof ResultFormatError)) throw error
    throw new ApiError('RELAY_MALFORMED_RESULT', { problems: error.problems, cause: error })
  }
}
