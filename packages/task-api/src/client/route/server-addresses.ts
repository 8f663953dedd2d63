import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { ResolutionReport } from './address-report.ts'

/** Resolves a host name to its addresses, the preferred one first. Rejects like `dns.lookup`. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>

/** As the system resolves names: /etc/hosts, then DNS, in the order of RFC 6724. */
export const resolveHost: ResolveHost = async (hostname) =>
  (await lookup(hostname, { all: true, order: 'verbatim' })).map(({ address }) => address)

export interface ServerAddressesOptions {
  /** A name, or an IP address without brackets. */
  readonly hostname: string
  readonly resolve: ResolveHost
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Called with the addresses of each lookup that succeeds. */
  readonly onResolved: (addresses: readonly string[]) => void
  readonly onReport: (report: ResolutionReport) => void
}

/** More than any load balancer announces. */
const MAX_ADDRESSES = 16

/** How old a lookup may be before the next one starts. The system does not report how long a name is valid. */
const FRESH_MS = 30_000

/** Older addresses are used only if the name cannot be resolved. */
const STALE_MS = 10 * 60_000

/** The addresses of one server. A lookup that fails leaves the last known addresses in use. */
export class ServerAddresses {
  readonly #options: ServerAddressesOptions
  readonly #literal: boolean
  #known: readonly string[] = []
  #resolvedAt = Number.NEGATIVE_INFINITY
  #lookup: Promise<readonly string[]> | undefined
  #unresolved: { since: number; count: number; reported: boolean; code: string } | undefined

  constructor(options: ServerAddressesOptions) {
    this.#options = options
    this.#literal = isIP(options.hostname) !== 0
    if (this.#literal) this.#known = [options.hostname]
  }

  /** The addresses of the latest lookup, without waiting for one. */
  get known(): readonly string[] {
    return this.#known
  }

  /** The addresses to use. Waits only if there are none, or only old ones. Rejects if the name was never resolved. */
  async current(signal: AbortSignal): Promise<readonly string[]> {
    if (this.#literal) return this.#known
    const age = this.#options.now() - this.#resolvedAt
    if (age <= FRESH_MS && age >= 0) return this.#known
    const lookedUp = this.refresh(signal)
    if (this.#known.length === 0 || age > STALE_MS || age < 0) return lookedUp
    lookedUp.catch(() => {})
    return this.#known
  }

  /** Looks the name up now. Rejects only if there are no known addresses. */
  async refresh(signal: AbortSignal): Promise<readonly string[]> {
    if (this.#literal) return this.#known
    this.#lookup ??= this.#resolve().finally(() => {
      this.#lookup = undefined
    })
    return untilAborted(this.#lookup, signal)
  }

  async #resolve(): Promise<readonly string[]> {
    const { hostname, resolve, now, onResolved } = this.#options
    try {
      const found = [...new Set(await resolve(hostname))].slice(0, MAX_ADDRESSES)
      if (found.length === 0) {
        throw Object.assign(new Error(`${hostname} has no address`), { code: 'ENODATA' })
      }
      this.#known = found
      this.#resolvedAt = now()
      this.#reportResolved()
      onResolved(found)
    } catch (error: unknown) {
      if (this.#known.length === 0) throw error
      this.#reportUnresolved(error)
    }
    return this.#known
  }

  #reportUnresolved(error: unknown): void {
    const { hostname, now, onReport } = this.#options
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
    const state = (this.#unresolved ??= { since: now(), count: 0, reported: false, code })
    state.count += 1
    if (state.reported) return
    state.reported = true
    const { since, count } = state
    onReport({
      change: 'unresolved',
      host: hostname,
      code,
      count,
      since,
      at: now(),
      addresses: this.#known,
    })
  }

  #reportResolved(): void {
    const { hostname, now, onReport } = this.#options
    if (this.#unresolved === undefined) return
    const { since, count, code } = this.#unresolved
    this.#unresolved = undefined
    onReport({
      change: 'resolved',
      host: hostname,
      code,
      count,
      since,
      at: now(),
      addresses: this.#known,
    })
  }
}

/** A lookup cannot be cancelled, so it is left to end by itself. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
