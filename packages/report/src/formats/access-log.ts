import type { Quotable } from '../facts/evidence-keeper.ts'
import { quote } from '../facts/evidence-keeper.ts'
import { LoadBalancerFacts } from '../facts/facts.ts'
import type { RelayClient } from '../facts/facts.ts'
import { isGood } from '../facts/link-stats.ts'
import { findByte, numberEnd, readNumber, textOf } from '../read/byte-scan.ts'
import { Interner } from '../read/interner.ts'
import type { EventHead } from '../read/event-head.ts'
import type { FormatReader } from './format-reader.ts'
import { recordResult, recordHandOut } from './relay-requests.ts'
import { causeOfStatus } from './network-cause.ts'
import { relayAddress } from './relay-address.ts'
import { RequestPath } from './request-path.ts'

/** Counts requests in a load balancer's log, by client if the path contains a collection ID. */
class AccessCounter {
  readonly facts = new LoadBalancerFacts()
  readonly #path = new RequestPath()
  readonly #collections = new Interner(20_000)
  readonly #byCollection: (RelayClient | undefined)[] = []
  /** Where the target of the last request begins. */
  #target = 0

  /**
   * Reads the target in `GET /path HTTP/1.1"` at `at`, which may be a full URL.
   * @returns the end of the path, or -1 if there is no target
   */
  readTarget(buf: Buffer, at: number, end: number): number {
    const space = findByte(buf, at, Math.min(end, at + 24), 32)
    this.#target = space + 1
    return space < 0 ? -1 : this.#path.read(buf, this.#target, end)
  }

  /**
   * Counts the request whose target was read last.
   * @param fromTarget true if the relay behind the load balancer responded, false if not, undefined if the log does not contain it
   * @param ms NaN if unknown
   * @param userOf reads the user name, if the log contains it
   */
  count(
    line: Quotable,
    status: number,
    fromTarget: boolean | undefined,
    ms: number,
    userOf?: (line: Quotable) => string,
  ): void {
    const { facts } = this
    const path = this.#path
    facts.requests++
    if (path.kind === 'other') return
    const good = isGood(status) || (path.kind === 'result' && (status === 404 || status === 409))
    // A status that the relay chose (401, 500 …) is judged in the relay's view. Here the request was forwarded, so the network path works.
    const passed =
      good ||
      fromTarget === true ||
      (fromTarget === undefined && status < 502 && status !== 460 && status !== 499)
    const waitMs = path.kind === 'poll' ? Number.NaN : 0
    if (passed) facts.link.success(line, status, ms, waitMs)
    else facts.link.failure(line, status, causeOfStatus(status), ms)
    if (path.kind === 'probe') return
    const client = this.#clientOf(line.buf, path.collectionStart, path.collectionEnd)
    if (client === undefined) return
    // If the first lines contain no name, none do.
    if (good && client.names.size === 0 && client.stats.ok < 16 && userOf !== undefined) {
      const user = userOf(line)
      if (user !== '') client.names.set(user, 1)
    }
    if (good) client.stats.success(line, status, ms, waitMs)
    else client.stats.failure(line, status, causeOfStatus(status), ms)
    if (path.kind === 'result') {
      recordResult(client, line, status)
      return
    }
    client.stats.poll(line.time, status === 204)
    client.stats.polls.add(line.time, ms, status, 0)
    if (status === 200) recordHandOut(client, line)
    if (facts.sample.wants(line.time)) {
      facts.sample.add({
        time: line.time,
        durationMs: ms,
        status,
        client: client.key,
        requestId: '',
        lines: [{ step: 'passed', evidence: quote(line) }],
      })
    }
  }

  #clientOf(buf: Buffer, start: number, end: number): RelayClient | undefined {
    const id = this.#collections.id(buf, start, end)
    if (id < 0) return undefined
    let client = this.#byCollection[id]
    if (client === undefined) {
      const collection = this.#collections.text(id)
      client = this.facts.clients.of(collection)
      if (client !== undefined) {
        client.collections.add(collection.toLowerCase())
        client.address = relayAddress(textOf(buf, this.#target, end))
      }
      this.#byCollection[id] = client
    }
    return client
  }
}

/** AWS Application Load Balancer access log. */
export class AlbReader implements FormatReader {
  readonly #counter = new AccessCounter()
  #used = false

