import type { LogBudget, Logger } from '@warren/runtime'
import {
  addressGroup,
  chooseRequestId,
  createHttpServer,
  type HttpServerOptions,
  rejectMalformedRequest,
  SECURITY_HEADERS,
} from '@warren/runtime/http'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { UpstreamError } from '../upstream-error.ts'
import { type AskingDeps, askingRoutes } from './asking.routes.ts'
import { createAskerCheck } from './asker-access.ts'
import { sendError, toUpstreamError } from './error-response.ts'
import type { RateLimit } from './rate-limit.ts'
import { RequestLog } from './request-log.ts'
import type { RouteEntry } from './route-entry.ts'
import { type TaskApiDeps, taskApiRoutes } from './task-api.routes.ts'

export interface AppDeps extends TaskApiDeps, AskingDeps {
  readonly askerToken: string | undefined
  readonly rateLimit: RateLimit
  /** Throws if the database does not respond. */
  readonly check: () => void
  readonly server: HttpServerOptions
  readonly log: Logger
  readonly budget: LogBudget
}

/** The HTTP side of the upstream, without a socket. Tests can use `inject`. */
export function buildApp(deps: AppDeps): FastifyInstance {
  const requestLog = new RequestLog(deps.log, deps.budget)
  const routes = [...taskApiRoutes(deps), ...askingRoutes(deps), ...probes(deps.check)]
  const app = fastify({
    serverFactory: (handler) =>
      createHttpServer(handler, { ...deps.server, stopping: deps.stopping }),
    clientErrorHandler: rejectMalformedRequest,
    logger: false,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    genReqId: (raw) => chooseRequestId(raw.headers['x-request-id']),
    // The hooks do not run for these errors.
    frameworkErrors: (error, request, reply) =>
      sendError(toUpstreamError(error), request, addHeaders(request, reply)),
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      // The Python bunny joins a base URL that ends in a slash to a path that begins with one.
      ignoreDuplicateSlashes: true,
      maxParamLength: 1000,
    },
  })
  // Bodies stay unread until a route reads its own.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.addHook('onRequest', async (request, reply) => {
    addHeaders(request, reply)
    const wait = deps.rateLimit.secondsToWait(addressGroup(request.ip))
    if (wait > 0) throw new UpstreamError('TOO_MANY_REQUESTS', { retryAfterSeconds: wait })
  })
  app.addHook('onSend', async (_request, reply) => {
    if (deps.stopping.aborted) void reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => requestLog.recordCompleted(request, reply))
  app.setErrorHandler((failure, request, reply) => {
    const error = toUpstreamError(failure)
    if (error.code === 'INTERNAL') requestLog.recordFailed(request, error.options.cause)
    sendError(error, request, reply)
  })
  app.setNotFoundHandler((request, reply) =>
    sendError(new UpstreamError('NO_SUCH_PATH'), request, reply),
  )
  const checkAsker = createAskerCheck(deps.askerToken)
  for (const { methods, path, access, handle } of routes) {
    app.route({
      method: [...methods],
      url: path,
      ...(access === 'asker' ? { onRequest: async (request) => checkAsker(request) } : {}),
      handler: handle,
    })
  }
  return app
}

/** The headers of every response. */
function addHeaders(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.header('x-request-id', request.id).headers(SECURITY_HEADERS)
}

function probes(check: () => void): RouteEntry[] {
  return [probe('/livez', () => {}), probe('/readyz', check), probe('/healthz', check)]
}

function probe(path: string, test: () => void): RouteEntry {
  return {
    methods: ['GET', 'HEAD'],
    path,
    access: 'open',
    handle: async (_request, reply) => {
      test()
      void reply.type('text/plain; charset=utf-8').send('Healthy')
    },
  }
}
