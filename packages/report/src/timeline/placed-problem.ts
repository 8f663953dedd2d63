import type { Cause } from '../vocabulary/cause.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Period, ProblemHistory, Waits } from '../facts/problem-history.ts'
import { SECOND } from '../read/timestamps.ts'
import { largest, smallest } from './extremes.ts'

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
