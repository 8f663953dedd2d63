import type { Logger } from '@warren/runtime'
import { type FastifyInstance, fastify } from 'fastify'
import { UpstreamError } from '../upstream-error.ts'
import { type AskingDeps, askingRoutes } from './asking.routes.ts'
import { createAskerCheck } from './asker-access.ts'
import { logInternalError, sendError, toUpstreamError } from './error-response.ts'
import { acceptJsonBodies } from './json-body.ts'
import type { RateLimit } from './rate-limit.ts'
import { requestIdOf } from './request-id.ts'
import type { RouteEntry } from './route-entry.ts'
import { type TaskApiDeps, taskApiRoutes } from './task-api.routes.ts'

export interface AppDeps extends TaskApiDeps, AskingDeps {
  readonly askerToken: string | undefined
  readonly rateLimit: RateLimit
  /** Throws if the database does not respond. */
  readonly check: () => void
  readonly log: Logger
}

/** The HTTP side of the upstream, without a socket. Tests can use `inject`. */
export function buildApp(deps: AppDeps): FastifyInstance {
  const { log } = deps
  const routes = [...taskApiRoutes(deps), ...askingRoutes(deps), ...probes(deps.check)]
  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // Without it a client may take indefinitely to send its request.
    requestTimeout: 120_000,
    genReqId: (raw) => requestIdOf(raw.headers['x-request-id']),
    frameworkErrors: (error, request, reply) => sendError(toUpstreamError(error), request, reply),
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      // The Python bunny joins a base URL that ends in a slash to a path that begins with one.
      ignoreDuplicateSlashes: true,
      maxParamLength: 1000,
    },
  })
  acceptJsonBodies(app)
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id)
    const wait = deps.rateLimit.secondsToWait(request.ip)
    if (wait > 0) throw new UpstreamError('TOO_MANY_REQUESTS', { retryAfterSeconds: wait })
  })
  app.addHook('onResponse', async (request, reply) => {
    const { id: requestId, method, url } = request
    const fields = { requestId, method, path: url.split('?', 1)[0], status: reply.statusCode }
    log.debug(
      { ...fields, durationMs: Math.round(reply.elapsedTime * 1000) / 1000 },
      'request completed',
    )
  })
  app.setErrorHandler((failure, request, reply) => {
    const error = toUpstreamError(failure)
    logInternalError(error, request, log)
    sendError(error, request, reply)
  })
  app.setNotFoundHandler((request, reply) =>
    sendError(new UpstreamError('NO_SUCH_PATH'), request, reply),
  )
  const checkAsker = createAskerCheck(deps.askerToken)
  for (const { method, path, access, bodyLimit, handle } of routes) {
    app.route({
      method,
      url: path,
      ...(bodyLimit === 0 ? {} : { bodyLimit }),
      ...(access === 'asker' ? { onRequest: async (request) => checkAsker(request) } : {}),
      handler: handle,
    })
  }
  return app
}

function probes(check: () => void): RouteEntry[] {
  return [probe('/livez', () => {}), probe('/readyz', check), probe('/healthz', check)]
}

function probe(path: string, test: () => void): RouteEntry {
  return {
    method: 'GET',
    path,
    access: 'open',
    bodyLimit: 0,
    handle: async (_request, reply) => {
      test()
      void reply.type('text/plain; charset=utf-8').send('Healthy')
    },
  }
}
