import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls'
import { decodeBody } from '@warren/task-api'

/** Opens a TCP connection. Rejects with an error that has a `code`. */
export async function openTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host, port })
  await untilEvent(socket, 'connect', signal)
  return socket
}

/** Adds TLS to a connection. A certificate that is not trusted is accepted here, so that it can be described. */
export async function addTls(
  socket: Socket,
  host: string,
  context: SecureContext | undefined,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const secure = connectTls({
    socket,
    ...(isIP(host) === 0 ? { servername: host } : { host }),
    ...(context === undefined ? {} : { secureContext: context }),
    // The certificate is checked by the caller, who reports every problem of it. No credentials are sent before that.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  })
  await untilEvent(secure, 'secureConnect', signal)
  return secure
}

async function untilEvent(socket: Socket, event: string, signal: AbortSignal): Promise<void> {
  try {
    await once(socket, event, { signal })
  } catch (error: unknown) {
    socket.destroy()
    throw error
  }
  // Later errors are those of the exchange, which reports them itself.
  socket.on('error', () => {})
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** At most its first 64 KiB. */
  readonly body: string
  /** Between sending the request and the headers of the response. */
  readonly roundTripMs: number
  /** Milliseconds since 1970, half-way between the two. */
  readonly at: number
}

export interface Asking {
  readonly method: 'GET' | 'POST' | 'HEAD'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** The header `Server`; '' if there is none. */
export function serverOf({ headers }: Answer): string {
  const { server } = headers
  return (Array.isArray(server) ? server[0] : server) ?? ''
}

const MAX_BODY_BYTES = 64 * 1024

/** Sends one request on an open connection and closes it. */
export async function ask(
  socket: Socket,
  { method, url, headers, body }: Asking,
  signal: AbortSignal,
): Promise<Answer> {
  const startedAt = performance.now()
  const sentAt = Date.now()
  const outgoing = request({
    createConnection: () => socket,
    method,
    path: `${url.pathname}${url.search}`,
    headers: { host: url.host, connection: 'close', 'accept-encoding': 'identity', ...headers },
    signal,
  })
  const answered = once(outgoing, 'response')
  outgoing.end(body)
  try {
    const [response] = await answered
    const roundTripMs = performance.now() - startedAt
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: await readStart(response),
      roundTripMs,
      at: sentAt + roundTripMs / 2,
    }
  } finally {
    outgoing.on('error', () => {})
    outgoing.destroy()
    socket.destroy()
  }
}

/** Some proxies compress every response, although `identity` is asked for. */
async function readStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of decodeBody(response, response.headers['content-encoding'])) {
      chunks.push(chunk)
      size += chunk.length
      if (size > MAX_BODY_BYTES) break
    }
  } catch {
    // The status has arrived, and it decides.
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString('utf8')
}

export interface Tunnel {
  readonly status: number
  /** Absent if the proxy refused. */
  readonly socket?: Socket
}

/** Asks a proxy for a connection to `target` (`host:port`). */
export async function openTunnel(
  proxySocket: Socket,
  proxy: URL,
  target: string,
  signal: AbortSignal,
): Promise<Tunnel> {
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  const outgoing = request({
    createConnection: () => proxySocket,
    method: 'CONNECT',
    path: target,
    headers: {
      host: target,
      ...(proxy.username === ''
        ? {}
        : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
    signal,
  })
  const answered = Promise.withResolvers<Tunnel>()
  outgoing.once('connect', (response, socket: Socket) => {
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) answered.resolve({ status, socket })
    else {
      socket.destroy()
      answered.resolve({ status })
    }
  })
  outgoing.once('response', (response) => {
    response.destroy()
    answered.resolve({ status: response.statusCode ?? 0 })
  })
  outgoing.on('error', (error) => answered.reject(error))
  outgoing.end()
  return answered.promise
}
