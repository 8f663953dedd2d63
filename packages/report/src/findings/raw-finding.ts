import type { FindingStatus } from '../vocabulary/judgement.ts'
import type { Cause } from '../vocabulary/cause.ts'
import type { Confidence, Party, Severity } from '../vocabulary/judgement.ts'
import type { NetworkLink, NetworkComponent } from '../network/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Period } from '../facts/problem-history.ts'
import type { PlacedProblem, ProblemSummary } from '../timeline/placed-problem.ts'
import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import { sentences } from '../vocabulary/figures.ts'

/** A finding before it is numbered and masked. Times are UTC milliseconds, NaN if unknown. */
export interface RawFinding {
  cause: Cause
  severity: Severity
  status: FindingStatus
  /** The program or link in question: the first part of the title. */
  subject: string
  /** Replaces the title of the sheet, which follows the subject. */
  title?: string
  link: NetworkLink | undefined
  component: NetworkComponent | undefined
  first: number
  last: number
  recoveredAt: number
  count: number
  periods: Period[]
  evidence: RawEvidence[]
  confidence: Confidence
  /** Who must act, if that differs from the sheet. */
  party?: Party
  partyName: string | null
  /** Sentences that name the logs they count. */
  why: string
  /** Builds `why` again, for when another finding explains a part of this one, or its end is judged differently. */
  buildWhy?: (rest: ProblemSummary, end?: string) => string
  /** Replaces the action of the sheet. */
  action?: string
  next?: readonly string[]
  affects: Set<string>
  /** Causes of findings that were a consequence of this one and are not listed. */
  absorbed: Set<Cause>
}

/** A finding with defaults for everything that is not given. */
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

export function titleOf({ subject, title, cause }: RawFinding): string {
  return `${subject}: ${title ?? CAUSE_SHEET[cause].title}`
}

/** Adds a sentence to the explanation, and to every one that is built later. */
export function addSentence(finding: RawFinding, text: string): void {
  const { buildWhy } = finding
  finding.why = sentences(finding.why, text)
  if (buildWhy !== undefined) finding.buildWhy = (rest, end) => sentences(buildWhy(rest, end), text)
}

/** The fields that follow from a problem: an ongoing one is an error, a recovered one a warning. */
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

/** The end of a period: the first success after it, or the last failure if there was no success. */
export function endOf(period: Period): number {
  return Number.isNaN(period.recoveredAt) ? period.to : period.recoveredAt
}
