import { createServer as createHttpServer, ServerResponse, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { freePort, selfSignedCertificate } from '@warren/testkit'

/** A name that no DNS server knows. Tests resolve it themselves. */
export const HOST = 'relay.test'

export type Tls = ReturnType<typeof selfSignedCertificate>

/** What listens on one address. */
export type Listener =
  | 'works'
  | 'refuses'
  | 'accepts and stays silent'
  | 'resets'
  | 'closes the TLS handshake'
  | 'has an expired certificate'
  | 'has the certificate of another host'
  | 'cuts the connection before a response'
  | 'takes the request and cuts the connection'
  | 'never responds'
  | 'returns 502'
  | 'returns 503'
  | 'does not speak HTTP'

/** The addresses of one server on one port, each of which can be broken and fixed. */
export class ServerAtAddresses implements AsyncDisposable {
  readonly port: number
  /** Requests that a listener received as HTTP, by address. */
  readonly requests = new Map<string, string[]>()
  /** TCP connections by address. */
  readonly connections = new Map<string, number>()
  readonly tls: Tls
  readonly #listeners = new Map<string, { server: Server; sockets: Set<Socket> }>()
  readonly #respond: RequestListener
  readonly #expired = selfSignedCertificate(HOST, new Date(Date.now() - 60_000))
  readonly #other = selfSignedCertificate('other.test')

  private constructor(port: number, tls: Tls, respond: RequestListener) {
    this.port = port
    this.tls = tls
    this.#respond = respond
  }

  static async start(
    listeners: Readonly<Record<string, Listener>>,
    respond: RequestListener = (_, response) => response.writeHead(204).end(),
  ): Promise<ServerAtAddresses> {
    const server = new ServerAtAddresses(await freePort(), selfSignedCertificate(HOST), respond)
    onTestFinished(() => server[Symbol.asyncDispose]())
    for (const [address, listener] of Object.entries(listeners)) await server.set(address, listener)
    return server
  }

  get url(): string {
    return `https://${HOST}:${this.port}`
  }

  /** All certificates of all listeners: what is wrong with them is not that they are unknown. */
  get trusted(): string {
    return this.tls.cert + this.#expired.cert + this.#other.cert
  }

  seen(address: string): string[] {
    return this.requests.get(address) ?? []
  }

  /** Replaces what listens on an address. Its connections are closed. */
  async set(address: string, kind: Listener): Promise<void> {
    await this.#close(address)
    if (kind === 'refuses') return
    const server = this.#open(address, kind)
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => {
      this.connections.set(address, (this.connections.get(address) ?? 0) + 1)
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.port, address, resolve)
    })
    this.#listeners.set(address, { server, sockets })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#listeners.keys()].map((address) => this.#close(address)))
  }

  #open(address: string, kind: Exclude<Listener, 'refuses'>): Server {
    const https = (respond: RequestListener, tls: Tls = this.tls) =>
      createTlsServer(tls, (request, response) => {
        const seen = this.requests.get(address) ?? []
        this.requests.set(address, [...seen, `${request.method} ${request.url}`])
        respond(request, response)
      })
    switch (kind) {
      case 'works':
        return https(this.#respond)
      case 'accepts and stays silent':
        return createTcpServer(() => {})
      case 'resets':
        return createTcpServer((socket) => socket.resetAndDestroy())
      case 'closes the TLS handshake':
        return createTcpServer((socket) => {
          socket.once('data', () => socket.end())
        })
      case 'has an expired certificate':
        return https(this.#respond, this.#expired)
      case 'has the certificate of another host':
        return https(this.#respond, this.#other)
      case 'cuts the connection before a response':
        return https((request) => request.socket.destroy())
      case 'takes the request and cuts the connection':
        return https((request) => {
          request.resume().on('end', () => {
            // Has no connection, so that the answer is lost.
            this.#respond(request, new ServerResponse(request))
            request.socket.destroy()
          })
        })
      case 'never responds':
        return https(() => {})
      case 'returns 502':
      case 'returns 503': {
        const status = Number(kind.slice(-3))
        return https((_, response) => {
          response.writeHead(status, { 'content-type': 'text/html' }).end('<html>bad</html>')
        })
      }
      case 'does not speak HTTP':
        return createHttpServer((_, response) => response.end())
      default:
        throw new Error(`unknown listener ${String(kind satisfies never)}`)
    }
  }

  async #close(address: string): Promise<void> {
    const open = this.#listeners.get(address)
    if (open === undefined) return
    this.#listeners.delete(address)
    for (const socket of open.sockets) socket.destroy()
    await new Promise((resolve) => open.server.close(resolve))
  }
}
