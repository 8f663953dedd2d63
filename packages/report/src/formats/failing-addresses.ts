import type { Quotable } from '../facts/evidence-keeper.ts'
import type { LinkStats } from '../facts/link-stats.ts'
import { knownReason } from '../vocabulary/quotes/line-quoter.ts'
import type { JsonEvent } from './json-event.ts'

/** More than a server has. */
const MAX_ADDRESSES = 64

/** `relay.example.org: 203.0.113.7 closed the TLS handshake 40 times since 08:29 UTC; 203.0.113.9 works` */
const DETAIL =
  /^([\w.-]{1,253}): (?:([\da-f.:]{2,45}) )?(.{1,200}?) (?:once at|\d+ times since) [^;]{1,40}; (.{1,600}?)(?: works?)?$/

/** Reads the lines of Warren's client about single addresses of a server. */
export class FailingAddresses {
  /** The failures of each address that fails, as counted so far. */
  readonly #counts = new Map<string, number>()

  failing(link: LinkStats, line: Quotable, event: JsonEvent): void {
    const since = Date.parse(event.text('since'))
    const from = since <= line.time ? since : line.time
    const history = link.problem('address-failing', line, this.#more(event), from)
    const [, host, address = '', failure, works] = DETAIL.exec(event.text('detail')) ?? []
    if (host === undefined || failure === undefined || works === undefined) return
    const working = event.text('address') === '' ? 1 : works.split(' and ').length
    history.detail(
      `one of ${working + 1} addresses of ${host} fails: ${address}${address && ' '}${knownReason(failure)}`,
    )
  }

  recovered(link: LinkStats, line: Quotable, event: JsonEvent): void {
    this.#counts.delete(event.text('address'))
    if (this.#counts.size === 0) link.problems.get('address-failing')?.recover(line)
  }

  /** The failures since the last line about this address. */
  #more(event: JsonEvent): number {
    const address = event.text('address')
    const count = event.number('count') || 1
    const before = this.#counts.get(address) ?? 0
    if (this.#counts.size < MAX_ADDRESSES || before > 0) this.#counts.set(address, count)
    return Math.max(1, count - before)
  }
}
