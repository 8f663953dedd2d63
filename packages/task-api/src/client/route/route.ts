import type { Dispatcher } from 'undici'
import type { ClientTls } from '../tls/client-tls.ts'
import { connectionFailureCode } from '../transport-failure.ts'
import { failureOf, isConnectionFailure, isGatewayStatus } from './address-failure.ts'
import { AddressHealth, type AddressStatus, CHOSEN_BY_PROXY } from './address-health.ts'
import type { AddressReport, ResolutionReport } from './address-report.ts'
import { Connections, type TlsContexts } from './connections.ts'
import { NoAddressError, type FailedAttempt } from './no-address-error.ts'
import { type ResolveHost, ServerAddresses } from './server-addresses.ts'

export interface RouteOptions {
  readonly base: URL
  readonly proxy: URL | undefined
  readonly connectTimeoutMs: number
  readonly tls: ClientTls
  readonly resolve: ResolveHost
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly onReport: (report: AddressReport | ResolutionReport) => void
}

export interface RouteRequest extends Pick<
  Dispatcher.RequestOptions,
  'path' | 'method' | 'headers' | 'body'
> {
  readonly origin: string
  readonly signal: AbortSignal
  /** How long an address may take to begin its response while there is another one. Undefined: until `signal` aborts. */
  readonly patienceMs?: number
}

export interface RouteResponse {
  readonly response: Dispatcher.ResponseData
  /** An earlier attempt may have arrived too. */
  readonly sentBefore: boolean
}

/** The reason of a signal that aborts a request because its time is over, and not because the caller stops. */
export class TimeOverError extends Error {
  override readonly name = 'TimeOverError'
}

// With another address to try, a connection that takes longer is not worth waiting for.
const MAX_CONNECT_MS = 5000

/** Bounds the attempts of one request, whatever the lookups return. */
const MAX_ATTEMPTS = 16

/** Behind a proxy: it may choose another address. */
const ATTEMPTS_BEHIND_PROXY = 2

/**
 * Sends requests to one server. The host name may stand for several addresses, of which some may be broken: if one fails
 * before its response has begun, the next one is tried at once. Every request may therefore arrive more than once.
 */
export class Route implements AsyncDisposable {
  /** For messages: `host:port`, and the proxy if there is one. */
  readonly target: string
  readonly #options: RouteOptions
  readonly #addresses: ServerAddresses
  readonly #health: AddressHealth
  /** Failures behind a proxy, which chooses the address. */
  readonly #behindProxy: AddressHealth | undefined
  readonly #connections = new Map<string, Connections>()
  /** Connections that get no more requests, and close after the running ones. */
  readonly #retired = new Set<Connections>()
  readonly #probing = new Set<string>()
  #contexts: TlsContexts
  #closed = false

