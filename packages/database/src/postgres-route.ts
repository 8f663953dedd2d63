import { callbackify } from 'node:util'
import { Client, type ClientConfig } from 'pg'

import {
  connectionAttempts,
  type ConnectionDefaults,
  type ConnectionWay,
  type HostAttempt,
} from './connection-attempts.ts'
import type { PostgresAddress } from './postgres-address.ts'
import { connectionFailure, type ConnectionFailure } from './connection-failure.ts'
import { checkSession } from './session-check.ts'

/** How long the route stays with a host or an encryption that is not its first choice. */
const RECHECK_MS = 60_000

/**
 * The route to PostgreSQL: which of its hosts is used, and whether the connection is encrypted. Tries them in order, and
 * remembers for a minute what works.
 */
export class PostgresRoute {
  readonly #attempts: readonly HostAttempt[]
  readonly #connectTimeoutMs: number
  #host = 0
  #way = 0
  #chosenAt = 0

  /** @throws ProgramError for a file that cannot be read */
  constructor(address: PostgresAddress, defaults: ConnectionDefaults) {
    this.#attempts = connectionAttempts(address, defaults)
    this.#connectTimeoutMs = address.connectTimeoutMs ?? defaults.connectTimeoutMs
  }

  /** Connects to the first host that accepts. The caller ends the client. */
  async connect(config: ClientConfig = {}): Promise<Client> {
    const timeout = { connectionTimeoutMillis: this.#connectTimeoutMs }
    return this.tryHosts(() => new RoutedClient(this, { ...timeout, ...config }).connect())
  }

  /** For the options of a pool, whose `connect` must then be called by `tryHosts`. */
  get poolConfig(): {
    Client: new (config?: ClientConfig) => Client
    connectionTimeoutMillis: number
  } {
    // oxlint-disable-next-line typescript/no-this-alias
    const route = this
    return {
      connectionTimeoutMillis: this.#connectTimeoutMs,
      Client: class extends RoutedClient {
        constructor(config: ClientConfig = {}) {
          super(route, config)
        }
      },
    }
  }

  /** Repeats `open`, which creates a client of this route, until each host has been tried. Throws an error with the reason of each. */
  async tryHosts<T>(open: () => Promise<T>): Promise<T> {
    const failures: Failure[] = []
    for (let hosts = 0; hosts < this.#attempts.length;) {
      try {
        return await open()
      } catch (error: unknown) {
        const failure = failureOf(error)
        if (failure === undefined) throw error
        failures.push(failure)
        if (failure.next === 'none') break
        if (failure.next === 'host') hosts++
      }
    }
    throw summarize(failures)
  }

  /** The present choice: a host and a way of connecting to it. */
  choose(): Choice {
    if (performance.now() - this.#chosenAt > RECHECK_MS) {
      this.#host = 0
      this.#way = 0
    }
    const attempt = this.#attempts[this.#host]
    const way = attempt?.ways[this.#way]
    if (attempt === undefined || way === undefined) throw new Error('the address has no host')
    return { host: this.#host, way: this.#way, session: attempt.session, ...way }
  }

  /** The connection of `choice` failed: makes the next choice. */
  reject(choice: Choice, failure: ConnectionFailure | undefined): Failure['next'] {
    const { ways } = this.#attempts[choice.host] ?? { ways: [] }
    const hasOtherWay = choice.way + 1 < ways.length && failure?.isEncryption === true
    const isHost = failure?.isHost === true
    const next = hasOtherWay ? 'way' : isHost ? 'host' : 'none'
    // Another connection may have made the next choice already.
    if (next === 'none' || choice.host !== this.#host || choice.way !== this.#way) return next
    this.#way = hasOtherWay ? choice.way + 1 : 0
    if (!hasOtherWay) this.#host = (choice.host + 1) % this.#attempts.length
    this.#chosenAt = performance.now()
    return next
  }
}

interface Choice extends ConnectionWay {
  readonly host: number
  readonly way: number
  readonly session: Parameters<typeof checkSession>[1]
}

/** Why a client of a route could not connect. */
interface Failure {
  readonly error: unknown
  readonly label: string
  /** What may succeed: another encryption of this host, another host, or nothing. */
  readonly next: 'way' | 'host' | 'none'
}

const failures = new WeakMap<object, Failure>()

/** A client that connects as its route has chosen. */
class RoutedClient extends Client {
  readonly #route: PostgresRoute
  readonly choice: Choice

  constructor(route: PostgresRoute, config: ClientConfig) {
    const choice = route.choose()
    // The address takes precedence over the options of the caller.
    super({ ...config, ...choice.config })
    // Emitted if the connection breaks between two statements. The next statement fails and reports it.
    this.on('error', () => {})
    this.#route = route
    this.choice = choice
  }

  override connect(): Promise<Client>
  override connect(callback: (error: Error | null, client: Client) => void): void
  override connect(
    callback?: (error: Error | null, client: Client) => void,
  ): Promise<Client> | void {
    if (callback === undefined) return this.#connect()
    // A pool calls it in this way.
    callbackify(() => this.#connect())((error) => callback(error, this))
  }

  async #connect(): Promise<Client> {
    const { label, session } = this.choice
    try {
      await super.connect()
      await checkSession(this, session)
      return this
    } catch (error: unknown) {
      const next = this.#route.reject(this.choice, connectionFailure(error))
      if (typeof error === 'object' && error !== null) failures.set(error, { error, label, next })
      this.end().catch(() => {})
      throw error
    }
  }
}

/** Undefined if the error does not come from connecting. A pool wraps the error of a timeout. */
function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined
  const { cause } = error
  return (
    failures.get(error) ??
    (typeof cause === 'object' && cause !== null ? failures.get(cause) : undefined)
  )
}

function summarize(all: readonly Failure[]): unknown {
  const [only, ...others] = all
  if (only !== undefined && others.length === 0) return only.error
  const text = all.map(
    ({ label, error }) => `${label}: ${error instanceof Error ? error.message : String(error)}`,
  )
  // The first error determines the code. The last one was the least preferred host, and the most exact.
  return new AggregateError(all.map(({ error }) => error).toReversed(), text.join('; '))
}

/** How to connect to the same host as this client of a route, for example to cancel its statement. */
export function connectionOf(client: object): ClientConfig | undefined {
  return client instanceof RoutedClient ? client.choice.config : undefined
}
