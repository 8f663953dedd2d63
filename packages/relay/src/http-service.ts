import {
  type createMetrics,
  ExitCode,
  type Health,
  type Logger,
  ProgramError,
} from '@warren/runtime'
import { longestBodyMs, type TlsCertificate } from '@warren/runtime/http'
import type { FastifyInstance } from 'fastify'
import type { RelayConfig } from './config/relay-config.ts'
import { type AppDeps, buildApp } from './http/app.ts'
import { openCertificate } from './http/certificate.ts'
import { HeldPolls } from './http/held-polls.ts'
import { ResultBodies } from './http/result-body.ts'
import type { Authenticator } from './nodes/authenticator.ts'
import type { NodeLinks } from './nodes/node-links.ts'
import { ConnectionLimitLog } from './observe/connection-limit-log.ts'
import type { RelayMetrics } from './observe/relay-metrics.ts'
import type { NodeQueue } from './queue/node-queue.ts'
import type { RelayStore } from './store/relay-store.ts'
import type { TaskService } from './tasks/task-service.ts'
import { RELAY_VERSION } from './version.ts'

/** The parts of a relay that its HTTP API uses. */
export interface HttpServiceParts {
  readonly taskService: TaskService
  readonly queue: NodeQueue
  readonly authenticator: Authenticator
  readonly links: NodeLinks
  readonly metrics: RelayMetrics
  readonly registry: ReturnType<typeof createMetrics>
  readonly health: Health
  readonly store: RelayStore
  readonly log: Logger
}

// How long a result waits for memory, before it is read and again before it is stored.
const BODY_WAIT_MS = 30_000
// Half of the time in which the relay must exit. The rest is for submissions and the database.
const DRAIN_MS = 10_000

/** The HTTP API of a relay that listens. When it is disposed, held polls are answered, and requests in progress end. */
export class HttpService implements AsyncDisposable {
  /** Where nodes on this machine reach it, without a path: `http://127.0.0.1:8080`, or https. */
  readonly url: string
  readonly port: number
  readonly #app: FastifyInstance
  readonly #draining: AbortController

  private constructor(
    app: FastifyInstance,
    address: { readonly url: string; readonly port: number },
    draining: AbortController,
  ) {
    this.url = address.url
    this.port = address.port
    this.#app = app
    this.#draining = draining
  }

  /** @throws ProgramError with exit code 69 if the port is taken, 78 if a TLS file cannot be used. */
  static async start(config: RelayConfig, parts: HttpServiceParts): Promise<HttpService> {
    const draining = new AbortController()
    const { log, metrics } = parts
    const certificate = await openCertificate(config, {
      log,
      onRead: (expiresAt) => metrics.setCertificateExpiry(expiresAt),
    })
    const app = buildApp(appDeps(config, parts, { draining: draining.signal, certificate }))
    if (certificate !== undefined) app.server.once('close', () => certificate[Symbol.dispose]())
    try {
      const port = await listen(app, config)
      const scheme = certificate === undefined ? 'http' : 'https'
      const url = `${scheme}://${reachableHost(config.host)}:${port}`
      return new HttpService(app, { url, port }, draining)
    } catch (error: unknown) {
      await app.close()
      throw error
    }
  }

  /** Takes `DRAIN_MS` at most: an upload that does not end by then is cut off, and the bunny sends it again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#draining.abort()
    const cutOff = setTimeout(() => this.#app.server.closeAllConnections(), DRAIN_MS)
    await this.#app.close()
    clearTimeout(cutOff)
  }
}

function appDeps(
  config: RelayConfig,
  parts: HttpServiceParts,
  {
    draining,
    certificate,
  }: { readonly draining: AbortSignal; readonly certificate: TlsCertificate | undefined },
): AppDeps {
  const { taskService, queue, authenticator, links, metrics, registry, health, store, log } = parts
  const limitLog = new ConnectionLimitLog(log)
  return {
    nextJob: {
      taskService,
      queue,
      held: new HeldPolls(),
      maxWaitSeconds: Math.floor(config.maxWaitMs / 1000),
    },
    result: {
      taskService,
      bodies: new ResultBodies({ maxBytes: config.maxBodyBytes, waitMs: BODY_WAIT_MS }),
      now: Date.now,
    },
    login: {
      authenticator,
      trustedProxies: config.trustedProxies,
      onFailure: (reason) => metrics.countLoginFailure(reason),
    },
    health: { health, queueStatus: () => queue.status(), healthPath: config.healthPath },
    metrics:
      config.metricsPath === undefined
        ? undefined
        : {
            metrics: registry,
            path: config.metricsPath,
            token: config.metricsToken,
            readers: config.metricsReaders,
            trustedProxies: config.trustedProxies,
            refresh: async () => {
              const counts = await store.tasks.countByState().catch(() => undefined)
              metrics.setGauges(counts, queue.status())
            },
          },
    version: RELAY_VERSION,
    log,
    onFinished: (request) => {
      const { nodeId, status, durationMs, worker, user = '' } = request
      const outcome = status >= 500 ? 'error' : String(status)
      if (nodeId !== undefined) links.record(nodeId, outcome, durationMs, { worker, user })
      metrics.countRequest(request, nodeId === undefined ? undefined : links.nameOf(nodeId))
    },
    server: {
      maxConnections: config.maxConnections,
      isShared: (address) => config.trustedProxies.has(address),
      keepAliveMs: config.keepAliveMs,
      certificate,
      requestMs: longestBodyMs(config.maxBodyBytes) + 2 * BODY_WAIT_MS,
      onLimit: (reason, address) => {
        limitLog.record(reason, address)
        metrics.countClosedConnection(reason)
      },
    },
    draining,
    needsClientCertificate: config.tlsClientAuthorityFile !== undefined,
  }
}

async function listen(app: FastifyInstance, config: RelayConfig): Promise<number> {
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error: unknown) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new ProgramError(`cannot listen on ${config.host}:${config.port} (${code})`, {
      exitCode: ExitCode.unavailable,
      hint: 'Set RELAY_HOST and RELAY_PORT to an address of this machine and a free port.',
      cause: error,
    })
  }
  const bound = app.server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : config.port
}

function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
