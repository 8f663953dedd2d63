import type { Cause } from '../document/cause.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Gap } from '../facts/heartbeat.ts'
import { endsByAnySuccess } from '../facts/link-stats.ts'
import type { LinkStats } from '../facts/link-stats.ts'
import { LatencyHistogram } from '../facts/latency-histogram.ts'
import type { Period, ProblemHistory } from '../facts/problem-history.ts'
import { Series } from '../facts/series.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'

/** An account and how far its clock has to be moved to be UTC, milliseconds. */
export interface SideSource {
  readonly stats: LinkStats
  readonly shift: number
  /** Number of the source. */
  readonly source: number
}

/** One problem, all sources of one side together, on the common time line. */
export interface PlacedProblem {
  readonly cause: Cause
  count: number
  first: number
  last: number
  periods: Period[]
  /** How many stretches there were, also those no longer kept. */
  periodCount: number
  evidence: RawEvidence[]
  /** First success after the last sign of it; NaN while it goes on. */
  recoveredAt: number
  recovery: RawEvidence | undefined
  readonly details: Map<string, number>
}

/** One side's account of a link, all its sources together (replicas of a relay, rotated files), on the common time line. */
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
  /** Answers held back until there was work. */
  readonly held: number
  /** Median time between two signs of life, ms; NaN if unknown. */
  readonly medianInterval: number
  /** From one poll that found nothing to the next, as a rule, ms; NaN if nobody can say. */
  readonly pollInterval: number
  /** Time within which three in four next signs came, ms; NaN if unknown. */
  readonly p75Interval: number
  /** Time within which nearly every next sign came, ms; NaN if unknown. */
  readonly p95Interval: number
  /** Times nothing was heard, in any source; oldest first. */
  readonly gaps: readonly Gap[]
  /** The last thing heard was that it took a task. */
  readonly busy: boolean
  readonly problems: ReadonlyMap<Cause, PlacedProblem>
  readonly firstOk: RawEvidence | undefined
  readonly sources: readonly SideSource[]
}

/**
 * What several sources of one side are to each other. Replicas of a server share what comes to them, so that the success one saw
 * ends the trouble of another; pods of a client go through their own, and only one that came later speaks for the one before.
 */
export type Instances = 'replicas' | 'pods'

/** Adds up what several sources tell of one link; undefined if there is nothing at all. */
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

/** By the pauses between polls; on average, where only summaries count them. */
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
  // The first summary tells of the minute before it; of less than that an average says nothing.
  return exchanges > 0 && last - first >= MINUTE ? (last - first + MINUTE) / exchanges : Number.NaN
}

/**
 * Sources that told of the link at the same time, at most: replicas share the polls of a client and together hear it that much
 * more often than each alone. Pods that followed one another do not.
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

/** All buckets of the parts on the common time line, in one series over [from, to]. */
export function mergeSeries(view: SideView, from: number, to: number, bucketMs: number): Series {
  const series = new Series()
  series.cover(from, to, bucketMs)
  for (const source of view.sources) source.stats.series.replayInto(series, source.shift)
  return series
}

/** Exchanges that certainly lie within [from, to]; those in buckets that reach beyond are left out. */
export function exchangesWithin(
  view: SideView,
  from: number,
  to: number,
  which: 'good' | 'all',
): number {
  const sum = view.sources.reduce((n, source) => n + partWithin(source, from, to, which), 0)
  // Over days a bucket is longer than many a hole; how long the other side was silent at most is known exactly.
  return which === 'all' ? Math.max(sum, minimumBeats(view, from, to)) : sum
}