  get name(): string {
    return `${this.#counter.facts.program} access log`
  }

  facts(): readonly LoadBalancerFacts[] {
    return this.#used ? [this.#counter.facts] : []
  }

  /** After type and time: elb client:port target:port request target response elb_status target_status received sent "request" … */
  event(line: Quotable, head: EventHead): boolean {
    const { buf, end } = line
    let at = head.message
    const nameEnd = findByte(buf, at, end, 32)
    if (nameEnd < 0) return false
    const nameStart = at
    at = nameEnd + 1
    // client and target
    for (let field = 0; field < 2; field++) {
      const space = findByte(buf, at, end, 32)
      if (space < 0) return false
      at = space + 1
    }
    let seconds = 0
    let known = true
    for (let field = 0; field < 3; field++) {
      const value = readNumber(buf, at, end)
      if (Number.isNaN(value)) return false
      if (value < 0) known = false
      else seconds += value
      at = numberEnd() + 1
    }
    const status = readNumber(buf, at, end)
    if (!(status >= 100 && status <= 999)) return false
    at = numberEnd() + 1
    const fromTarget = buf[at] !== 45
    const open = findByte(buf, at, end, 34)
    if (open < 0) return false
    if (this.#counter.readTarget(buf, open + 1, end) < 0) return false
    this.#used = true
    const { facts } = this.#counter
    if (facts.name === '') this.#nameIt(textOf(buf, nameStart, nameEnd))
    this.#counter.count(line, status, fromTarget, known ? seconds * 1000 : Number.NaN)
    return true
  }

  /** `app/name/id` at AWS. Of other load balancers, whose logs are read in the same form, the name of the program. */
  #nameIt(name: string): void {
    const { facts } = this.#counter
    facts.name = name
    facts.program = name.startsWith('app/') ? 'AWS ALB' : name
  }
}

/** NGINX "combined" as logged by ingress controllers, with more fields after the user agent. */
export class NginxReader implements FormatReader {
  readonly name = 'NGINX access log'
  readonly #counter = new AccessCounter()
  #used = false

  constructor() {
    this.#counter.facts.program = 'NGINX'
  }

  facts(): readonly LoadBalancerFacts[] {
    return this.#used ? [this.#counter.facts] : []
  }

  /** After the time: "request" status bytes "referer" "agent" [request_length request_time [upstream] …] */
  event(line: Quotable, head: EventHead): boolean {
    const { buf, end } = line
    const open = head.message
    if (buf[open] !== 34) return false
    const pathEnd = this.#counter.readTarget(buf, open + 1, end)
    let at = pathEnd < 0 ? -1 : findByte(buf, pathEnd, end, 34)
    if (at < 0) return false
    const status = readNumber(buf, at + 2, end)
    if (!(status >= 100 && status <= 999)) return false
    at = numberEnd()
    for (let quotes = 0; quotes < 4 && at >= 0; quotes++) at = findByte(buf, at + 1, end, 34)
    let ms = Number.NaN
    if (at > 0) {
      readNumber(buf, at + 2, end)
      const seconds = readNumber(buf, numberEnd() + 1, end)
      if (seconds >= 0) ms = seconds * 1000
    }
    this.#used = true
    this.#counter.count(line, status, undefined, ms, remoteUser)
    return true
  }
}

/** `address - user [time]`; '' for `-`. */
function remoteUser({ buf, start, end }: Quotable): string {
  const ident = findByte(buf, start, end, 32) + 1
  const from = ident === 0 ? -1 : findByte(buf, ident, end, 32) + 1
  const to = from <= 0 ? -1 : findByte(buf, from, Math.min(end, from + 128), 32)
  const user = to < 0 ? '' : textOf(buf, from, to)
  return user === '-' ? '' : user
}
