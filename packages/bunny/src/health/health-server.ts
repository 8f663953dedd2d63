import type { IncomingMessage, ServerResponse } from 'node:http'
import { ExitCode, ProgramError, type Health } from '@warren/runtime'
import { createHttpServer, rejectMalformedRequest, SECURITY_HEADERS } from '@warren/runtime/http'

export interface HealthServerOptions {
  readonly address: { readonly host: string; readonly port: number }
  readonly health: Health
  /** Further members of the body of `/readyz`. */
  readonly status: () => object
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> }
}

/** Probes and a scraper. */
const MAX_CONNECTIONS = 32

/**
 * Serves `/livez` (the process responds), `/readyz` and `/healthz` (the relay and the database respond) and `/metrics`. Throws
 * `ProgramError` (78) if the address cannot be used.
 */
export async function startHealthServer(options: HealthServerOptions): Promise<AsyncDisposable> {
  const { address } = options
  const server = createHttpServer((request, response) => void answer(options, request, response), {
    maxConnections: MAX_CONNECTIONS,
    keepAliveMs: 5_000,
    requestMs: 10_000,
  })
  server.on('clientError', rejectMalformedRequest)
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject).listen(address.port, address.host, listening.resolve)
  try {
    await listening.promise
  } catch (error: unknown) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ProgramError(
      `BUNNY_HEALTH_ADDRESS: cannot listen on ${address.host}:${address.port}${code}`,
      {
        exitCode: ExitCode.config,
        hint: 'Choose a free port, or unset BUNNY_HEALTH_ADDRESS.',
        cause: error,
      },
    )
  }
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  options: HealthServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '' } = request
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, {
      ...SECURITY_HEADERS,
      'content-type': type,
      'content-length': Buffer.byteLength(body),
    })
    response.end(method === 'HEAD' ? undefined : body)
  }
  const json = (status: number, body: unknown): void =>
    send(status, 'application/json; charset=utf-8', JSON.stringify(body))
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    json(405, { error: 'use GET or HEAD' })
    return
  }
  switch (url.split('?')[0] ?? '') {
    case '/livez':
      json(200, { status: 'live' })
      return
    case '/readyz': {
      const { ok, checks } = await options.health.ready()
      json(ok ? 200 : 503, { status: ok ? 'ready' : 'unready', checks, ...options.status() })
      return
    }
    case '/healthz': {
      const { ok } = await options.health.ready()
      send(ok ? 200 : 503, 'text/plain; charset=utf-8', ok ? 'Healthy' : 'Unhealthy')
      return
    }
    case '/metrics':
      send(200, options.metrics.contentType, await options.metrics.text())
      return
    default:
      json(404, { error: 'unknown path: /livez, /readyz, /healthz or /metrics' })
  }
}
