import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

type Mode = 'forward' | 'blackhole' | 'refuse'

// With more data than this in transit in one direction, the sender waits.
const MAX_DELAYED_BYTES = 1_048_576

interface Address {
  readonly host: string
  readonly port: number
}

interface Pair {
  readonly client: Socket
  upstream: Socket | undefined
}

/**
 * A TCP proxy between a client and a real server that simulates network failures: a half-open connection, a reset, a
 * slow connection, or a closed port.
 */
export class FaultProxy implements AsyncDisposable {
  #target: Address
  readonly #pairs = new Set<Pair>()
  #server: Server
  #mode: Mode = 'forward'
  #delayMs = 0
  #port = 0
  #accepted = 0

  private constructor(target: Address) {
    this.#target = target
    this.#server = this.#newServer()
  }

  /** Listens on a free port of 127.0.0.1, and connects to the host and port of the URL `target`. */
  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(addressOf(target))
    await proxy.#listen()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#pairs.size
  }

  /** The number of connections accepted since the start. */
  get accepted(): number {
    return this.#accepted
  }

  /** The URL of the server, `original`, with the host and port of this proxy. */
  url(original: string): string {
    const url = new URL(original)
    url.hostname = '127.0.0.1'
    url.port = String(this.#port)
    return url.href
  }

  /** Connects new clients to another server, as a failover does. Open connections stay where they are. */
  retarget(target: string): void {
    this.#target = addressOf(target)
  }

  /** Forwards everything, starting with the data that a blackhole held back, without a delay. */
  async forward(): Promise<void> {
    this.#delayMs = 0
    const before = this.#mode
    this.#mode = 'forward'
    if (before === 'refuse') await this.#listen()
    for (const pair of this.#pairs) {
      if (pair.client.destroyed || pair.upstream?.destroyed === true) this.#end(pair)
      else if (pair.upstream === undefined) this.#join(pair)
      pair.client.resume()
      pair.upstream?.resume()
    }
  }

  /** Half-open: connections stay open and new ones are accepted, but neither data nor their end is forwarded. */
  blackhole(): void {
    this.#mode = 'blackhole'
    for (const { client, upstream } of this.#pairs) {
      client.pause()
      upstream?.pause()
    }
  }

  /** Resets all open connections once, on both sides (ECONNRESET). */
  reset(): void {
    for (const { client, upstream } of this.#pairs) {
      client.resetAndDestroy()
      upstream?.resetAndDestroy()
    }
  }

  /** Delays all data by `ms` in each direction. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** Closes the port (ECONNREFUSED) and resets open connections. */
  async refuse(): Promise<void> {
    if (this.#mode === 'refuse') return
    this.#mode = 'refuse'
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.reset()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse()
  }

  async #listen(): Promise<void> {
    this.#server = this.#newServer()
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address !== null && typeof address === 'object') this.#port = address.port
  }

  #newServer(): Server {
    return createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
      this.#accepted += 1
      const pair: Pair = { client, upstream: undefined }
      this.#pairs.add(pair)
      client.on('error', () => {})
      client.on('close', () => this.#end(pair))
      if (this.#mode === 'forward') this.#join(pair)
    })
  }

  #join(pair: Pair): void {
    const upstream = connect({ ...this.#target, allowHalfOpen: true })
    pair.upstream = upstream
    // A connection that the server refuses or resets is reset for the client too.
    upstream.on('error', () => {
      if (this.#mode !== 'blackhole') pair.client.resetAndDestroy()
    })
    upstream.on('close', () => this.#end(pair))
    this.#pass(pair.client, upstream)
    this.#pass(upstream, pair.client)
    pair.client.resume()
  }

  /** One side has closed, so the other is closed too, except in a blackhole. */
  #end(pair: Pair): void {
    if (this.#mode === 'blackhole') return
    this.#pairs.delete(pair)
    if (!pair.client.writableEnded) pair.client.destroy()
    pair.upstream?.destroy()
  }

  #pass(from: Socket, to: Socket): void {
    let underway = 0
    const later = (bytes: number, action: () => void): void => {
      if (this.#delayMs === 0 && underway === 0) {
        action()
        return
      }
      underway += bytes
      if (underway > MAX_DELAYED_BYTES) from.pause()
      setTimeout(() => {
        underway -= bytes
        action()
        if (this.#mode === 'forward') from.resume()
      }, this.#delayMs)
    }
    from.on('data', (chunk: Buffer) => {
      later(chunk.length, () => {
        if (to.destroyed || to.writableEnded) return
        if (!to.write(chunk)) {
          from.pause()
          to.once('drain', () => {
            if (this.#mode === 'forward') from.resume()
          })
        }
      })
    })
    from.on('end', () => later(0, () => to.end()))
  }
}

function addressOf(target: string): Address {
  const { hostname, port } = new URL(target)
  if (port === '') throw new Error('the target URL of a fault proxy needs a port')
  return { host: hostname.replaceAll(/[[\]]/g, ''), port: Number(port) }
}
