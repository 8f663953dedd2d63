import type { Quotable } from '../facts/evidence-keeper.ts'
import { LoadBalancerFacts } from '../facts/facts.ts'
import { ascii, find } from '../read/byte-scan.ts'
import { LEVEL } from '../read/event-head.ts'
import type { EventHead } from '../read/event-head.ts'
import type { FormatReader } from './format-reader.ts'

const UPSTREAM = ascii('upstream')
const TIMED_OUT = ascii('timed out')
const NO_LIVE = ascii('no live upstreams')

/** NGINX error log: the reasons for 502, 503 and 504 in the access log. */
export class NginxErrorReader implements FormatReader {
  readonly name = 'NGINX error log'
  readonly #facts = new LoadBalancerFacts()
  #used = false

  constructor() {
    this.#facts.program = 'NGINX'
  }

  facts(): readonly LoadBalancerFacts[] {
    return this.#used ? [this.#facts] : []
  }

  event(line: Quotable, head: EventHead): boolean {
    this.#used = true
    if (head.level < LEVEL.error) return true
    const { buf, end } = line
    const at = head.message
    if (find(buf, at, end, UPSTREAM) < 0) this.#facts.errors.see(line)
    else if (find(buf, at, end, NO_LIVE) >= 0)
      this.#facts.link.failure(line, 503, 'proxy-503', Number.NaN)
    else if (find(buf, at, end, TIMED_OUT) >= 0)
      this.#facts.link.failure(line, 504, 'proxy-504', Number.NaN)
    else this.#facts.link.failure(line, 502, 'proxy-502', Number.NaN)
    return true
  }
}
