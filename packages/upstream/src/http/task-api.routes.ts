import {
  JOB_SAVED,
  RESULT_JSON_LIMITS,
  type Task,
  conflictBody,
  parseBasicCredentials,
  preferredWait,
} from '@warren/task-api'
import type { FastifyRequest } from 'fastify'
import type { Collection } from '../collections/collection.ts'
import type { Collections } from '../collections/collections.ts'
import type { Behaviour } from '../config.ts'
import type { Questions } from '../questions/questions.ts'
import { UpstreamError } from '../upstream-error.ts'
import { JsonBodies } from './json-body.ts'
import { waitLimit } from './wait-limit.ts'
import { type RouteEntry, pathParameter } from './route-entry.ts'

export interface TaskApiDeps {
  readonly collections: Collections
  readonly questions: Questions
  readonly behaviour: Behaviour
  readonly stopping: AbortSignal
  readonly now: () => number
}

// The base paths of the newer and the older service. Both work with either behaviour.
const BASES = ['/api/v1', '/link_connector_api']
export const MAX_RESULT_BYTES = 32 * 1024 * 1024
const MAX_WAIT_S = 60
const MAX_WORKER_LENGTH = 200

export function taskApiRoutes(deps: TaskApiDeps): RouteEntry[] {
  const bodies = new JsonBodies({ ...RESULT_JSON_LIMITS, maxBytes: MAX_RESULT_BYTES })
  return BASES.flatMap((base) => [
    pollRoute(deps, base),
    resultRoute(deps, bodies, base),
    statusRoute(deps, base),
  ])
}

function pollRoute(deps: TaskApiDeps, base: string): RouteEntry {
  const { collections, questions, behaviour, stopping } = deps
  return {
    methods: ['GET'],
    path: `${base}/task/nextjob/:target`,
    access: 'open',
    handle: async (request, reply) => {
      const target = pathParameter(request, 'target')
      const dot = target.indexOf('.')
      const id = dot === -1 ? target : target.slice(0, dot)
      const login = requireLogin(request, collections)
      const kinds = kindsOf(dot === -1 ? null : target.slice(dot + 1), behaviour)
      const collection = requireOwnCollection(login, id, collections)
      const worker = workerOf(request)
      if (kinds.includes('availability')) collections.recordPoll(collection, worker)
      const wait = Math.min(preferredWait(request.headers.prefer), MAX_WAIT_S)
      const poll = { worker, requestId: request.id }
      const task = await questions.handOutNext(
        collection,
        kinds,
        poll,
        waitLimit(wait, reply, stopping),
      )
      if (wait > 0) void reply.header('preference-applied', `wait=${wait}`)
      void (task === null ? reply.code(204).send() : reply.send(task))
    },
  }
}

/** Some clients ask it to check their connection. The list is always empty, as at existing services. */
function statusRoute({ collections }: TaskApiDeps, base: string): RouteEntry {
  return {
    methods: ['GET', 'POST'],
    path: `${base}/task/status/:target`,
    access: 'open',
    handle: async (request, reply) => {
      requireLogin(request, collections)
      void reply.send([])
    },
  }
}

function resultRoute(deps: TaskApiDeps, bodies: JsonBodies, base: string): RouteEntry {
  const { collections, questions, behaviour, now } = deps
  return {
    methods: ['POST'],
    path: `${base}/task/result/:uuid/:collection`,
    access: 'open',
    handle: async (request, reply) => {
      const login = requireLogin(request, collections)
      const collection = requireOwnCollection(
        login,
        pathParameter(request, 'collection'),
        collections,
      )
      const uuid = pathParameter(request, 'uuid')
      try {
        // Before the body is read: it may have 32 MiB.
        questions.requireOpen(uuid, collection)
        using body = await bodies.receive(collection.id, request, reply)
        questions.receive(uuid, collection, body.bytes, request.id)
      } catch (error: unknown) {
        if (!(error instanceof UpstreamError && error.code === 'ALREADY_ANSWERED')) throw error
        // The body that clients of the older service expect.
        void reply.code(409).send(conflictBody(new Date(now())))
        return
      }
      if (behaviour === 'older') void reply.type('text/plain; charset=utf-8').send(JOB_SAVED)
      else void reply.code(201).send({ message: 'Result received' })
    },
  }
}

function kindsOf(suffix: string | null, behaviour: Behaviour): readonly Task['kind'][] {
  switch (suffix) {
    case null:
      return behaviour === 'older' ? ['availability', 'distribution'] : ['availability']
    case 'a':
      return ['availability']
    case 'b':
      return ['distribution']
    case 'c':
      // The older service has a queue for analyses over cohorts. Here it is always empty.
      if (behaviour === 'older') return []
      throw new UpstreamError('BAD_SUFFIX')
    default:
      throw new UpstreamError('BAD_SUFFIX')
  }
}

function requireLogin(request: FastifyRequest, collections: Collections): Collection {
  const credentials = parseBasicCredentials(request.headers.authorization)
  const login = collections.logIn(credentials?.username ?? '', credentials?.password ?? '')
  if (credentials === undefined || login === undefined) throw new UpstreamError('NOT_LOGGED_IN')
  return login
}

function requireOwnCollection(login: Collection, id: string, collections: Collections): Collection {
  if (id.toLowerCase() === login.id) return login
  throw new UpstreamError(
    collections.get(id.toLowerCase()) === undefined ? 'UNKNOWN_COLLECTION' : 'OTHER_COLLECTION',
  )
}

function workerOf(request: FastifyRequest): string {
  const given = request.headers['x-worker-id']
  const worker = typeof given === 'string' && given !== '' ? given : request.headers['user-agent']
  return (worker ?? request.ip).slice(0, MAX_WORKER_LENGTH)
}
