import { MINUTE } from '../read/timestamps.ts'
import type { ComparedReport, ReportLink } from './compared-report.ts'
import { successesIn } from './need.ts'
import type { Need } from './need.ts'

/** A log that ends or pauses for a larger share of the time proves nothing about that time. */
const MAX_UNCOVERED = 0.1
/** Polls from one log line to the next, after which a link counts as quiet. */
const QUIET_POLLS = 5

type View = ReportLink['views'][number]

/** Successes of one link without the failure. Times are milliseconds. */
export interface CleanTime {
  readonly side: string
  readonly successes: number
  readonly from: number
  readonly to: number
}

/** Why a link proves nothing. `log`: the side whose log would. */
export interface Gap {
  readonly kind: 'no-success' | 'side' | 'quiet' | 'gaps'
  readonly side: string
  /** When the log or the successes end; NaN if there are none. */
  readonly at: number
}

export interface CleanTimeQuery {
  /** The sides whose logs showed the failure; empty if unknown. */
  readonly witnesses: ReadonlySet<string>
  readonly need: Need
  /** The failure did not occur from here on. */
  readonly from: number
  readonly report: ComparedReport
}

/** The successes since `from` according to a log that would show the failure, or why there is no proof. */
export function cleanTimeOf(
  link: ReportLink,
  { witnesses, need, from, report }: CleanTimeQuery,
): CleanTime | Gap {
  const [witness = link.views[0]?.side ?? 'client'] = witnesses
  const working = link.views.filter((view) => view.succeeded > 0 && view.lastSuccess !== null)
  if (working.length === 0) return { kind: 'no-success', side: witness, at: Number.NaN }
  const showing = working.filter(({ side }) => witnesses.size === 0 || witnesses.has(side))
  const accepted = showing.length > 0 ? showing : need.blocking ? working : []
  const spans = accepted
    .map((view) => spanOf(link, view, from))
    .toSorted((a, b) => b.successes - a.successes)
  const [best] = spans
  if (best === undefined) return { kind: 'side', side: witness, at: Number.NaN }
  const end = Date.parse(report.timeRange.to ?? '')
  const view = accepted.find(({ side }) => side === best.side)
  if (end - best.to > quietAfter(view, report))
    return { kind: 'quiet', side: best.side, at: best.to }
  const pauses = link.gaps
    .filter((gap) => gap.side === best.side && Date.parse(gap.to) > best.from)
    .reduce((sum, gap) => sum + Date.parse(gap.to) - Math.max(best.from, Date.parse(gap.from)), 0)
  const allowed = showing.length > 0 ? MAX_UNCOVERED * (best.to - best.from) : 0
  if (pauses > allowed) return { kind: 'gaps', side: best.side, at: Number.NaN }
  return best
}

function spanOf(link: ReportLink, view: View, from: number): CleanTime {
  const first = Date.parse(view.first ?? '')
  const to = Date.parse(view.lastSuccess ?? '')
  const whole = !(from > first)
  // The buckets combine the logs of both sides, so they may count more than this side saw.
  const successes = whole
    ? view.succeeded
    : Math.min(view.succeeded, successesIn(link, from, Number.POSITIVE_INFINITY))
  return { side: view.side, successes, from: whole ? first : from, to: Math.max(to, from) }
}

/** How long before the end of the logs the last success may lie. */
function quietAfter(view: View | undefined, { timeRange }: ComparedReport): number {
  return Math.max(
    2 * MINUTE,
    QUIET_POLLS * (view?.pollIntervalMs ?? 0),
    MAX_UNCOVERED * timeRange.durationMs,
  )
}

export function isGap(found: CleanTime | Gap): found is Gap {
  return 'kind' in found
}
