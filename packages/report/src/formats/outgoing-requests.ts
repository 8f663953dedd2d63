import type { Quotable } from '../facts/evidence-keeper.ts'
import type { RelayFacts } from '../facts/facts.ts'
import { isGood } from '../facts/link-stats.ts'
import { ascii, find, numberEnd, readNumber, startsWith, textOf } from '../read/byte-scan.ts'

const PHRASES = {
  start: ascii('Start processing HTTP request GET '),
  sending: ascii('Sending HTTP request '),
  received: ascii('Received HTTP response headers after '),
  end: ascii('End processing HTTP request after '),
  nextJob: ascii('/task/nextjob/'),
  source: ascii(' <s:'),
} as const

/** Requests without an end line are discarded, oldest first. */
const MAX_PENDING = 16

interface Pending {
  readonly time: number
  /** `a`, `b` or ''; undefined if the request is not a poll. */
  readonly type: string | undefined
}

/**
 * Lines of .NET's HttpClient about requests to the upstream: `Start processing HTTP request GET …/task/nextjob/collection.a`, then
 * `End processing HTTP request after 78.5019ms - 204`. An end line belongs to the request that began that long before.
 */
export class OutgoingRequests {
  readonly #facts: RelayFacts
  readonly #pending: Pending[] = []
  /** Time of the last failed poll: an error line just after it is about the same poll. */
  failedAt = Number.NaN

  constructor(facts: RelayFacts) {
    this.#facts = facts
  }

  /** The line, whose message begins at `at`, is one of these. */
  read(line: Quotable, at: number): boolean {
    const { buf, end } = line
    if (startsWith(buf, at, end, PHRASES.start)) this.#started(line, at + PHRASES.start.length)
    else if (startsWith(buf, at, end, PHRASES.end)) this.#ended(line, at + PHRASES.end.length)
    else
      return startsWith(buf, at, end, PHRASES.sending) || startsWith(buf, at, end, PHRASES.received)
    return true
  }

  #started(line: Quotable, at: number): void {
    const { buf } = line
    const source = find(buf, at, line.end, PHRASES.source)
    const end = source < 0 ? line.end : source
    const path = find(buf, at, end, PHRASES.nextJob)
    if (this.#pending.length >= MAX_PENDING) this.#pending.shift()
    const type = path < 0 ? undefined : typeOf(textOf(buf, path + PHRASES.nextJob.length, end))
    this.#pending.push({ time: line.time, type })
  }

  #ended(line: Quotable, at: number): void {
    const ms = readNumber(line.buf, at, line.end)
    const status = readNumber(line.buf, numberEnd() + 'ms - '.length, line.end)
    if (!(status >= 100 && status <= 999)) return
    let best = -1
    let least = Number.POSITIVE_INFINITY
    this.#pending.forEach(({ time }, index) => {
      const distance = Math.abs(line.time - ms - time)
      if (distance < least) {
        least = distance
        best = index
      }
    })
    const [request] = best < 0 ? [] : this.#pending.splice(best, 1)
    if (request?.type === undefined) return
    const stats = this.#facts.upstream(request.type)
    if (isGood(status)) {
      stats.success(line, status, ms)
      stats.poll(line.time, status === 204)
      return
    }
    const cause = status < 500 ? 'upstream-refused' : 'upstream-unreachable'
    stats.failure(line, status, cause, ms)
    stats.problems.get(cause)?.detail(`HTTP ${status}`)
    this.failedAt = line.time
  }
}

/** The type of task that is requested, after the collection ID. */
function typeOf(collection: string): string {
  const [, type = ''] = /\.([a-z])$/.exec(collection.trim()) ?? []
  return type
}
