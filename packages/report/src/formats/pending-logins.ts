import type { Cause } from '../vocabulary/cause.ts'
import type { KeptLine } from '../facts/kept-line.ts'
import { SECOND } from '../read/timestamps.ts'

/** A relay logs the request within this time after the line about its credentials. */
const STALE_MS = 60 * SECOND
const MAX_REFUSALS = 64
/** Weight of a name that may belong to another client. */
const UNSURE = 0.1

/** Why a request was rejected, from a line just before the request line. */
export interface Refusal {
  readonly cause: Cause
  /** User name that the client sent; '' if there is none. */
  readonly name: string
  readonly line: KeptLine
}

/**
 * Lines about credentials whose request line is still missing: the request line contains the collection, but only the line before it
 * contains the client. Bounded; entries that never find their request line become stale.
 */
export class PendingLogins {
  readonly #validated: { name: string; time: number; mixed: boolean }[] = []
  #refusals: Refusal[] = []

  validated(name: string, time: number): void {
    this.#validated.push({ name, time, mixed: false })
    if (this.#validated.length > MAX_REFUSALS) this.#validated.shift()
  }

  refused(refusal: Refusal): void {
    this.#refusals.push(refusal)
  }

  hasRefusal(name: string): boolean {
    return this.#refusals.some((refusal) => refusal.name === name)
  }

  /**
   * Takes the login that a request belongs to. A single candidate is certain (weight 1). If there are several, `known` decides.
   * Otherwise every candidate gets a small weight, also later, because the wrong one may have been taken.
   */
  takeValidated(
    known: string | undefined,
    time: number,
  ): { names: readonly string[]; weight: number } {
    const list = this.#validated
    while (list.length > 0 && time - (list[0]?.time ?? time) > STALE_MS) list.shift()
    const index = known === undefined ? -1 : list.findIndex(({ name }) => name === known)
    const found = list[index]
    if (found !== undefined) {
      list.splice(index, 1)
      return { names: [found.name], weight: found.mixed ? UNSURE : 1 }
    }
    const certain = list.length === 1 && list[0]?.mixed === false
    const names = [...new Set(list.map(({ name }) => name))]
    list.shift()
    for (const left of list) left.mixed = true
    return { names, weight: certain ? 1 : UNSURE }
  }

  /** Takes the best refusal for a 401: that of the known client, or the oldest with credentials, or any. */
  takeRefusal(known: string | undefined): Refusal | undefined {
    const list = this.#refusals
    let index = known === undefined ? -1 : list.findIndex(({ name }) => name === known)
    if (index < 0) index = list.findIndex(({ cause }) => cause !== 'auth-no-credentials')
    if (index < 0) index = list.length > 0 ? 0 : -1
    return index < 0 ? undefined : list.splice(index, 1)[0]
  }

  /** Takes the "no credentials" line of a probe. */
  takeMissing(): Refusal | undefined {
    const index = this.#refusals.findIndex(({ cause }) => cause === 'auth-no-credentials')
    return index < 0 ? undefined : this.#refusals.splice(index, 1)[0]
  }

  /** Refusals without a request line: all if `time` is NaN, otherwise those that are too old or too many. */
  stale(time: number): Refusal[] {
    const list = this.#refusals
    if (list.length === 0) return []
    const fresh = Number.isNaN(time)
      ? []
      : list.filter((refusal) => time - refusal.line.time <= 5 * SECOND).slice(-MAX_REFUSALS)
    if (fresh.length === list.length) return []
    const gone = list.filter((refusal) => !fresh.includes(refusal))
    this.#refusals = fresh
    return gone
  }
}
