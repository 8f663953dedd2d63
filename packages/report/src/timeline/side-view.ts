import { largest, smallest } from './extremes.ts'
import { addProblem, endAt, placeProblem, shifted } from './placed-problem.ts'
import type { PlacedProblem } from './placed-problem.ts'
import type { Cause } from '../vocabulary/cause.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Gap } from '../facts/heartbeat.ts'
import { endsByAnySuccess } from '../facts/link-stats.ts'
import type { LinkStats } from '../facts/link-stats.ts'
import { LatencyHistogram } from '../facts/latency-histogram.ts'
import { Series } from '../facts/series.ts'
import { MINUTE } from '../read/timestamps.ts'

/** Statistics of a link from one source, and the shift that converts its clock to UTC, milliseconds. */
export interface SideSource {
  readonly stats: LinkStats
  readonly shift: number
  /** ID of the source. */
  readonly source: number
}

/** One side's view of a link on the common time line, from all its sources (replicas of a relay, rotated files). */
export interface SideView {
  readonly exchanges: number
  readonly ok: number
  readonly failed: number
  readonly unanswered: number
  readonly summarised: boolean
  readonly statuses: ReadonlyMap<number, number>
  readonly latency: LatencyHistogram
  readonly first: number
  readonly last: number
  readonly lastOk: number
  readonly tasks: number
  readonly answers: number
  readonly lateAnswers: number
  /** Polls that were held until there was work. */
  readonly held: number
  /** Median interval between two events, ms; NaN if unknown. */
  readonly medianInterval: number
  /** Typical time from one empty poll to the next, ms; NaN if unknown. */
  readonly pollInterval: number
  /** 75th percentile of the interval between two events, ms; NaN if unknown. */
  readonly p75Interval: number
  /** 95th percentile of the interval between two events, ms; NaN if unknown. */
  readonly p95Interval: number
  /** Times without an event in any source; oldest first. */
  readonly gaps: readonly Gap[]
  /** The last event was that it received a task. */
  readonly busy: boolean
  readonly problems: ReadonlyMap<Cause, PlacedProblem>
  readonly firstOk: RawEvidence | undefined
  readonly sources: readonly SideSource[]
}

/**
 * How the sources of one side relate. Replicas of a server share its requests, so a success in one log ends a problem in another.
 * Pods have their own connections, as those of a client or of a relay to its database: only a pod that started later can end a problem
 * of an earlier one.
 */
export type Instances = 'replicas' | 'pods'

/** Combines the statistics of several sources; undefined if all are empty. */
export function buildSideView(
  sources: readonly SideSource[],
  instances: Instances = 'replicas',
): SideView | undefined {
  const used = sources.filter(({ stats }) => !Number.isNaN(stats.first) || stats.problems.size > 0)
  if (used.length === 0) return undefined
  const latency = new LatencyHistogram()
  const intervals = new LatencyHistogram()
  const statuses = new Map<number, number>()
  const sums = {
    exchanges: 0,
    ok: 0,
    failed: 0,
    unanswered: 0,
    tasks: 0,
    answers: 0,
    lateAnswers: 0,
    held: 0,
  }
  for (const { stats } of used) {
    const totals = stats.totals()
    latency.merge(stats.latency)
    intervals.merge(stats.heartbeat.intervals)
    for (const [status, n] of totals.statuses) statuses.set(status, (statuses.get(status) ?? 0) + n)
    sums.exchanges += totals.exchanges
    sums.ok += totals.ok
    sums.failed += totals.failed
    sums.unanswered += stats.unanswered
    sums.tasks += stats.tasks
    sums.answers += stats.answers
    sums.lateAnswers += stats.lateAnswers
    sums.held += stats.held
  }
  const lastOk = largest(used.map(({ stats, shift }) => stats.lastOk + shift))
  const newest = used.reduce((a, b) => (b.stats.last + b.shift > a.stats.last + a.shift ? b : a))
  const replicas = replicasOf(used)
  const within = (share: number): number =>
    intervals.count < 2 ? Number.NaN : intervals.quantile(share)
  return {
    ...sums,
    summarised: used.some(({ stats }) => stats.summaries.size > 0),
    statuses,
    latency,
    first: smallest(used.map(({ stats, shift }) => stats.first + shift)),
    last: largest(used.map(({ stats, shift }) => stats.last + shift)),
    lastOk,
    medianInterval: within(0.5) / replicas,
    pollInterval: pollIntervalOf(used, sums.exchanges, replicas),
    p75Interval: within(0.75) / replicas,
    p95Interval: within(0.95),
    gaps: commonGaps(used),
    busy: newest.stats.heartbeat.busy,
    problems: placeProblems(used, instances),
    firstOk: firstOkOf(used),
    sources: used,
  }
}

/** Median time between empty polls, or the average if the log contains only summaries. */
function pollIntervalOf(
  sources: readonly SideSource[],
  exchanges: number,
  replicas: number,
): number {
  const pollIntervals = new LatencyHistogram()
  for (const { stats } of sources) pollIntervals.merge(stats.pollIntervals)
  if (pollIntervals.count >= 2) return pollIntervals.quantile(0.5) / replicas
  if (sources.every(({ stats }) => stats.summaries.size === 0)) return Number.NaN
  const first = smallest(sources.map(({ stats, shift }) => stats.first + shift))
  const last = largest(sources.map(({ stats, shift }) => stats.last + shift))
  // The first summary covers the minute before it. An average over less than a minute is meaningless.
  return exchanges > 0 && last - first >= MINUTE ? (last - first + MINUTE) / exchanges : Number.NaN
}

/**
 * Highest number of sources that cover the same time. Replicas share the polls of a client, so each sees only its share of them.
 * Pods that replaced one another do not.
 */
