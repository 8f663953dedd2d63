import type { Cause } from '../vocabulary/cause.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Gap } from '../facts/heartbeat.ts'
import { endsByAnySuccess } from '../facts/link-stats.ts'
import type { LinkStats } from '../facts/link-stats.ts'
import { LatencyHistogram } from '../facts/latency-histogram.ts'
import type { Period, ProblemHistory, Waits } from '../facts/problem-history.ts'
import { Series } from '../facts/series.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'

/** Statistics of a link from one source, and the shift that converts its clock to UTC, milliseconds. */
export interface SideSource {
  readonly stats: LinkStats
  readonly shift: number
  /** ID of the source. */
  readonly source: number
}

/** One problem on the common time line, from all sources of one side. */
export interface PlacedProblem {
  readonly cause: Cause
  count: number
  first: number
  last: number
  periods: Period[]
  /** Number of periods, including those that are no longer kept. */
  periodCount: number
  evidence: RawEvidence[]
  /** First success after the last failure; NaN while the problem is ongoing. */
  recoveredAt: number
  recovery: RawEvidence | undefined
  readonly details: Map<string, number>
  /** How long its failures took, in the log of the side nearest to the client. */
  waits: Waits | undefined
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

/** A copy that can be added to. */
export function copyOf(problem: PlacedProblem): PlacedProblem {
  const periods = problem.periods.map((period) => ({ ...period }))
  return { ...problem, periods, details: new Map(problem.details) }
}

/** Sets the end of the problem; NaN means ongoing. */
export function endAt(problem: PlacedProblem, time: number): void {
  problem.recoveredAt = time
  const latest = problem.periods.at(-1)
  if (latest !== undefined) latest.recoveredAt = time
}

/** A problem, converted to the common time line. */
export function placeProblem(cause: Cause, problem: ProblemHistory, shift: number): PlacedProblem {
  const periods = problem.periods.map((period) => ({
    from: period.from + shift,
    to: period.to + shift,
    count: period.count,
    recoveredAt: period.recoveredAt + shift,
  }))
  return {
    cause,
    count: problem.count,
    first: problem.first + shift,
    last: problem.last + shift,
    periods,
    periodCount: problem.periodCount,
    evidence: problem.evidence.lines().map((line) => shifted(line, shift)),
    recoveredAt: periods.at(-1)?.recoveredAt ?? Number.NaN,
    recovery: problem.recovery === undefined ? undefined : shifted(problem.recovery, shift),
    details: new Map(problem.details),
    waits: problem.waits,
  }
}

/** A problem, or some of its periods. */
export type ProblemSummary = Pick<
  PlacedProblem,
  'count' | 'first' | 'last' | 'periods' | 'periodCount' | 'recoveredAt' | 'evidence'
>

/** The problem reduced to these periods. There must be at least one. */
export function onlyPeriods(
  { evidence }: Pick<ProblemSummary, 'evidence'>,
  periods: Period[],
): ProblemSummary {
  const own = evidence.filter(({ time }) =>
    periods.some(({ from, to, recoveredAt }) => {
      return time >= from - SECOND && time <= (recoveredAt || to) + SECOND
    }),
  )
  return {
    periods,
    periodCount: periods.length,
    count: periods.reduce((sum, { count }) => sum + count, 0),
    first: Math.min(...periods.map(({ from }) => from)),
    last: Math.max(...periods.map(({ to }) => to)),
    recoveredAt: periods.at(-1)?.recoveredAt ?? Number.NaN,
    evidence: own.length > 0 ? own : evidence,
  }
}

/** Adds another source's failures of the same kind. The problem has ended when it has ended in both. */
export function addProblem(into: PlacedProblem, other: PlacedProblem): void {
  into.count += other.count
  const [a, b] = [into.waits, other.waits]
  into.waits =
    a === undefined || b === undefined
      ? (a ?? b)
      : {
          shortest: Math.min(a.shortest, b.shortest),
          longest: Math.max(a.longest, b.longest),
        }
  combine(into, other)
  into.periods = mergePeriods([...into.periods, ...other.periods])
  into.periodCount = Math.max(into.periodCount, other.periodCount, into.periods.length)
  endAt(into, into.recoveredAt)
}

/** Two sides log the same poll at slightly different times. */
const CLOCK_TOLERANCE_MS = 2 * SECOND

/**
 * Adds another side's record of the same problem. Both sides saw the same polls, so each period counts the higher number of the two.
 * The caller decides whether the problem has ended.
 */
export function addSide(into: PlacedProblem, other: PlacedProblem): void {
  const periods = mergePeriods([...into.periods, ...other.periods], CLOCK_TOLERANCE_MS)
  const counted = (side: PlacedProblem, { from, to }: Period): number =>
    side.periods.reduce((sum, one) => sum + (one.from >= from && one.from <= to ? one.count : 0), 0)
  for (const period of periods)
    period.count = Math.max(counted(into, period), counted(other, period))
  combine(into, other)
  into.waits = other.waits ?? into.waits
  into.periods = periods
  into.periodCount = Math.max(into.periodCount, other.periodCount)
  into.count = periods.reduce((sum, { count }) => sum + count, 0)
}

function combine(into: PlacedProblem, other: PlacedProblem): void {
  into.first = smallest([into.first, other.first])
  into.last = largest([into.last, other.last])
  // Math.max gives NaN (ongoing) if either is NaN.
  into.recoveredAt = Math.max(into.recoveredAt, other.recoveredAt)
  into.evidence = [...into.evidence, ...other.evidence]
  into.recovery ??= other.recovery
  for (const [detail, n] of other.details)
    into.details.set(detail, (into.details.get(detail) ?? 0) + n)
}

/** Merges periods that overlap or are at most `tolerance` ms apart. */
export function mergePeriods(periods: readonly Period[], tolerance = 0): Period[] {
  const merged: Period[] = []
  for (const period of periods.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const last = merged.at(-1)
    if (last !== undefined && period.from <= Math.max(last.to, last.recoveredAt || 0) + tolerance) {
      last.to = Math.max(last.to, period.to)
      last.count += period.count
      const recoveredAt = largest([last.recoveredAt, period.recoveredAt])
      // A success before the last failure did not end the problem.
      last.recoveredAt = recoveredAt >= last.to ? recoveredAt : Number.NaN
    } else merged.push({ ...period })
  }
  return merged
}

export function shifted(line: RawEvidence, shift: number): RawEvidence {
  return shift === 0 ? line : { ...line, time: line.time + shift }
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

/** Ignores NaN; returns NaN if there is no other value. */
export function largest(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.length === 0 ? Number.NaN : Math.max(...known)
}

export function smallest(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.length === 0 ? Number.NaN : Math.min(...known)
}
