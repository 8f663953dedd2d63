import type { SideView } from '../timeline/side-view.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'

/** With fewer signs of life than this, a link has no usual interval. */
export const MIN_SIGNS = 5

/** How long a client may take for an availability task (4 minutes at a .NET relay), plus a minute for the network. */
export const TASK_TIME_MS = 5 * MINUTE

/** The upstream suspends a collection that has not been polled for this long. */
export const SUSPENSION_MS = 30 * MINUTE

/** Clocks further apart than this mislead people who compare logs, and shift deadlines. */
export const SKEW_WARNING_MS = 5 * SECOND

/** A link that failed and recovered this often is unstable. */
export const MIN_FLAPS = 4

/** Empty polls are summarised once a minute at most. If tasks come quickly, the median interval does not show that. */
const SUMMARY_GAP_MS = 2.5 * MINUTE

/** A client waits at most this long after an error, in addition to its interval. */
const MAX_BACK_OFF_MS = 75 * SECOND

/**
 * How long a link may be silent before that is a gap: well beyond its usual interval; NaN if it has none.
 * Its longest intervals raise the limit for clients that wait longer after an error or poll irregularly. That share is bounded,
 * because the gaps themselves are among the longest intervals.
 */
export function gapLimit(view: SideView): number {
  const { medianInterval, p75Interval, p95Interval, exchanges, summarised } = view
  if (exchanges < MIN_SIGNS || Number.isNaN(medianInterval)) return Number.NaN
  const long = Math.min(
    2 * p95Interval,
    Math.max(5 * p75Interval, MAX_BACK_OFF_MS + medianInterval),
  )
  return Math.max(4 * medianInterval, long, summarised ? SUMMARY_GAP_MS : 30 * SECOND)
}

/** The relay holds so many polls until there is work (long polling) that the p95 of the latency does not measure speed. */
export function holdsPolls({ held, ok }: SideView): boolean {
  return held >= MIN_SIGNS && held > ok * 0.05
}
