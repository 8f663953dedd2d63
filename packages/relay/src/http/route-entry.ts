import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../nodes/principal.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on routes for nodes once the credentials are verified. */
    principal: Principal | null
    /** How long the poll was held, ms. Not part of the processing time. */
    heldMs: number
    /** When the relay began to hold the poll (`performance.now()`); 0 while it is not held. */
    heldSince: number
    /** From `performance.now()`, because `reply.elapsedTime` stays 0 while Fastify's own request log is off. */
    startedAt: number
    /** Whether this request may be logged. Undefined: that is decided when it ends. */
    mayLog: boolean | undefined
  }
  interface FastifyContextConfig {
    /** Undefined for the responses to unknown paths and methods. */
    entry?: RouteEntry
  }
}

/** One route of the API. `app.ts` lists them all. */
export interface RouteEntry {
  /** `any`: every method. */
  readonly methods: readonly ('GET' | 'HEAD' | 'POST')[] | 'any'
  /** Matched case-insensitively, with or without a trailing slash. */
  readonly path: string
  /** `node`: requires credentials that are valid for `:collection`. `probe`: open, and logged at debug only. */
  readonly access: 'node' | 'probe'
  /** Resolves once the response is being sent. It does not return the reply, which would be awaited to its end. */
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
}

/** The principal of a request on a route for nodes. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null)
    throw new Error(`the credentials of ${request.url} were not checked`)
  return request.principal
}

/** The value of a path parameter that is part of the matched route. */
export function pathParameter(request: FastifyRequest, name: string): string {
  const { params } = request
  if (typeof params !== 'object' || params === null) return ''
  const value: unknown = Reflect.get(params, name)
  return typeof value === 'string' ? value : ''
}
