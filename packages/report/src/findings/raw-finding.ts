import type { Cause } from '../document/cause.ts'
import type { Confidence, Finding, Party, Severity } from '../document/report-document.ts'
import type { NetworkLink, NetworkComponent } from '../exchange/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Period } from '../facts/problem-history.ts'
import type { PlacedProblem, ProblemSummary } from '../timeline/side-view.ts'
import { formatTime, formatCount, formatDuration } from './figures.ts'

/** A finding before it gets its number and its texts are masked. Times are UTC milliseconds, NaN where unknown. */
export interface RawFinding {
  cause: Cause
  severity: Severity
  status: Finding['status']
  /** What it is about, as the title names it. */
  subject: string
  link: NetworkLink | undefined
  component: NetworkComponent | undefined
  first: number
  last: number
  recoveredAt: number
  count: number
  periods: Period[]
  evidence: RawEvidence[]
  confidence: Confidence
  /** Party and name, where the case differs from the catalogue. */
  party?: Party
  partyName: string | null
  why: string
  /** Says `why` anew, for when part of it turns out to be a consequence of something else. */
  buildWhy?: (rest: ProblemSummary) => string
  /** Replaces the catalogue's sentence. */
  action?: string
  next?: readonly string[]
  affects: Set<string>
  /** Causes of findings that were a consequence of this one and do not stand on their own. */
  absorbed: Set<Cause>
}

/** A draft with everything that can be left at its usual value. */
export function rawFinding(
  fields: Pick<RawFinding, 'cause' | 'severity' | 'status' | 'subject' | 'why'> &
    Partial<RawFinding>,
): RawFinding {
  return {
    link: undefined,
    component: fields.link?.from,
    first: Number.NaN,
    last: Number.NaN,
    recoveredAt: Number.NaN,
    count: 1,
    periods: [],
    evidence: [],
    confidence: 'certain',
    partyName: null,
    affects: new Set(),
    absorbed: new Set(),
    ...fields,
  }
}

/** What a problem account says, as the fields of a draft: still there is an error, over is a warning. */
export function fromProblem(
  problem: PlacedProblem,
): Pick<
  RawFinding,
  | 'cause'
  | 'severity'
  | 'status'
  | 'first'
  | 'last'
  | 'recoveredAt'
  | 'count'
  | 'periods'
  | 'evidence'
> {
  const over = !Number.isNaN(problem.recoveredAt)
  return {
    cause: problem.cause,
    severity: over ? 'warning' : 'error',
    status: over ? 'recovered' : 'ongoing',
    first: problem.first,
    last: problem.last,
    recoveredAt: problem.recoveredAt,
    count: problem.count,
    periods: problem.periods,
    evidence:
      problem.recovery === undefined ? problem.evidence : [...problem.evidence, problem.recovery],
  }
}

/** How much of the time of `a` lies within that of `b`, each widened by `margin`; 0 to 1. */
export function overlapShare(a: readonly Period[], b: readonly Period[], margin: number): number {
  let total = 0
  let shared = 0
  for (const one of a) {
    const from = one.from - margin
    const to = endOf(one) + margin
    total += to - from
    for (const other of b) {
      shared += Math.max(
        0,
        Math.min(to, endOf(other) + margin) - Math.max(from, other.from - margin),
      )
    }
  }
  return total === 0 ? 0 : Math.min(1, shared / total)
}

/** When a stretch was over: at the first success, else at the last sign of it. */
export function endOf(period: Period): number {
  return Number.isNaN(period.recoveredAt) ? period.to : period.recoveredAt
}

/** Since when it works again, and how long it did not. */
export function againWords({
  first,
  periods,
  periodCount,
  recoveredAt,
}: Pick<PlacedProblem, 'first' | 'periods' | 'periodCount' | 'recoveredAt'>): string {
  const since = `works again since ${formatTime(recoveredAt)}`
  if (periodCount <= 1) return `${since}, ${formatDuration(recoveredAt - first)} after it began`
  const total = periods.reduce((sum, period) => sum + endOf(period) - period.from, 0)
  const all = periods.length === periodCount ? `, ${formatDuration(total)} in all` : ''
  return `${since}; it was so ${formatCount(periodCount, 'time')}${all}`
}
