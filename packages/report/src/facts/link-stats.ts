import { CAUSES } from '../document/cause.ts'
import type { Cause } from '../document/cause.ts'
import { quote } from './evidence-keeper.ts'
import type { Quotable, RawEvidence } from './evidence-keeper.ts'
import { Heartbeat } from './heartbeat.ts'
import { KeptLine } from './kept-line.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { PollSample } from './poll-sample.ts'
import { ProblemHistory } from './problem-history.ts'
import { Alternation, PollRate } from './poll-timing.ts'
import { Series } from './series.ts'

/** Who asks again so soon after an answer lets himself be kept waiting; others pause between polls. */
const MAX_PAUSE_AFTER_HELD_MS = 1_500

/** Fewer slow exchanges than this are chance. */
const MIN_SLOW = 5
// A service answers some things fast also when it is slow (a probe, the second statement of a request): what counts is the share of slow
// answers lately, each new one with a fifth of the weight. Five in a row, or two in five for long, make it slow.
const NEWEST_WEIGHT = 0.2
const SLOW_SHARE = 0.35
const FAST_SHARE = 0.1
/** More polls than this a minute, nothing being there to fetch, is hammering: today's clients ask every five seconds. */
export const MAX_POLLS_PER_MINUTE = 60

/** Outcome as a small number: an HTTP status, or a cause as a negative one. */
export function outcomeOf(cause: Cause): number {
  return -1 - CAUSES.indexOf(cause)
}

/** The outcome as people read it. */
export function outcomeText(outcome: number): string {
  return outcome >= 0 ? String(outcome) : (CAUSES[-1 - outcome] ?? 'unknown')
}

/** Statuses below 400, and 0 for "it worked" where there is no status. */
export function isGood(status: number): boolean {
  return status >= 0 && status < 400
}

/** Problems that not every success ends: answers that are fast again, or a task that is answered. */
const NOT_ENDED_BY_SUCCESS: ReadonlySet<Cause> = new Set([
  'slow',
  'two-instances',
  'task-not-answered',
  'task-handed-out-again',
])

export function endsByAnySuccess(cause: Cause): boolean {
  return !NOT_ENDED_BY_SUCCESS.has(cause)
}

export interface LinkLimits {
  /** An answer that takes longer, milliseconds, is slow. */
  slowMs: number
}

/**
 * One link as one source tells it: counts, latency, rhythm, problems, and lines that prove them. All times are in the clock of
 * the source. Size does not depend on the length of the log.
 */
export class LinkStats {
  exchanges = 0
  ok = 0
  failed = 0
  unanswered = 0
  /** Answers that came late because they were held back until there was work (long polling). */
  held = 0
  /** Exchanges by status as summary lines tell them; singles of the same status are among them. */
  readonly summaries = new Map<number, number>()
  first = Number.NaN
  last = Number.NaN
  lastOk = Number.NaN
  tasks = 0
  answers = 0
  lastAnswer = Number.NaN
  lateAnswers = 0
  readonly statuses = new Map<number, number>()
  readonly latency = new LatencyHistogram()
  readonly heartbeat = new Heartbeat()
  /** From one poll that found nothing to the next of that kind: the pace of the client, which work and failures do not change. */
  readonly pollIntervals = new LatencyHistogram()
  readonly series = new Series()
  readonly problems = new Map<Cause, ProblemHistory>()
  readonly polls = new PollSample()
  readonly alternation = new Alternation()
  readonly rate = new PollRate(MAX_POLLS_PER_MINUTE)
  readonly #slowMs: number
  #open = 0
  #longestHeld = 0
  #emptyAt = Number.NaN
  #slowShare = 0
  #slowCount = 0
  #slowSince = Number.NaN
  /** The first fast answer since the last slow one of a slow stretch. */
  #fastAgain: KeptLine | undefined
  firstOk: RawEvidence | undefined

  constructor(limits: LinkLimits) {
    this.#slowMs = limits.slowMs
  }

  /** Something is wrong that no success has ended yet. */
  get hasOpenProblem(): boolean {
    return this.#open > 0
  }

