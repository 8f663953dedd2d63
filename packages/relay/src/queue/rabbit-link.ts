import { Backoff, sleep, steadyTime, untilAborted, type Logger } from '@warren/runtime'

import { formatBrokerAddress, parseBrokerAddress } from './broker-address.ts'
import { RabbitConnection, type RabbitConnectionOptions } from './rabbit-connection.ts'

export interface RabbitLinkOptions extends RabbitConnectionOptions {
  readonly log: Logger
}

/** A connection that lasted this long resets the backoff. */
const STABLE_MS = 30_000
/** A broker that accepts a connection and closes it again has not recovered. */
const RECOVERED_MS = 1_000

/**
 * Keeps one connection to the broker open, and logs when the broker becomes unavailable and when it has recovered, once
 * each.
 */
export class RabbitLink implements AsyncDisposable {
  readonly #options: RabbitLinkOptions
  /** The broker, for messages. */
  readonly #place: string
  readonly #stop = new AbortController()
  readonly #connecting: Promise<void>
  readonly #firstAttempt = Promise.withResolvers<void>()
  #connection: RabbitConnection | null = null
  #connections = 0
  #connectedAt = 0
  #detail: string | null = 'connecting'
  #isReported = false

  constructor(options: RabbitLinkOptions) {
    this.#options = options
    this.#place = formatBrokerAddress(parseBrokerAddress(options.url))
    this.#connecting = this.#keepConnected()
  }

  /** Null while the broker is unavailable. */
  get connection(): RabbitConnection | null {
    return this.#connection
  }

  /** Number of connections opened. */
  get connections(): number {
    return this.#connections
  }

  /** When the current connection was opened, ms since the epoch; null while disconnected. */
  get connectedSince(): number | null {
    return this.#connection === null ? null : this.#connectedAt
  }

  /** Which broker is unavailable and why, or null. Contains no credentials. */
  get detail(): string | null {
    return this.#detail
  }

  /** Rejects with the reason if the broker is unavailable. After the start, waits for the first attempt to connect. */
  async check(): Promise<void> {
    await this.#firstAttempt.promise
    if (this.#connection === null) throw new Error(this.#detail ?? 'not connected')
    await this.#connection.ping()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#connecting
    this.#firstAttempt.resolve()
  }

  async #keepConnected(): Promise<void> {
    const backoff = new Backoff({ initialMs: 200, maxMs: 5_000 })
    const stop = this.#stop.signal
    while (!stop.aborted) {
      const openedAt = performance.now()
      try {
        await using connection = await RabbitConnection.open(this.#options)
        this.#up(connection)
        const reason = await this.#untilBroken(connection)
        this.#connection = null
        if (reason !== null) this.#down(reason)
      } catch (error: unknown) {
        this.#down(error)
      }
      if (performance.now() - openedAt > STABLE_MS) backoff.reset()
      await sleep(backoff.next(), stop)
    }
  }

  /** Resolves with the reason, or with null once the link is closed. */
  async #untilBroken(connection: RabbitConnection): Promise<Error | null> {
    const recovered = setTimeout(() => this.#reportRecovery(), RECOVERED_MS)
    const ended = new AbortController()
    const stopped = untilAborted(AbortSignal.any([this.#stop.signal, ended.signal]))
    return Promise.race([connection.broken, stopped.then(() => null)]).finally(() => {
      clearTimeout(recovered)
      ended.abort()
    })
  }

  #up(connection: RabbitConnection): void {
    this.#connection = connection
    this.#detail = null
    this.#connections++
    this.#connectedAt = steadyTime()
    this.#firstAttempt.resolve()
  }

  #down(error: unknown): void {
    this.#connection = null
    this.#detail = `${this.#place}: ${describe(error)}`
    this.#firstAttempt.resolve()
    if (!this.#isReported) this.#options.log.error({ detail: this.#detail }, 'queue unavailable')
    this.#isReported = true
  }

  #reportRecovery(): void {
    if (this.#isReported) this.#options.log.info({}, 'queue recovered')
    this.#isReported = false
  }
}

// Network and broker errors contain host names and permissions, but no passwords.
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return code === '' || error.message.includes(code) ? error.message : `${code}: ${error.message}`
}
