import { type AddressFailure, isConnectionFailure } from './address-failure.ts'
import type { AddressReport } from './address-report.ts'

export interface AddressHealthOptions {
  readonly host: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly onReport: (report: AddressReport) => void
  /** `host:port`, if a proxy chooses the addresses behind it. */
  readonly proxy?: string
}

/** Stands for the addresses behind a proxy, which only the proxy knows. */
export const CHOSEN_BY_PROXY = ''

/** How long a failed address is avoided: doubled with every failure in a row. */
const FIRST_PAUSE_MS = 15_000
const MAX_PAUSE_MS = 5 * 60_000
/** An address that fails again within this time is avoided for longer than the first time, and logged less often. */
const PROBATION_MS = 10 * 60_000
/** The shortest time between two reports of an address that stays broken. */
const REPORT_AGAIN_MS = 10 * 60_000

interface Failing {
  failure: AddressFailure
  code: string
  count: number
  since: number
  lastAt: number
  retryAt: number
  /** Whether the failure was reported; it is reported only once another address works. */
  reportedAt: number | undefined
}

/** The state of one address, for metrics and checks. */
export interface AddressStatus {
  readonly address: string
  readonly state: 'untried' | 'works' | 'failing'
  readonly failure?: AddressFailure
  readonly count?: number
  readonly since?: number
}

/**
 * Remembers which addresses of a server failed, and determines the order in which they are tried. It never excludes an
 * address: those that failed are tried last, and those whose time is over are tried again.
 */
export class AddressHealth {
  readonly #options: AddressHealthOptions
  readonly #failing = new Map<string, Failing>()
  /** The pause of the last failure, kept for a while after the address has recovered. */
  readonly #pauses = new Map<string, { ms: number; until: number }>()
  readonly #workedAt = new Map<string, number>()
  #latest: string | undefined

  constructor(options: AddressHealthOptions) {
    this.#options = options
  }

  /** The addresses in the order in which to try them. */
  order(addresses: readonly string[]): string[] {
    const now = this.#options.now()
    const healthy = addresses.filter((address) => !this.#failing.has(address))
    const latest = this.#latest
    const ready =
      latest !== undefined && healthy.includes(latest)
        ? [latest, ...healthy.filter((address) => address !== latest)]
        : healthy
    const failing = addresses.flatMap((address) => {
      const state = this.#failing.get(address)
      return state === undefined ? [] : [{ address, state }]
    })
    // A failure to connect is probed in the background. Whether an address answers only a request shows.
    const due = failing.filter(
      ({ state }) => state.retryAt <= now && !isConnectionFailure(state.failure),
    )
    const avoided = failing
      .filter((one) => !due.includes(one))
      .toSorted((a, b) => a.state.retryAt - b.state.retryAt)
    const namesOf = (list: typeof failing) => list.map(({ address }) => address)
    return [...namesOf(due), ...ready, ...namesOf(avoided)]
  }

  /** Records an answer. `startedAt`: failures since then happened while this address worked, so they are reported. */
  recordSuccess(address: string, startedAt: number): void {
    const { now } = this.#options
    const state = this.#failing.get(address)
    if (address === CHOSEN_BY_PROXY) {
      // The proxy may choose the broken address again at any time, so one answer does not end it.
      if (state !== undefined && now() - state.lastAt > PROBATION_MS)
        this.#end(address, 'recovered')
    } else {
      if (state !== undefined) this.#end(address, 'recovered')
      this.#latest = address
    }
    this.#workedAt.set(address, now())
    for (const [other, failing] of this.#failing) {
      if (failing.lastAt >= startedAt) this.#reportFailing(other, failing)
    }
  }

  /** Records that a connection can be opened, which ends a failure to connect. It does not make the address the preferred one. */
  recordConnection(address: string): void {
    this.#end(address, 'recovered')
    this.#workedAt.set(address, this.#options.now())
  }

  recordFailure(address: string, failure: AddressFailure, code: string): void {
    const now = this.#options.now()
    const known = this.#failing.get(address)
    const state: Failing = known ?? {
      failure,
      code,
      count: 0,
      since: now,
      lastAt: now,
      retryAt: now,
      reportedAt: undefined,
    }
    if (known === undefined || state.retryAt <= now) state.retryAt = now + this.#nextPause(address)
    Object.assign(state, { failure, code, count: state.count + 1, lastAt: now })
    this.#failing.set(address, state)
    if (this.#working(address, state.since).length > 0) this.#reportFailing(address, state)
  }

  /** Forgets the addresses to which the name no longer resolves. */
  retain(addresses: readonly string[]): void {
    const gone = [...this.#failing.keys()].filter(
      (address) => address !== CHOSEN_BY_PROXY && !addresses.includes(address),
    )
    for (const address of gone) this.#end(address, 'removed')
    for (const address of [...this.#pauses.keys(), ...this.#workedAt.keys()]) {
      if (address === CHOSEN_BY_PROXY || addresses.includes(address)) continue
      this.#pauses.delete(address)
      this.#workedAt.delete(address)
    }
  }

  /** The addresses to which a connection may be possible again. */
  dueForProbe(addresses: readonly string[]): string[] {
    const now = this.#options.now()
    return addresses.filter((address) => {
      const state = this.#failing.get(address)
      return state !== undefined && state.retryAt <= now && isConnectionFailure(state.failure)
    })
  }

  statusOf(address: string): AddressStatus {
    const state = this.#failing.get(address)
    if (state === undefined) {
      return { address, state: this.#workedAt.has(address) ? 'works' : 'untried' }
    }
    const { failure, count, since } = state
    return { address, state: 'failing', failure, count, since }
  }

  #nextPause(address: string): number {
    const now = this.#options.now()
    const last = this.#pauses.get(address)
    const ms =
      last === undefined || last.until < now ? FIRST_PAUSE_MS : Math.min(last.ms * 2, MAX_PAUSE_MS)
    this.#pauses.set(address, { ms, until: now + ms + PROBATION_MS })
    return ms
  }

  /** The other addresses that worked since `since` and do not fail. */
  #working(address: string, since: number): string[] {
    return [...this.#workedAt]
      .filter(([other, at]) => other !== address && at >= since && !this.#failing.has(other))
      .map(([other]) => other)
  }

  #reportFailing(address: string, state: Failing): void {
    const now = this.#options.now()
    const { reportedAt } = state
    if (reportedAt !== undefined && now - reportedAt < REPORT_AGAIN_MS) return
    state.reportedAt = now
    this.#report(reportedAt === undefined ? 'failing' : 'still-failing', address, state)
  }

  #end(address: string, change: 'recovered' | 'removed'): void {
    const state = this.#failing.get(address)
    if (state === undefined) return
    this.#failing.delete(address)
    if (state.reportedAt !== undefined) this.#report(change, address, state)
  }

  #report(change: AddressReport['change'], address: string, state: Failing): void {
    const { host, proxy, now, onReport } = this.#options
    const { failure, code, count, since } = state
    const viaProxy = address === CHOSEN_BY_PROXY
    onReport({
      change,
      host,
      address: viaProxy ? undefined : address,
      ...(viaProxy && proxy !== undefined ? { proxy } : {}),
      failure,
      code,
      count,
      since,
      at: now(),
      works: viaProxy ? [] : this.#working(address, 0),
    })
  }
}
