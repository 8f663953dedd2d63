import type { FastifyReply, FastifyRequest } from 'fastify'

/** One route of the API. `app.ts` has the list of all. */
export interface RouteEntry {
  readonly methods: readonly ('GET' | 'HEAD' | 'POST')[]
  /** Upper or lower case, with or without a slash at the end. */
  readonly path: string
  /** `asker`: requires the permission to ask. `open`: the handler checks credentials if it needs any. */
  readonly access: 'asker' | 'open'
  /** Resolves when the response is being sent. */
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
}

/** The value of a path parameter, which the router guarantees to exist. */
export function pathParameter(request: FastifyRequest, name: string): string {
  return member(request.params, name)
}

/** The value of a query parameter, "" if absent. */
export function queryParameter(request: FastifyRequest, name: string): string {
  return member(request.query, name)
}

function member(record: unknown, name: string): string {
  if (typeof record !== 'object' || record === null) return ''
  const value: unknown = Reflect.get(record, name)
  return typeof value === 'string' ? value : ''
}
