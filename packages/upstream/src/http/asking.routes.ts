import { isJsonObject, TASK_JSON_LIMITS } from '@warren/task-api'
import type { Collection } from '../collections/collection.ts'
import type { Collections } from '../collections/collections.ts'
import type { Questions } from '../questions/questions.ts'
import { UpstreamError } from '../upstream-error.ts'
import { waitLimit } from './wait-limit.ts'
import { JsonBodies, parseJsonBody } from './json-body.ts'
import { toQuestionView } from './question-view.ts'
import { type RouteEntry, pathParameter, queryParameter } from './route-entry.ts'

export interface AskingDeps {
  readonly collections: Collections
  readonly questions: Questions
  readonly stopping: AbortSignal
}

const QUESTION_LIMITS = { ...TASK_JSON_LIMITS, maxBytes: 1024 * 1024 }
// All who may ask have the same token.
const ASKERS = 'askers'
const MAX_WAIT_S = 60
const MAX_LISTED = 1_000

/** The API for asking, which only this upstream has. */
export function askingRoutes({ collections, questions, stopping }: AskingDeps): RouteEntry[] {
  const bodies = new JsonBodies(QUESTION_LIMITS)
  return [
    {
      methods: ['POST'],
      path: '/api/v1/questions',
      access: 'asker',
      handle: async (request, reply) => {
        const wait = parseWait(queryParameter(request, 'wait'))
        using body = await bodies.receive(ASKERS, request, reply)
        const { uuid } = questions.ask(parseJsonBody(body))
        const question = await questions.waitUntilSettled(uuid, waitLimit(wait, reply, stopping))
        void reply
          .code(201)
          .header('location', `/api/v1/questions/${encodeURIComponent(uuid)}`)
          .send(toQuestionView(question, questions.resultOf(uuid)))
      },
    },
    {
      methods: ['GET'],
      path: '/api/v1/questions',
      access: 'asker',
      handle: async (request, reply) => {
        const listed = questions.list(parseLimit(queryParameter(request, 'limit')))
        void reply.send({ questions: listed.map((question) => toQuestionView(question, null)) })
      },
    },
    {
      methods: ['POST'],
      path: '/api/v1/questions/:uuid/cancel',
      access: 'asker',
      handle: async (request, reply) => {
        const question = questions.cancel(pathParameter(request, 'uuid'))
        void reply.send(toQuestionView(question, null))
      },
    },
    {
      methods: ['GET'],
      path: '/api/v1/questions/:uuid',
      access: 'asker',
      handle: async (request, reply) => {
        const wait = parseWait(queryParameter(request, 'wait'))
        const uuid = pathParameter(request, 'uuid')
        const question = await questions.waitUntilSettled(uuid, waitLimit(wait, reply, stopping))
        void reply.send(toQuestionView(question, questions.resultOf(uuid)))
      },
    },
    {
      methods: ['GET'],
      path: '/api/v1/collections',
      access: 'asker',
      handle: async (_request, reply) => {
        void reply.send({ collections: collections.list().map(toCollectionView) })
      },
    },
    {
      methods: ['POST'],
      path: '/api/v1/collections',
      access: 'asker',
      handle: async (request, reply) => {
        using body = await bodies.receive(ASKERS, request, reply)
        const json = parseJsonBody(body)
        const name = isJsonObject(json) ? json['name'] : undefined
        if (typeof name !== 'string') throw new UpstreamError('INVALID_NAME')
        void reply.code(201).send(collections.add(name))
      },
    },
  ]
}

function parseLimit(text: string): number {
  if (text === '') return 20
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= MAX_LISTED) return limit
  throw new UpstreamError('BAD_REQUEST', {
    detail: `limit must be a whole number from 1 to ${MAX_LISTED}`,
  })
}

function parseWait(text: string): number {
  if (text === '') return 0
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN
  if (seconds <= MAX_WAIT_S) return seconds
  throw new UpstreamError('BAD_REQUEST', {
    detail: `wait must be a whole number of seconds up to ${MAX_WAIT_S}`,
  })
}

/** A collection in the API. */
export interface CollectionView {
  readonly collectionId: string
  readonly name: string
  readonly username: string
  readonly status: 'active' | 'suspended'
  readonly createdAt: string
  readonly lastPollAt: string | null
  readonly worker: string | null
}

export function toCollectionView(collection: Collection): CollectionView {
  const { id, name, username, suspended, createdAt, lastPollAt, lastWorker } = collection
  return {
    collectionId: id,
    name,
    username,
    status: suspended ? 'suspended' : 'active',
    createdAt: new Date(createdAt).toISOString(),
    lastPollAt: lastPollAt === null ? null : new Date(lastPollAt).toISOString(),
    worker: lastWorker,
  }
}