  constructor(options: RouteOptions) {
    const { base, proxy, now, onReport } = options
    this.#options = options
    this.#contexts = options.tls.contexts
    // What connections are opened to.
    const peer = proxy ?? base
    const hostname = peer.hostname.replace(/^\[(.+)\]$/, '$1')
    this.#health = new AddressHealth({ host: hostname, now, onReport })
    this.#addresses = new ServerAddresses({
      hostname,
      resolve: options.resolve,
      now,
      onResolved: (addresses) => this.#retain(addresses),
      onReport,
    })
    this.target =
      proxy === undefined
        ? base.host
        : `${base.host} (through the proxy ${proxy.host}, which chooses the address)`
    if (proxy !== undefined) {
      const host = base.hostname
      this.#behindProxy = new AddressHealth({ host, proxy: proxy.host, now, onReport })
    }
  }

  /** The addresses of the server, or of the proxy, as of the latest lookup. */
  get addresses(): AddressStatus[] {
    return this.#addresses.known.map((address) => this.#health.statusOf(address))
  }

  /**
   * Resolves when a response has begun.
   * @throws NoAddressError if every address failed, the error of the lookup, or the reason of `signal`
   */
  async request(request: RouteRequest): Promise<RouteResponse> {
    this.#renewCertificates()
    const startedAt = this.#options.now()
    const attempts = new Attempts(request)
    const cached = await this.#addresses.current(request.signal)
    this.#probeDue()
    await this.#tryEach(attempts, this.#health.order(cached))
    if (attempts.response === undefined && !attempts.isFinal) {
      // The server may have moved since the last lookup.
      const fresh = await this.#addresses.refresh(request.signal)
      await this.#tryEach(attempts, this.#health.order(fresh))
    }
    const { response, answeredBy } = attempts
    if (response === undefined) throw new NoAddressError(attempts.failures)
    if (answeredBy !== undefined) {
      this.#health.recordSuccess(answeredBy, startedAt)
      this.#behindProxy?.recordSuccess(CHOSEN_BY_PROXY, startedAt)
    }
    return { response, sentBefore: attempts.sentBefore }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const open = [...this.#connections.values(), ...this.#retired]
    await Promise.all(open.map(({ dispatcher }) => dispatcher.destroy()))
  }

  async #tryEach(attempts: Attempts, order: readonly string[]): Promise<void> {
    const untried = order.filter((address) => !attempts.tried.has(address))
    for (const [index, address] of untried.entries()) {
      if (attempts.isFinal || attempts.tried.size >= MAX_ATTEMPTS) return
      attempts.tried.add(address)
      await this.#try(attempts, address, index < untried.length - 1)
    }
  }

  /** Tries one address, and the same one again if that makes sense. */
  async #try(attempts: Attempts, address: string, hasOthers: boolean): Promise<void> {
    const { proxy } = this.#options
    for (let number = 1; !attempts.isFinal; number++) {
      const again = proxy !== undefined && number < ATTEMPTS_BEHIND_PROXY
      const connections = this.#connectionsTo(address)
      const opened = connections.opened
      try {
        const response = await attempts.send(connections, hasOthers || again)
        if (!isGatewayStatus(response.statusCode)) {
          attempts.succeed(address, response)
          return
        }
        attempts.keep(response)
        this.#failed(attempts, address, `HTTP_${response.statusCode}`, undefined)
        if (!again) return
      } catch (error: unknown) {
        const code = this.#codeOf(error, attempts.signal, connections)
        if (code === undefined) throw error
        const reused = connections.opened === opened && !connections.isConnectError(error)
        // The server may close a kept-alive connection at any time. That does not make another address better.
        if (code === 'ECONNRESET' && reused && hasOthers && attempts.mayRenew(address)) {
          this.#retire(address)
          number--
          continue
        }
        const isProxyFailure = proxy !== undefined && connections.isConnectError(error)
        this.#failed(attempts, address, code, { error, isProxyFailure })
        if (!again || isProxyFailure || isProxyRefusal(code)) return
      }
    }
  }

  /** Undefined if the caller stopped the request. */
  #codeOf(error: unknown, signal: AbortSignal, connections: Connections): string | undefined {
    if (signal.aborted) return signal.reason instanceof TimeOverError ? 'READ_TIMEOUT' : undefined
    return connectionFailureCode(error, {
      whileConnecting: connections.isConnectError(error),
      secure: this.#options.base.protocol === 'https:',
    })
  }

  #failed(
    attempts: Attempts,
    address: string,
    code: string,
    cause: { error: unknown; isProxyFailure: boolean } | undefined,
  ): void {
    const failure = failureOf(code)
    const behindProxy = this.#behindProxy !== undefined && cause?.isProxyFailure !== true
    attempts.fail({
      address: behindProxy ? undefined : address,
      failure,
      code,
      cause: cause?.error,
    })
    if (behindProxy) this.#behindProxy?.recordFailure(CHOSEN_BY_PROXY, failure, code)
    else this.#health.recordFailure(address, failure, code)
    if (failure !== 'gateway-error') this.#retire(address)
  }

  #connectionsTo(address: string): Connections {
    const { proxy, connectTimeoutMs } = this.#options
    const known = this.#connections.get(address)
    if (known !== undefined) return known
    const several = this.#addresses.known.length > 1
    const connections = new Connections({
      address,
      proxy,
      connectTimeoutMs: several ? Math.min(connectTimeoutMs, MAX_CONNECT_MS) : connectTimeoutMs,
      tls: this.#contexts,
    })
    this.#connections.set(address, connections)
    return connections
  }

  /** Closes idle connections to an address now, and the others after their requests. */
  #retire(address: string): void {
    const connections = this.#connections.get(address)
    if (connections === undefined) return
    this.#connections.delete(address)
    this.#retired.add(connections)
    const forget = () => this.#retired.delete(connections)
    connections.dispatcher.close().then(forget, forget)
  }

  #retain(addresses: readonly string[]): void {
    this.#health.retain(addresses)
    const gone = [...this.#connections.keys()].filter((address) => !addresses.includes(address))
    for (const address of gone) this.#retire(address)
  }

  #renewCertificates(): void {
    const { contexts } = this.#options.tls
    if (contexts === this.#contexts) return
    this.#contexts = contexts
    for (const address of this.#connections.keys()) this.#retire(address)
  }

  /**
   * Connects in the background to the addresses whose pause after a failure to connect is over, so that no request waits for
   * one that is still broken.
   */
  #probeDue(): void {
    const { proxy } = this.#options
    const { known } = this.#addresses
    if (proxy !== undefined || known.length < 2) return
    for (const address of this.#health.dueForProbe(known)) {
      if (!this.#probing.has(address)) void this.#probe(address)
    }
  }

  async #probe(address: string): Promise<void> {
    const { base } = this.#options
    this.#probing.add(address)
    try {
      await this.#connectionsTo(address).probe(base)
      if (!this.#closed) this.#health.recordConnection(address)
    } catch (error: unknown) {
      const secure = base.protocol === 'https:'
      const code = connectionFailureCode(error, { whileConnecting: true, secure })
      if (this.#closed || !this.#addresses.known.includes(address)) return
      this.#health.recordFailure(address, failureOf(code), code)
    } finally {
      this.#probing.delete(address)
    }
  }
}

/** The proxy itself refuses, and would refuse again. */
const isProxyRefusal = (code: string): boolean => code.startsWith('PROXY_4')

/** The attempts to send one request. */
class Attempts {
  readonly tried = new Set<string>()
  readonly failures: FailedAttempt[] = []
  response: Dispatcher.ResponseData | undefined
  /** The address whose response is not an error of a gateway. */
  answeredBy: string | undefined
  readonly #request: RouteRequest
  readonly #renewed = new Set<string>()

  constructor(request: RouteRequest) {
    this.#request = request
  }

  get signal(): AbortSignal {
    return this.#request.signal
  }

  /** No further address is tried. */
  get isFinal(): boolean {
    return this.answeredBy !== undefined || this.signal.aborted
  }

  get sentBefore(): boolean {
    return (
      this.#renewed.size > 0 || this.failures.some(({ failure }) => !isConnectionFailure(failure))
    )
  }

  send(connections: Connections, hasOthers: boolean): Promise<Dispatcher.ResponseData> {
    const { patienceMs, ...request } = this.#request
    return connections.dispatcher.request({
      ...request,
      ...(hasOthers && patienceMs !== undefined ? { headersTimeout: patienceMs } : {}),
    })
  }

  /** Whether the address may be tried once more on a new connection. */
  mayRenew(address: string): boolean {
    if (this.#renewed.has(address)) return false
    this.#renewed.add(address)
    return true
  }

  succeed(address: string, response: Dispatcher.ResponseData): void {
    this.keep(response)
    this.answeredBy = address
  }

  /** The latest response is returned if no address has a better one. */
  keep(response: Dispatcher.ResponseData): void {
    this.response?.body.on('error', () => {}).destroy()
    this.response = response
  }

  fail(failure: FailedAttempt): void {
    this.failures.push(failure)
  }
}
