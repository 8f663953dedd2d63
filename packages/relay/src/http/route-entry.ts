import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../nodes/authenticator.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on routes for nodes once the login is verified. */
    principal: Principal | null
    /** How long a poll was held open waiting for work, ms; not part of what the hub took to answer. */
    heldMs: number
    /** While the poll is being held: since when, by `performance.now()`; else 0. */
    heldSince: number
    /** By `performance.now()`. Not `reply.elapsedTime`: that one stays 0 while Fastify's own request log is off. */
    startedAt: number
  }
}

/** One line of the API. The whole of it is the table in `app.ts`. */
export interface RouteEntry {
  readonly method: 'GET' | 'POST'
  /** Matched in any case, with or without a slash at the end. */
  readonly path: string
  /** `node`: needs a Basic login valid for `:collection`. `probe`: open, and logged at debug only. */
  readonly access: 'node' | 'probe'
  /** Resolves when the answer is on its way. A reply is never returned: it is a promise of its own end. */
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
}

/** The principal of a request on a route for nodes. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new Error(`no login was checked for ${request.url}`)
  return request.principal
}

/** The value of a path parameter, which the router guarantees to be there. */
export function pathParameter(request: FastifyRequest, name: string): string {
  const { params } = request
  if (typeof params !== 'object' || params === null) return ''
  const value: unknown = Reflect.get(params, name)
  return typeof value === 'string' ? value : ''
}
