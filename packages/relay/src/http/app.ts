import { LogBudget, type Logger } from '@warren/runtime'
import {
  chooseRequestId,
  createHttpServer,
  hasValidClientCertificate,
  type HttpServerOptions,
  rejectMalformedRequest,
  SECURITY_HEADERS,
} from '@warren/runtime/http'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { metricsRoute, type MetricsDeps, versionRoute } from './about.routes.ts'
import { ApiError } from './api-errors.ts'
import { EarlyPolls } from './early-polls.ts'
import { toApiError, logServerError, sendError } from './error-response.ts'
import { healthRoutes, type HealthDeps } from './health.routes.ts'
import { nextJobRoute, type NextJobDeps } from './next-job.route.ts'
import { nodeLogin, type NodeLoginDeps } from './node-login.ts'
import { type FinishedRequest, RequestLog } from './request-log.ts'
import { resultRoute, type ResultDeps } from './result.route.ts'
import type { RouteEntry } from './route-entry.ts'
import { statusRoute } from './status.route.ts'

export interface AppDeps {
  readonly nextJob: Omit<NextJobDeps, 'draining'>
  readonly result: ResultDeps
  readonly login: Omit<NodeLoginDeps, 'log' | 'budget'>
  readonly health: HealthDeps
  /** Undefined if metrics are off. */
  readonly metrics: MetricsDeps | undefined
  readonly version: string
  readonly log: Logger
  readonly onFinished: (request: FinishedRequest) => void
  readonly server: HttpServerOptions
  /** Aborted when the relay stops: new requests are then rejected, and every response closes its connection. */
  readonly draining: AbortSignal
  /** Whether nodes need a valid client certificate. */
  readonly needsClientCertificate: boolean
}

/** The HTTP API of the relay, not yet listening; `inject` already works. */
export function buildApp(deps: AppDeps): FastifyInstance {
  const { log, draining } = deps
  const nextJob = nextJobRoute({ ...deps.nextJob, draining })
  const routes: readonly RouteEntry[] = [
    nextJob,
    resultRoute(deps.result),
    statusRoute(),
    ...healthRoutes(deps.health),
    versionRoute(deps.version),
    ...(deps.metrics === undefined ? [] : [metricsRoute(deps.metrics)]),
  ]

  const budget = new LogBudget({ log })
  const requestLog = new RequestLog(log, budget, deps.onFinished)
  const earlyPolls = new EarlyPolls({
    ...deps.nextJob,
    draining,
    authenticator: deps.login.authenticator,
    requestLog,
    route: nextJob,
    log,
  })
  const app = fastify({
    serverFactory: (handler) =>
      createHttpServer(
        (request, response) => {
          const mayLogIn = !deps.needsClientCertificate || hasValidClientCertificate(request.socket)
          if (draining.aborted || !mayLogIn) handler(request, response)
          else earlyPolls.receive(request, response, () => handler(request, response))
        },
        { ...deps.server, stopping: draining },
      ),
    clientErrorHandler: rejectMalformedRequest,
    logger: false,
    // A HEAD request to nextjob would lease a task and discard it.
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    genReqId: (raw) => earlyPolls.passedOn(raw)?.id ?? chooseRequestId(raw.headers['x-request-id']),
    // The hooks do not run for these errors.
    frameworkErrors: (error, request, reply) => {
      sendError(toApiError(error), request, addHeaders(request, reply))
    },
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      // The Python bunny joins a base URL that ends in a slash to a path that begins with one.
      ignoreDuplicateSlashes: true,
      maxParamLength: 1_000,
    },
  })

  app.decorateRequest('principal', null)
  app.decorateRequest('heldMs', 0)
  app.decorateRequest('heldSince', 0)
  app.decorateRequest('startedAt', 0)
  app.decorateRequest('mayLog', undefined)
  // Bodies stay unread: the route for results reads its own once it knows the task, and no other route has one.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))

  app.addHook('onRequest', (request, reply, done) => {
    const held = earlyPolls.passedOn(request.raw)
    request.startedAt = held?.startedAt ?? performance.now()
    request.heldMs = held?.heldMs ?? 0
    request.principal = held?.principal ?? null
    addHeaders(request, reply)
    // Not `onResponse`: Fastify never calls it if the client disconnects before the response.
    reply.raw.once('close', () => {
      requestLog.recordClosed(request, reply, request.routeOptions.config.entry)
    })
    if (held?.hasLoginEnded === true) return done(new ApiError('RELAY_UNAUTHORIZED'))
    if (held?.failure !== undefined) return done(held.failure)
    if (!draining.aborted) return done()
    return done(new ApiError('RELAY_STOPPING', { retryAfterSeconds: 1 }))
  })
  app.addHook('onClose', async () => budget[Symbol.dispose]())
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (draining.aborted) void reply.header('connection', 'close')
    done()
  })
  app.setErrorHandler((failure, request, reply) => {
    const error = toApiError(failure)
    logServerError(error, request, { log, budget })
    sendError(error, request, reply)
  })
  app.setNotFoundHandler((request, reply) =>
    sendError(new ApiError('RELAY_NO_SUCH_PATH'), request, reply),
  )

  const certificateCheck = deps.needsClientCertificate ? [requireCertificate] : []
  const login = nodeLogin({ ...deps.login, log, budget })
  for (const route of routes) {
    app.route({
      method: route.methods === 'any' ? app.supportedMethods : [...route.methods],
      url: route.path,
      config: { entry: route },
      ...(route.access === 'node' ? { onRequest: [...certificateCheck, login] } : {}),
      handler: route.handle,
    })
  }
  rejectOtherMethods(app, routes)
  return app
}

/** The headers of every response. */
function addHeaders(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.header('x-request-id', request.id).headers(SECURITY_HEADERS)
}

async function requireCertificate({ raw }: FastifyRequest): Promise<void> {
  if (!hasValidClientCertificate(raw.socket)) throw new ApiError('RELAY_CERTIFICATE_REQUIRED')
}

/** 405 with `Allow`: after a 404, people would look for a mistake in the URL. */
function rejectOtherMethods(app: FastifyInstance, routes: readonly RouteEntry[]): void {
  for (const { path, methods } of routes) {
    if (methods === 'any') continue
    const allowed = new Set<string>(methods)
    const allow = methods.join(', ')
    app.route({
      method: app.supportedMethods.filter((method) => !allowed.has(method)),
      url: path,
      handler: (request, reply) =>
        sendError(new ApiError('RELAY_METHOD_NOT_ALLOWED'), request, reply.header('allow', allow)),
    })
  }
}
