import { EvidenceKeeper, quote } from './evidence-keeper.ts'
import type { Quotable, RawEvidence } from './evidence-keeper.ts'
import { knownReason } from '../vocabulary/quotes/line-quoter.ts'

/** A period in which a problem occurred. */
export interface Period {
  from: number
  /** Last failure. */
  to: number
  count: number
  /** First success after it; NaN if there is none. */
  recoveredAt: number
}

/** How long failures took, ms. */
export interface Waits {
  shortest: number
  longest: number
}

/** If there are more periods, the two closest ones are merged. */
const MAX_PERIODS = 40

/** One cause on one link, from one source: count, periods and evidence. */
export class ProblemHistory {
  count = 0
  periodCount = 0
  first = Number.NaN
  last = Number.NaN
  /** Oldest first. Every failure is counted in exactly one period. */
  readonly periods: Period[] = []
  readonly evidence = new EvidenceKeeper(2)
  recovery: RawEvidence | undefined
  /** Details in the line beyond its cause (a user name, a reason), by how often they appear; a few at most. */
  readonly details = new Map<string, number>()
  /** How long the failures took, as far as it is known. */
  waits: Waits | undefined
  #open = false

  get open(): boolean {
    return this.#open
  }

  /** @param from when the failure began, if that was before the line: a timeout is logged at its end */
  see(line: Quotable, n = 1, from = line.time): void {
    const { time } = line
    this.count += n
    if (!(this.first <= from)) this.first = from
    if (!(this.last >= time)) this.last = time
    this.evidence.take(line)
    const current = this.periods.at(-1)
    if (this.#open && current !== undefined) {
      current.to = Math.max(current.to, time)
      current.count += n
      return
    }
    this.#open = true
    this.periodCount++
    // The request was sent before the success that ended the last period but failed after it: a new period begins.
    const begun = Math.max(from, current?.recoveredAt || from)
    this.periods.push({ from: begun, to: time, count: n, recoveredAt: Number.NaN })
    if (this.periods.length > MAX_PERIODS) joinClosest(this.periods)
  }

  /** The last failure took so long. */
  took(ms: number): void {
    if (!(ms >= 0)) return
    const { shortest, longest } = this.waits ?? { shortest: ms, longest: ms }
    this.waits = { shortest: Math.min(shortest, ms), longest: Math.max(longest, ms) }
  }

  /** What a log line gives as the reason, without text that is not known. */
  reason(text: string): void {
    this.detail(knownReason(text))
  }

  /** The last failure began earlier than was known when it was seen. */
  beganAt(time: number): void {
    const current = this.periods.at(-1)
    if (current !== undefined && current.count === 1 && time < current.from) current.from = time
    if (time < this.first) this.first = time
  }

  detail(text: string): void {
    const seen = this.details.get(text)
    if (seen !== undefined) this.details.set(text, seen + 1)
    else if (this.details.size < 8) this.details.set(text, 1)
  }

  /** Records a success. */
  recover(line: Quotable): void {
    if (!this.#open) return
    this.#open = false
    const current = this.periods.at(-1)
    if (current !== undefined) current.recoveredAt = line.time
    this.recovery = quote(line)
  }
}

/** Merges the two neighbouring periods that are closest to each other. */
function joinClosest(periods: Period[]): void {
  let closest = 0
  let least = Number.POSITIVE_INFINITY
  for (let at = 0; at + 1 < periods.length; at++) {
    const apart = (periods[at + 1]?.from ?? 0) - (periods[at]?.to ?? 0)
    if (apart >= least) continue
    least = apart
    closest = at
  }
  const [later] = periods.splice(closest + 1, 1)
  const earlier = periods[closest]
  if (earlier === undefined || later === undefined) return
  earlier.to = Math.max(earlier.to, later.to)
  earlier.count += later.count
  earlier.recoveredAt = later.recoveredAt
}
