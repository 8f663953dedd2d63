import type { FastifyReply, FastifyRequest } from 'fastify'

/** One line of the API. The whole of it is the table in `app.ts`. */
export interface RouteEntry {
  readonly method: 'GET' | 'POST'
  /** Matched in any case, with or without a slash at the end. */
  readonly path: string
  /** `asker`: who may ask questions. `open`: everybody, or whom the handler itself lets in. */
  readonly access: 'asker' | 'open'
  /** Bytes; 0 for routes without a body. */
  readonly bodyLimit: number
  /** Resolves when the answer is on its way. */
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
}

/** The value of a path parameter, which the router guarantees to be there. */
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
