import { CAUSES } from '../vocabulary/cause.ts'
import type { Cause } from '../vocabulary/cause.ts'
import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import { quote } from './evidence-keeper.ts'
import type { Quotable, RawEvidence } from './evidence-keeper.ts'
import { Heartbeat } from './heartbeat.ts'
import { KeptLine } from './kept-line.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import { PollSample } from './poll-sample.ts'
import { ProblemHistory } from './problem-history.ts'
import { Alternation, PollRate } from './poll-timing.ts'
import { Series } from './series.ts'

/** A client that polls again this soon after a response uses held polls; other clients pause between polls. */
const MAX_PAUSE_AFTER_HELD_MS = 1_500

/** Fewer slow exchanges than this are chance. */
const MIN_SLOW = 5
// A slow service still answers some requests fast (a probe, the second statement of a request), so the share of slow ones counts.
// Each exchange has a fifth of the weight. Five slow ones in a row, or two in five for a while, make it slow.
const NEWEST_WEIGHT = 0.2
const SLOW_SHARE = 0.35
const FAST_SHARE = 0.1
/** More empty polls per minute than this are excessive: the Python bunny polls every five seconds. */
export const MAX_POLLS_PER_MINUTE = 60

/** Encodes an outcome as a small number: an HTTP status, or a cause as a negative number. */
export function outcomeOf(cause: Cause): number {
  return -1 - CAUSES.indexOf(cause)
}

/** The outcome as text. */
export function outcomeText(outcome: number): string {
  return outcome >= 0 ? String(outcome) : (CAUSES[-1 - outcome] ?? 'unknown')
}

/** Statuses below 300, and 0 for a success without a status. No part of the Task API redirects; a login page does. */
export function isGood(status: number): boolean {
  return status >= 0 && status < 300
}

/** Others end with fast responses, or with an answered task. */
export function endsByAnySuccess(cause: Cause): boolean {
  return CAUSE_SHEET[cause].endedBySuccess
}

export interface LinkLimits {
  /** A slower response counts as slow, milliseconds. */
  slowMs: number
}

/**
 * Statistics of one link from one source: counts, latency, intervals, problems, and lines as evidence. All times are in the clock
 * of the source. The size does not depend on the length of the log.
 */
export class LinkStats {
  exchanges = 0
  ok = 0
  failed = 0
  unanswered = 0
  /** Responses that were late because the poll was held until there was work. */
  held = 0
  /** Exchanges by status, from summary lines. They include exchanges that were also logged individually. */
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
  /** Time from one empty poll to the next: the polling interval, unaffected by work and failures. */
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
  /** The first fast response after the last slow one of a slow period. */
  #fastAgain: KeptLine | undefined
  firstOk: RawEvidence | undefined

  constructor(limits: LinkLimits) {
    this.#slowMs = limits.slowMs
  }

  /** There is a problem that no success has ended yet. */
  get hasOpenProblem(): boolean {
    return this.#open > 0
  }

  /**
   * Records a successful exchange. `latencyMs` is NaN if unknown.
   * @param waitMs how long the poll could be held; NaN if unknown, so that only the intervals show whether it was
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

  /** Held for the full time, like other polls before: also after a pause, for example for a failure that this side did not see. */
  #heldInFull(latencyMs: number): boolean {
    const full = this.#longestHeld
    return this.held >= MIN_SLOW && Math.abs(latencyMs - full) <= Math.min(full / 10, this.#slowMs)
  }

  /** Records a failed exchange. */
  failure(line: Quotable, status: number, cause: Cause, latencyMs: number): void {
    this.#count(line.time, status, latencyMs, false)
    this.failed++
    // A request without a response failed from the moment it was sent.
    this.problem(cause, line, 1, latencyMs > 0 ? line.time - latencyMs : line.time).took(latencyMs)
  }

  /** Records a problem, since `from`, that is not the outcome of an exchange. */
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

  /** Records that a task was answered. */
  answer(line: Quotable): void {
    this.answers++
    if (!(this.lastAnswer >= line.time)) this.lastAnswer = line.time
    this.problems.get('task-not-answered')?.recover(line)
    this.problems.get('task-handed-out-again')?.recover(line)
  }

  /** Records a poll for the polling interval and rate. `empty`: it found no work. */
  poll(time: number, empty: boolean): void {
    if (empty && time >= this.#emptyAt) this.pollIntervals.add(time - this.#emptyAt)
    this.#emptyAt = empty ? time : Number.NaN
    if (empty) {
      this.alternation.poll(time)
      this.rate.poll(time)
    } else this.alternation.interrupt()
  }

  /** Records an event without an outcome. */
  beat(time: number): void {
    if (!(this.first <= time)) this.first = time
    if (!(this.last >= time)) this.last = time
    this.heartbeat.beat(time)
  }

  /** Records a summary line: `n` exchanges of one status within the `windowMs` before it; NaN if the line does not contain it. */
  summary(line: Quotable, status: number, n: number, latencyMs: number, periodMs: number): void {
    // A log with every empty poll has counted these already.
    if (!(n > 0) || this.statuses.has(204)) return
    this.summaries.set(status, (this.summaries.get(status) ?? 0) + n)
    this.beat(line.time)
    if (!isGood(status)) return
    this.series.add(line.time, true, status, latencyMs, n)
    if (status === 204 && periodMs > 0) this.rate.counted(line.time - periodMs, line.time, n)
    if (!(this.lastOk >= line.time)) this.lastOk = line.time
    this.firstOk ??= quote(line)
    if (this.#open > 0) this.#recover(line)
  }

  /** Individual exchanges and summaries combined; each exchange counts once. */
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
    // A rejection is fast, which does not make the other side fast; an answer that fails late is as slow as one that succeeds late.
    const counts = good || (status >= 0 && latencyMs > this.#slowMs)
    if (latencyMs >= 0 && counts) this.latency.add(latencyMs)
    this.series.add(time, good, status, counts ? latencyMs : Number.NaN)
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