  /**
   * An exchange that worked. `latencyMs` NaN where it is not known.
   * @param waitMs how long the answer might be held back until there was work; NaN where nobody says so, and only the rhythm can
   */
  success(line: Quotable, status: number, latencyMs: number, waitMs = 0): void {
    const { time } = line
    const long = latencyMs > this.#slowMs
    const held =
      long &&
      (Number.isNaN(waitMs)
        ? time - latencyMs - this.last < MAX_PAUSE_AFTER_HELD_MS || this.#heldInFull(latencyMs)
        : latencyMs <= waitMs + this.#slowMs)
    this.#count(time, status, latencyMs, true)
    this.ok++
    if (held) {
      this.held++
      this.#longestHeld = Math.max(this.#longestHeld, latencyMs)
    }
    if (!(this.lastOk >= time)) this.lastOk = time
    this.firstOk ??= quote(line)
    if (this.#open > 0) this.#recover(line)
    if (long && !held) this.#slow(line, time - latencyMs)
    else if (this.#slowCount > 0) this.#fast(line)
  }

  /** Held to the full length, as others before: also after a pause, such as one for a failure this side did not see. */
  #heldInFull(latencyMs: number): boolean {
    const full = this.#longestHeld
    return this.held >= MIN_SLOW && Math.abs(latencyMs - full) <= Math.min(full / 10, this.#slowMs)
  }

  /** An exchange that did not work, for a cause that has a name. */
  failure(line: Quotable, status: number, cause: Cause, latencyMs: number): void {
    this.#count(line.time, status, latencyMs, false)
    this.failed++
    // Whoever waited for nothing was in trouble from the moment of asking.
    this.problem(cause, line, 1, latencyMs > 0 ? line.time - latencyMs : line.time)
  }

  /** Something wrong, since `from`, that is not the outcome of an exchange of its own. */
  problem(cause: Cause, line: Quotable, n = 1, from = line.time): ProblemHistory {
    let history = this.problems.get(cause)
    if (history === undefined) {
      history = new ProblemHistory()
      this.problems.set(cause, history)
    }
    if (!history.open && endsByAnySuccess(cause)) this.#open++
    history.see(line, n, from)
    return history
  }

  /** A task was answered. */
  answer(line: Quotable): void {
    this.answers++
    if (!(this.lastAnswer >= line.time)) this.lastAnswer = line.time
    this.problems.get('task-not-answered')?.recover(line)
    this.problems.get('task-handed-out-again')?.recover(line)
  }

  /** A poll in the sense of rhythm and rate: asked for work. `empty`: there was none. */
  poll(time: number, empty: boolean): void {
    if (empty && time >= this.#emptyAt) this.pollIntervals.add(time - this.#emptyAt)
    this.#emptyAt = empty ? time : Number.NaN
    if (empty) {
      this.alternation.poll(time)
      this.rate.poll(time)
    } else this.alternation.interrupt()
  }

  /** The other side was heard of, without an outcome. */
  beat(time: number): void {
    if (!(this.first <= time)) this.first = time
    if (!(this.last >= time)) this.last = time
    this.heartbeat.beat(time)
  }

  /** Counts from a summary line: `n` exchanges of one status within the time before it; NaN where it does not say how long. */
  summary(line: Quotable, status: number, n: number, latencyMs: number, windowMs: number): void {
    // A log that writes every empty poll has them all already.
    if (!(n > 0) || this.statuses.has(204)) return
    this.summaries.set(status, (this.summaries.get(status) ?? 0) + n)
    this.beat(line.time)
    if (!isGood(status)) return
    this.series.add(line.time, true, status, latencyMs, n)
    if (status === 204 && windowMs > 0) this.rate.counted(line.time - windowMs, line.time, n)
    if (!(this.lastOk >= line.time)) this.lastOk = line.time
    this.firstOk ??= quote(line)
    if (this.#open > 0) this.#recover(line)
  }

  /** Singles and summaries together, each exchange counted once. */
  totals(): { exchanges: number; ok: number; failed: number; statuses: Map<number, number> } {
    const statuses = new Map(this.statuses)
    let { ok, failed } = this
    for (const [status, n] of this.summaries) {
      const more = n - (statuses.get(status) ?? 0)
      if (more <= 0) continue
      statuses.set(status, n)
      if (isGood(status)) ok += more
      else failed += more
    }
    return { exchanges: ok + failed, ok, failed, statuses }
  }

  #count(time: number, status: number, latencyMs: number, good: boolean): void {
    this.exchanges++
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    // A refusal is fast and a timeout slow: only answers say how fast the other side works.
    if (latencyMs >= 0 && good) this.latency.add(latencyMs)
    this.series.add(time, good, status, good ? latencyMs : Number.NaN)
    this.beat(time)
  }

  #recover(line: Quotable): void {
    for (const [cause, history] of this.problems) {
      if (!history.open || !endsByAnySuccess(cause)) continue
      history.recover(line)
    }
    this.#open = 0
  }

  #slow(line: Quotable, askedAt: number): void {
    this.#slowShare += (1 - this.#slowShare) * NEWEST_WEIGHT
    if (this.#slowCount++ === 0) this.#slowSince = askedAt
    this.#fastAgain = undefined
    if (this.problems.get('slow')?.open === true) this.problem('slow', line)
    else if (this.#slowCount >= MIN_SLOW && this.#slowShare >= SLOW_SHARE)
      this.problem('slow', line, this.#slowCount, this.#slowSince)
  }

  #fast(line: Quotable): void {
    const slow = this.problems.get('slow')
    this.#slowShare -= this.#slowShare * NEWEST_WEIGHT
    if (slow?.open === true) this.#fastAgain ??= new KeptLine(line)
    if (this.#slowShare > FAST_SHARE) return
    this.#slowCount = 0
    if (this.#fastAgain !== undefined) slow?.recover(this.#fastAgain)
    this.#fastAgain = undefined
  }
}
