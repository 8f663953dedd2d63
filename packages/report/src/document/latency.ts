import { roundLatency } from '../vocabulary/figures.ts'
import type { SideView } from '../timeline/side-view.ts'
import type { Latency } from './report-document.ts'

/** Percentiles of a view; null if no line contains a duration. */
export function latencyOf({ latency, sources }: SideView): Latency | null {
  if (latency.count === 0) return null
  const coarse = sources.every(({ stats }) => stats.series.wholeSeconds)
  const quantile = (q: number): number =>
    coarse ? Math.round(latency.quantile(q) / 1000) * 1000 : roundLatency(latency.quantile(q))
  return {
    count: latency.count,
    p50Ms: quantile(0.5),
    p90Ms: quantile(0.9),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
    maxMs: roundLatency(latency.max),
    resolutionMs: coarse ? 1000 : 1,
  }
}
