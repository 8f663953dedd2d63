import type { ReportDocument } from '../document/report-document.ts'
import { formatDuration } from '../vocabulary/figures.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const TICK_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 3, 4, 7, 14].map((days) => days * DAY_MS),
]
// This many labels fit next to each other on a phone.
const MAX_TICKS = 6
/** Dates are short, and a week has seven of them. */
const MAX_DATES = 7

/** Formats the instants of one document, without the date if the time range is within one day or the date is unknown. */
export class TimeFormat {
  readonly #withDate: boolean

  constructor({ timeRange }: Pick<ReportDocument, 'timeRange'>) {
    const { from, to, dateKnown } = timeRange
    this.#withDate = dateKnown && from !== null && to !== null && day(from) !== day(to)
  }

  /** `06:42:07`, or `26 Sep 06:42:07` in a time range of several days; `–` for none. */
  at(instant: string | null): string {
    if (instant === null) return '–'
    const time = instant.slice(11, 19)
    return this.#withDate ? `${shortDay(instant)} ${time}` : time
  }

  /** `from 06:42:07 to 06:59:52`, or `at 06:42:07`. */
  span(from: string, to: string): string {
    const [start, end] = [this.at(from), this.at(to)]
    return start === end ? `at ${start}` : `from ${start} to ${end}`
  }

  /** Round times for the axis of a chart, at `share` of its width from the left. Midnight is labelled with its date. */
  ticks(
    from: number,
    durationMs: number,
    max = MAX_TICKS,
  ): { readonly share: number; readonly text: string }[] {
    const room = (ms: number): number => (ms >= DAY_MS ? MAX_DATES : max)
    const step = TICK_STEPS.find((ms) => durationMs / ms <= room(ms)) ?? 28 * DAY_MS
    const first = Math.ceil(from / step) * step
    return Array.from({ length: room(step) + 1 }, (_, index) => first + index * step)
      .map((time) => ({ share: (time - from) / durationMs, text: this.#tick(time, step) }))
      .filter(({ share }) => share >= 0 && share <= 0.97)
  }

  #tick(time: number, step: number): string {
    const instant = new Date(time).toISOString()
    if (this.#withDate && time % DAY_MS === 0) return shortDay(instant)
    return instant.slice(11, step < MINUTE_MS ? 19 : 16)
  }
}

/** `26 Sep 2025, from 06:30:00 to 07:00:00 UTC (30 min)`. */
export function formatTimeRange({ timeRange }: Pick<ReportDocument, 'timeRange'>): string {
  const { from, to, durationMs, zone, dateKnown } = timeRange
  if (from === null || to === null) return 'unknown (no event has a known time)'
  const isInstant = durationMs < 1000
  const length = isInstant ? '' : ` (${formatDuration(durationMs)})`
  const start = from.slice(11, 19)
  const end = to.slice(11, 19)
  const span = isInstant ? `at ${start}` : `from ${start} to ${end}`
  if (!dateKnown) return `${span}, date and time zone unknown${length}`
  if (day(from) === day(to) || isInstant) return `${longDay(from)}, ${span} ${zone}${length}`
  return `from ${longDay(from)}, ${start} to ${longDay(to)}, ${end} ${zone}${length}`
}

function day(instant: string): string {
  return instant.slice(0, 10)
}

function shortDay(instant: string): string {
  return `${Number(instant.slice(8, 10))} ${MONTHS[Number(instant.slice(5, 7)) - 1] ?? ''}`
}

function longDay(instant: string): string {
  return `${shortDay(instant)} ${instant.slice(0, 4)}`
}

/** `+47 ms`; `−215 ms` if clock skew puts a step before the first one. */
export function formatSinceStart(ms: number): string {
  return ms < 0 ? `−${formatDuration(-ms)}` : `+${formatDuration(ms)}`
}
