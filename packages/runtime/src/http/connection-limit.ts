import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import { addressGroup } from './client-address.ts'
import { type BodyPace, longestBodyMs } from './read-body.ts'

export type LimitReason =
  /** There are too many connections. */
  | 'total'
  /** One address has too many connections. */
  | 'address'
  /** The client sends requests without waiting for the responses. */
  | 'pipelining'
  /** The client does not read its response, or does not send its request. */
  | 'stalled'

export interface ConnectionLimits {
  /** Connections of all clients. One address may have half of them. */
  readonly maxConnections: number
  /** Whether an address stands for many clients, such as that of a load balancer. It may have all connections. */
  readonly isShared?: (address: string) => boolean
  /** How long a connection without a request stays open, ms. */
  readonly idleMs: number
  /** The slowest client that may read a response. */
  readonly pace: BodyPace
  /** How often idle and stalled connections are looked for, ms. */
  readonly checkMs: number
  /** Called for every connection that a limit closes. */
  readonly onLimit?: (reason: LimitReason, address: string) => void
}

interface Connection {
  /** The TCP connection, also below TLS. */
  readonly tcp: Socket
  readonly address: string
  /** Carries HTTP. Undefined before the TLS handshake. */
  http: Socket | undefined
  requests: number
  idleSince: number
  /** Since when bytes of a response wait for the client; 0 if none do. */
  stalledSince: number
}

const MAX_PIPELINED = 16

/**
 * Limits the connections of a server. A connection is idle while no request of it is in progress, so connections without a
 * login are always idle soon. When there are too many, the one that has been idle longest is closed; held polls and uploads
 * stay. A new connection is rejected only if none is idle.
 */
export class ConnectionLimit implements Disposable {
  readonly #limits: ConnectionLimits
  readonly #connections = new Map<string, Connection>()
  readonly #bySocket = new WeakMap<Socket, Connection>()
  /** In the order in which they became idle. */
  readonly #idle = new Set<Connection>()
  readonly #perAddress = new Map<string, number>()
  readonly #timer: NodeJS.Timeout

  constructor(server: Server, limits: ConnectionLimits) {
    this.#limits = limits
    server.on('connection', (tcp: Socket) => this.#open(tcp))
    server.on('secureConnection', (tls: Socket) => this.#carry(tls))
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#begin(request, response),
    )
    this.#timer = setInterval(() => this.#check(), limits.checkMs).unref()
  }

  get size(): number {
    return this.#connections.size
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  /** Closes the connections without a request, also those that have sent half of one. */
  closeIdle(): void {
    for (const { tcp } of this.#idle) tcp.destroy()
  }

  #open(tcp: Socket): void {
    const address = addressGroup(tcp.remoteAddress)
    const key = peerOf(tcp)
    const connection: Connection = {
      tcp,
      address,
      http: undefined,
      requests: 0,
      idleSince: performance.now(),
      stalledSince: 0,
    }
    const excess = this.#excessOf(address, tcp.remoteAddress)
    if (excess !== undefined && !this.#closeIdle(excess, address)) {
      this.#close(connection, excess)
      return
    }
    this.#connections.set(key, connection)
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1)
    this.#idle.add(connection)
    this.#bySocket.set(tcp, connection)
    tcp.once('close', () => {
      this.#connections.delete(key)
      this.#idle.delete(connection)
      const left = (this.#perAddress.get(address) ?? 1) - 1
      if (left === 0) this.#perAddress.delete(address)
      else this.#perAddress.set(address, left)
    })
  }

  /** A TLS connection has the same peer as the TCP connection below it. */
  #carry(tls: Socket): void {
    const connection = this.#connections.get(peerOf(tls))
    if (connection !== undefined) this.#bySocket.set(tls, connection)
  }

  #excessOf(address: string, peer = ''): 'total' | 'address' | undefined {
    const { maxConnections, isShared } = this.#limits
    if (this.#connections.size >= maxConnections) return 'total'
    const ofAddress = this.#perAddress.get(address) ?? 0
    if (ofAddress < Math.ceil(maxConnections / 2) || isShared?.(peer) === true) return undefined
    return 'address'
  }

  /** Closes the connection that has been idle longest: of this address, or of all. */
  #closeIdle(excess: 'total' | 'address', address: string): boolean {
    for (const connection of this.#idle) {
      if (excess === 'address' && connection.address !== address) continue
      this.#close(connection, excess)
      return true
    }
    return false
  }

  #close(connection: Connection, reason: LimitReason): void {
    this.#idle.delete(connection)
    connection.http?.destroy()
    connection.tcp.destroy()
    this.#limits.onLimit?.(reason, connection.address)
  }

  #begin({ socket }: IncomingMessage, response: ServerResponse): void {
    const connection = this.#bySocket.get(socket)
    if (connection === undefined || connection.tcp.destroyed) return
    connection.http = socket
    connection.requests += 1
    this.#idle.delete(connection)
    response.once('close', () => {
      connection.requests -= 1
      if (connection.requests > 0 || connection.tcp.destroyed) return
      connection.idleSince = performance.now()
      this.#idle.add(connection)
    })
    if (connection.requests > MAX_PIPELINED) this.#close(connection, 'pipelining')
  }

  #check(): void {
    const { pace, idleMs, checkMs } = this.#limits
    const now = performance.now()
    for (const connection of this.#connections.values()) {
      const waiting = connection.http?.writableLength ?? 0
      if (waiting === 0) connection.stalledSince = 0
      else if (connection.stalledSince === 0) connection.stalledSince = now
      const isStalled = waiting > 0 && now - connection.stalledSince > longestBodyMs(waiting, pace)
      // Node.js closes idle connections itself, except those whose client goes on sending a body that nothing reads.
      const isForgotten =
        this.#idle.has(connection) && now - connection.idleSince > idleMs + checkMs
      if (isStalled || isForgotten) this.#close(connection, 'stalled')
    }
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}