function replicasOf(sources: readonly SideSource[]): number {
  const spans = [...Map.groupBy(sources, ({ source }) => source).values()].map((own) => ({
    from: smallest(own.map(({ stats, shift }) => stats.first + shift)),
    to: largest(own.map(({ stats, shift }) => stats.last + shift)),
  }))
  const together = spans.map(({ from }) =>
    spans.filter((span) => span.from <= from && from < span.to),
  )
  return Math.max(1, ...together.map(({ length }) => length))
}

/** The buckets of all sources, as one series on the common time line over [from, to]. */
export function mergeSeries(view: SideView, from: number, to: number, bucketMs: number): Series {
  const series = new Series()
  series.cover(from, to, bucketMs)
  for (const source of view.sources) source.stats.series.replayInto(series, source.shift)
  return series
}

/** Exchanges within [from, to]. Buckets that reach beyond the range are excluded. */
export function exchangesWithin(
  view: SideView,
  from: number,
  to: number,
  which: 'good' | 'all',
): number {
  const sum = view.sources.reduce(
    (n, source) => n + sourceExchangesWithin(source, from, to, which),
    0,
  )
  // In long logs a bucket can be longer than the range, but the longest gap is known exactly.
  return which === 'all' ? Math.max(sum, minimumEvents(view, from, to)) : sum
}

/** The same for a single source. */
export function sourceExchangesWithin(
  { stats: { series, summaries }, shift }: SideSource,
  from: number,
  to: number,
  which: 'good' | 'all',
): number {
  // A summary covers the minute before it.
  if (summaries.size > 0) from += MINUTE
  let sum = 0
  for (let slot = 0; slot < series.length; slot++) {
    const start = series.from + slot * series.bucketMs + shift
    if (start < from || start + series.bucketMs > to) continue
    sum += series.ok[slot] ?? 0
    if (which === 'all') sum += series.failed[slot] ?? 0
  }
  return sum
}

/** Minimum number of events within [from, to], derived from the longest gap in that range. */
function minimumEvents(view: SideView, from: number, to: number): number {
  const start = Math.max(from, view.first)
  const end = Math.min(to, view.last)
  if (!(end > start) || view.summarised) return 0
  const kept = view.gaps.map((gap) => Math.min(gap.to, end) - Math.max(gap.from, start))
  const discarded = view.sources.map(({ stats }) => stats.heartbeat.longestDiscarded)
  const silence = Math.max(...kept, ...discarded)
  return silence > 0 ? Math.max(0, Math.floor((end - start) / silence) - 1) : 0
}

/** The first success after `time`, at the resolution of the series; NaN if there is none. */
export function okAfter(sources: readonly SideSource[], time: number): number {
  return smallest(
    sources.map(({ stats: { series, lastOk }, shift }) => {
      if (!(lastOk + shift > time)) return Number.NaN
      for (let slot = 0; slot < series.length; slot++) {
        const start = series.from + slot * series.bucketMs + shift
        if (start > time && (series.ok[slot] ?? 0) > 0) return Math.min(start, lastOk + shift)
      }
      return lastOk + shift
    }),
  )
}

function placeProblems(
  sources: readonly SideSource[],
  instances: Instances,
): Map<Cause, PlacedProblem> {
  const placed = new Map<Cause, PlacedProblem>()
  for (const source of sources) {
    for (const [cause, history] of source.stats.problems) {
      const problem = placeProblem(cause, history, source.shift)
      if (Number.isNaN(problem.recoveredAt) && cause !== 'slow') {
        const others = sources.filter(
          (other) => other !== source && canRecover(other, problem, instances),
        )
        endAt(problem, smallest(others.map((other) => successAfter(other, problem))))
      }
      const known = placed.get(cause)
      if (known === undefined) placed.set(cause, problem)
      else addProblem(known, problem)
    }
  }
  return placed
}

/** A success in this source ends a problem that another source logged. */
function canRecover(
  { stats, shift }: SideSource,
  { last }: PlacedProblem,
  instances: Instances,
): boolean {
  return instances === 'replicas' || stats.first + shift > last
}

/** The first success after the problem; NaN if there is none. */
function successAfter(source: SideSource, { cause, last }: PlacedProblem): number {
  if (endsByAnySuccess(cause)) return okAfter([source], last)
  const answered = source.stats.lastAnswer + source.shift
  return answered > last ? answered : Number.NaN
}

/** Times in which no source of this side has an event. */
function commonGaps(sources: readonly SideSource[]): Gap[] {
  const [first, ...others] = sources
  if (first === undefined) return []
  let gaps = gapsOf(first)
  for (const source of others) {
    const { stats, shift } = source
    const theirs = gapsOf(source)
    const own = [
      { from: Number.NEGATIVE_INFINITY, to: stats.first + shift, busy: false },
      ...theirs,
      { from: stats.last + shift, to: Number.POSITIVE_INFINITY, busy: false },
    ]
    gaps = gaps.flatMap((gap) =>
      own.flatMap((other) => {
        const from = Math.max(gap.from, other.from)
        const to = Math.min(gap.to, other.to)
        return to > from ? [{ from, to, busy: gap.busy || other.busy }] : []
      }),
    )
  }
  return gaps.toSorted((a, b) => a.from - b.from)
}

function gapsOf({ stats, shift }: SideSource): Gap[] {
  return stats.heartbeat
    .gapsLongerThan(0)
    .map(({ from, to, busy }) => ({ from: from + shift, to: to + shift, busy }))
}

function firstOkOf(sources: readonly SideSource[]): RawEvidence | undefined {
  const lines = sources.flatMap(({ stats, shift }) =>
    stats.firstOk === undefined ? [] : [shifted(stats.firstOk, shift)],
  )
  return lines.toSorted((a, b) => a.time - b.time)[0]
}
