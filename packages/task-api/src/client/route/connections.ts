import { isIP, type LookupFunction } from 'node:net'
import type { SecureContext } from 'node:tls'
import { Agent, buildConnector, Pool, ProxyAgent, type Dispatcher } from 'undici'

/** The certificates of new connections. Undefined: those that Node.js trusts. */
export interface TlsContexts {
  /** For the server: trusted certificates, and our own one. */
  readonly server: SecureContext | undefined
  /** For a proxy that is reached by TLS: trusted certificates only. */
  readonly proxy: SecureContext | undefined
}

export interface ConnectionsOptions {
  readonly address: string
  readonly proxy: URL | undefined
  /** For TCP and TLS together. */
  readonly connectTimeoutMs: number
  readonly tls: TlsContexts
}

// A route has one server, so this limits concurrent requests too. Further requests wait for a connection.
const MAX_CONNECTIONS = 32

// Load balancers usually close idle connections after a minute, and polls are a few seconds apart. Closing
// first avoids sending a request on a connection that is being closed.
const KEEP_ALIVE_MS = 30_000

/** Kept-alive connections to one address of a server, or of the proxy in front of it. */
export class Connections {
  readonly dispatcher: Dispatcher
  /** Connections opened so far. */
  opened = 0
  readonly #connect: buildConnector.connector
  /** Errors of connections that were never established. */
  readonly #connectErrors = new WeakSet<Error>()

  constructor({ address, proxy, connectTimeoutMs, tls }: ConnectionsOptions) {
    const pinned = { timeout: connectTimeoutMs, allowH2: false, lookup: pinnedTo(address) }
    const pool = {
      connections: MAX_CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // HttpExchange has one timeout for the whole exchange. A second one would make errors ambiguous.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    }
    if (proxy === undefined) {
      this.#connect = this.#observe(buildConnector({ ...pinned, ...secure(tls.server) }))
      this.dispatcher = new Agent({ ...pool, connect: this.#connect })
      return
    }
    this.#connect = this.#observe(buildConnector({ ...pinned, ...secure(tls.proxy) }))
    this.dispatcher = new ProxyAgent({
      ...pool,
      uri: proxy.href,
      proxyTunnel: false,
      requestTls: { timeout: connectTimeoutMs, ...secure(tls.server) },
      proxyTls: { ...pinned, ...secure(tls.proxy) },
      // Only for tunnels. A proxied request without TLS uses `proxyTls`.
      clientFactory: (origin) => new Pool(origin, { ...pool, connect: this.#connect }),
    })
  }

  /** Whether the error ended the attempt to connect, before a request was sent. */
  isConnectError(error: unknown): boolean {
    return error instanceof Error && this.#connectErrors.has(error)
  }

  /** Opens one connection and closes it again, without a request. Rejects with the error of the connection. */
  async probe(server: URL): Promise<void> {
    const socket = await new Promise<{ destroy(): void }>((resolve, reject) => {
      this.#connect(
        {
          hostname: server.hostname,
          host: server.host,
          protocol: server.protocol,
          port: server.port,
        },
        (...[error, opened]) => {
          if (error === null) resolve(opened)
          else reject(error)
        },
      )
    })
    socket.destroy()
  }

  #observe(connect: buildConnector.connector): buildConnector.connector {
    return (options, callback) => {
      connect(options, (...result) => {
        const [error] = result
        if (error === null) this.opened += 1
        else this.#connectErrors.add(error)
        callback(...result)
      })
    }
  }
}

const secure = (context: SecureContext | undefined) =>
  context === undefined ? {} : { secureContext: context }

/** Resolves any name to this address. */
function pinnedTo(address: string): LookupFunction {
  const family = isIP(address)
  return (_, options, callback) => {
    if (options.all === true) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
}
