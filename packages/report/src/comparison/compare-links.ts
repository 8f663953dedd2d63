import type { ComparedFigures, ComparedLink } from '../document/comparison-schema.ts'
import type { ComparedReport, ReportLink } from './compared-report.ts'
import type { Counterparts } from './counterparts.ts'

const INTERVAL_RATIO = 1.5
const LATENCY_RATIO = 2
const MIN_LATENCY_CHANGE_MS = 50
const MIN_RATE_CHANGE = 0.01

/** Links that both reports cover, per log that both have, those that changed first. */
export function compareLinks(before: ComparedReport, counterparts: Counterparts): ComparedLink[] {
  return before.links
    .flatMap((link) => {
      const later = counterparts.link(link.id)
      return later === undefined ? [] : compareLink(link, later)
    })
    .toSorted((a, b) => b.changed.length - a.changed.length)
}

function compareLink(before: ReportLink, after: ReportLink): ComparedLink[] {
  return before.views.flatMap((view) => {
    const later = after.views.find(({ side }) => side === view.side)
    if (later === undefined || view.exchanges + later.exchanges === 0) return []
    const [old, now] = [figuresOf(view), figuresOf(later)]
    return [
      {
        link: after.id,
        name: after.name,
        side: view.side,
        before: old,
        after: now,
        changed: changesOf(old, now),
      },
    ]
  })
}

function figuresOf(view: ReportLink['views'][number]): ComparedFigures {
  const { exchanges, successRate, pollIntervalMs, latency } = view
  return {
    exchanges,
    successRate,
    pollIntervalMs,
    p50Ms: latency?.p50Ms ?? null,
    p95Ms: latency?.p95Ms ?? null,
  }
}

function changesOf(before: ComparedFigures, after: ComparedFigures): ComparedLink['changed'] {
  const changed: ComparedLink['changed'] = []
  if (ratio(before.pollIntervalMs, after.pollIntervalMs) >= INTERVAL_RATIO)
    changed.push('polling-interval')
  const slower = Math.abs((before.p95Ms ?? 0) - (after.p95Ms ?? 0)) >= MIN_LATENCY_CHANGE_MS
  if (slower && ratio(before.p95Ms, after.p95Ms) >= LATENCY_RATIO) changed.push('latency')
  const rates = [before.successRate, after.successRate] as const
  if (rates[0] !== null && rates[1] !== null && Math.abs(rates[0] - rates[1]) >= MIN_RATE_CHANGE)
    changed.push('success-rate')
  return changed
}

/** How many times larger the larger value is; 1 if one is unknown. */
function ratio(a: number | null, b: number | null): number {
  if (a === null || b === null) return 1
  const [small, large] = a < b ? [a, b] : [b, a]
  return large / Math.max(1, small)
}
