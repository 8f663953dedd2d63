import type { SideView } from '../timeline/side-view.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'

/** Fewer signs of life than this show no rhythm. */
export const MIN_SIGNS = 5

/** A relay gives a client so long to answer an availability task (today's relay: 4 minutes), and a minute for the way. */
export const TASK_TIME_MS = 5 * MINUTE

/** The upstream hides a collection that has not been polled for this long. */
export const SUSPENSION_MS = 30 * MINUTE

/** Clocks further apart than this confuse people who compare logs, and deadlines. */
export const SKEW_WARNING_MS = 5 * SECOND

/** Down so often is flapping. */
export const MIN_FLAPS = 4

/** Empty polls are told of once a minute at most; where tasks come thick and fast the rhythm does not show that. */
const SUMMARY_GAP_MS = 2.5 * MINUTE

/** A client waits so long at most after an error, beside its interval. */
const MAX_BACK_OFF_MS = 75 * SECOND

/**
 * How long nothing may be heard of a link before that is a gap: well beyond its own rhythm. NaN where it has none.
 * What its longest times add is for clients that wait longer after an error, and for those that come when it pleases them. It has a
 * bound, since what is looked for is among these times.
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

/** So many answers are held back until there is work (long polling) that the 95th percentile says nothing about speed. */
export function holdsPolls({ held, ok }: SideView): boolean {
  return held >= MIN_SIGNS && held > ok * 0.05
}