/** The same as one source alone tells it. */
export function partWithin(
  { stats: { series, summaries }, shift }: SideSource,
  from: number,
  to: number,
  which: 'good' | 'all',
): number {
  // What a summary counts lies in the minute before it.
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

/** So many signs of life there were at least within [from, to], by the longest silence in it. */
function minimumBeats(view: SideView, from: number, to: number): number {
  const start = Math.max(from, view.first)
  const end = Math.min(to, view.last)
  if (!(end > start) || view.summarised) return 0
  const kept = view.gaps.map((gap) => Math.min(gap.to, end) - Math.max(gap.from, start))
  const forgotten = view.sources.map(({ stats: part }) => part.heartbeat.longestDiscarded)
  const silence = Math.max(...kept, ...forgotten)
  return silence > 0 ? Math.max(0, Math.floor((end - start) / silence) - 1) : 0
}

/** When it first worked after `time`, as exactly as a series tells (to its bucket); NaN if it did not. */
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

/** A success this source saw ends the trouble another had. */
function canRecover(
  { stats, shift }: SideSource,
  { last }: PlacedProblem,
  instances: Instances,
): boolean {
  return instances === 'replicas' || stats.first + shift > last
}

/** The first success after the problem, if there was one. */
function successAfter(source: SideSource, { cause, last }: PlacedProblem): number {
  if (endsByAnySuccess(cause)) return okAfter([source], last)
  const answered = source.stats.lastAnswer + source.shift
  return answered > last ? answered : Number.NaN
}

/** The same, to be added to. */
export function copyOf(problem: PlacedProblem): PlacedProblem {
  const periods = problem.periods.map((period) => ({ ...period }))
  return { ...problem, periods, details: new Map(problem.details) }
}

/** It is known to have been over at `time`; NaN: it is not. */
export function endAt(problem: PlacedProblem, time: number): void {
  problem.recoveredAt = time
  const latest = problem.periods.at(-1)
  if (latest !== undefined) latest.recoveredAt = time
}

/** One problem moved onto the common time line. */
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
  }
}

/** What is told of a problem, stretch by stretch. */
export type ProblemSummary = Pick<
  PlacedProblem,
  'count' | 'first' | 'last' | 'periods' | 'periodCount' | 'recoveredAt' | 'evidence'
>

/** The same trouble as if there had never been more than these of its stretches, one at least. */
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

/** Adds what another source tells of other occasions of the same problem; it is over when it is over for both. */
export function addProblem(into: PlacedProblem, other: PlacedProblem): void {
  into.count += other.count
  combine(into, other)
  into.periods = mergePeriods([...into.periods, ...other.periods])
  into.periodCount = Math.max(into.periodCount, other.periodCount, into.periods.length)
  endAt(into, into.recoveredAt)
}

/** Polls that two sides tell of are seen by their clocks, which are not quite the same. */
const CLOCK_TOLERANCE_MS = 2 * SECOND

/**
 * Adds what another side tells of the same problem: it saw the same polls, so in each stretch the one that counted more is
 * believed. Whether it is over is for the caller to say.
 */
export function addSide(into: PlacedProblem, other: PlacedProblem): void {
  const periods = mergePeriods([...into.periods, ...other.periods], CLOCK_TOLERANCE_MS)
  const counted = (side: PlacedProblem, { from, to }: Period): number =>
    side.periods.reduce((sum, one) => sum + (one.from >= from && one.from <= to ? one.count : 0), 0)
  for (const period of periods)
    period.count = Math.max(counted(into, period), counted(other, period))
  combine(into, other)
  into.periods = periods
  into.periodCount = Math.max(into.periodCount, other.periodCount)
  into.count = periods.reduce((sum, { count }) => sum + count, 0)
}

function combine(into: PlacedProblem, other: PlacedProblem): void {
  into.first = smallest([into.first, other.first])
  into.last = largest([into.last, other.last])
  // NaN, not over, is the larger of the two.
  into.recoveredAt = Math.max(into.recoveredAt, other.recoveredAt)
  into.evidence = [...into.evidence, ...other.evidence]
  into.recovery ??= other.recovery
  for (const [detail, n] of other.details)
    into.details.set(detail, (into.details.get(detail) ?? 0) + n)
}

/** Stretches that overlap, or are at most `room` ms apart, are one. */
export function mergePeriods(periods: readonly Period[], tolerance = 0): Period[] {
  const merged: Period[] = []
  for (const period of periods.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const last = merged.at(-1)
    if (last !== undefined && period.from <= Math.max(last.to, last.recoveredAt || 0) + tolerance) {
      last.to = Math.max(last.to, period.to)
      last.count += period.count
      const recoveredAt = largest([last.recoveredAt, period.recoveredAt])
      // A success before the last sign of it did not end it.
      last.recoveredAt = recoveredAt >= last.to ? recoveredAt : Number.NaN
    } else merged.push({ ...period })
  }
  return merged
}

export function shifted(line: RawEvidence, shift: number): RawEvidence {
  return shift === 0 ? line : { ...line, time: line.time + shift }
}

/** Times in which no source of this side heard anything. */
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

/** Ignores what is not a number; NaN when nothing is. */
export function largest(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.length === 0 ? Number.NaN : Math.max(...known)
}

export function smallest(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value))
  return known.length === 0 ? Number.NaN : Math.min(...known)
}
