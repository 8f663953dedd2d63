import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { ConnectionLimit, type LimitReason } from './connection-limit.ts'
import { type BodyPace, SLOWEST_BODY } from './read-body.ts'
import { SECURITY_HEADERS } from './security-headers.ts'
import type { TlsCertificate } from './tls-certificate.ts'

export interface HttpServerOptions {
  readonly maxConnections: number
  /** Whether an address stands for many clients, such as that of a load balancer. */
  readonly isShared?: (address: string) => boolean
  /** How long an idle connection stays open, ms. If the load balancer keeps it open longer, clients receive 502. */
  readonly keepAliveMs: number
  /** Longest time for a request with its body, ms. */
  readonly requestMs: number
  /** Undefined: without TLS. */
  readonly certificate?: TlsCertificate | undefined
  readonly onLimit?: (reason: LimitReason, address: string) => void
  /** Aborted when the server stops. Connections without a request are closed then. */
  readonly stopping?: AbortSignal
  readonly timing?: ServerTiming
}

interface ServerTiming {
  /** Longest time for the TLS handshake, and again for the headers of a request, ms. */
  readonly headersMs: number
  /** The slowest client that may read a response. */
  readonly pace: BodyPace
  /** How often connections are checked, ms. */
  readonly checkMs: number
}

const TIMING: ServerTiming = { headersMs: 10_000, pace: SLOWEST_BODY, checkMs: 2_000 }

/** A server whose clients cannot hold connections without sending requests, or open too many of them. */
export function createHttpServer(handle: RequestListener, options: HttpServerOptions): Server {
  const { certificate, keepAliveMs, requestMs, maxConnections, isShared, onLimit } = options
  const { headersMs, pace, checkMs } = options.timing ?? TIMING
  const settings = {
    keepAliveTimeout: keepAliveMs,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: checkMs,
    noDelay: true,
  }
  const server =
    certificate === undefined
      ? createServer(settings)
      : certificate.serve(
          createTlsServer({ ...settings, handshakeTimeout: headersMs, ...certificate.options }),
        )
  const limit = new ConnectionLimit(server, {
    maxConnections,
    idleMs: keepAliveMs,
    pace,
    checkMs,
    ...(isShared === undefined ? {} : { isShared }),
    ...(onLimit === undefined ? {} : { onLimit }),
  })
  server.on('request', (request, response) => {
    // The other requests of the packet in which a limit was exceeded are parsed even though the connection is closed.
    if (!request.socket.destroyed) handle(request, response)
  })
  server.once('close', () => limit[Symbol.dispose]())
  options.stopping?.addEventListener('abort', () => limit.closeIdle(), { once: true })
  return server
}

/** Answers a request that Node.js cannot parse, and closes the connection. */
export function rejectMalformedRequest(error: { readonly code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUS_OF_ERROR[error.code ?? ''] ?? 400
  const headers = Object.entries({
    ...SECURITY_HEADERS,
    connection: 'close',
    'content-length': '0',
  })
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n`, () => socket.destroy())
}

const STATUS_OF_ERROR: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
}
