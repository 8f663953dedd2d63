import type { ReportDocument } from '../document/report-document.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const TICK_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14].map((days) => days * DAY_MS),
]
// As many as fit side by side on a telephone.
const MOST_TICKS = 6

/** Formats the instants of one document: the date is left out where all stands on one day, or is not known. */
export class TimeFormat {
  readonly #withDate: boolean

  constructor({ timeRange }: Pick<ReportDocument, 'timeRange'>) {
    const { from, to, dateKnown } = timeRange
    this.#withDate = dateKnown && from !== null && to !== null && day(from) !== day(to)
  }

  /** `06:42:07`, or `26 Sep 06:42:07` in a window of several days; `–` for none. */
  at(instant: string | null): string {
    if (instant === null) return '–'
    const time = instant.slice(11, 19)
    return this.#withDate ? `${shortDay(instant)} ${time}` : time
  }

  /** Round times for the axis of a chart, `share` of its width from the left; midnight is told by its date. */
  ticks(
    from: number,
    durationMs: number,
    most = MOST_TICKS,
  ): { readonly share: number; readonly text: string }[] {
    const step = TICK_STEPS.find((ms) => durationMs / ms <= most) ?? 28 * DAY_MS
    const first = Math.ceil(from / step) * step
    return Array.from({ length: most + 1 }, (_, index) => first + index * step)
      .map((time) => ({ share: (time - from) / durationMs, text: this.#tick(time, step) }))
      .filter(({ share }) => share >= 0 && share <= 0.97)
  }

  #tick(time: number, step: number): string {
    const instant = new Date(time).toISOString()
    if (this.#withDate && time % DAY_MS === 0) return shortDay(instant)
    return instant.slice(11, step < MINUTE_MS ? 19 : 16)
  }
}

/** `26 September 2025, 06:30:00 to 07:00:00 UTC (30 min)`. */
export function formatTimeRange({ timeRange }: Pick<ReportDocument, 'timeRange'>): string {
  const { from, to, durationMs, zone, dateKnown } = timeRange
  if (from === null || to === null) return 'no window: nothing could be placed in time'
  const length = `(${durationText(durationMs)})`
  const start = from.slice(11, 19)
  const end = to.slice(11, 19)
  if (!dateKnown) return `${start} to ${end}, date and zone unknown ${length}`
  if (day(from) === day(to)) return `${longDay(from)}, ${start} to ${end} ${zone} ${length}`
  return `${longDay(from)}, ${start} to ${longDay(to)}, ${end} ${zone} ${length}`
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

/** `3 min 4 s`, `132 ms`, `1 h 20 min`: the two largest units. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${trim(ms, ms < 10 ? 1 : 0)} ms`
  if (ms < 10_000) return `${trim(ms / 1000, 1)} s`
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`
  if (ms < HOUR_MS) return pair(ms, MINUTE_MS, 'min', 1000, 's')
  if (ms < DAY_MS) return pair(ms, HOUR_MS, 'h', MINUTE_MS, 'min')
  return pair(ms, DAY_MS, 'd', HOUR_MS, 'h')
}

/** `+47 ms`; `−215 ms` where a clock that is off puts a step before the first one. */
export function sinceText(ms: number): string {
  return ms < 0 ? `−${durationText(-ms)}` : `+${durationText(ms)}`
}

function pair(ms: number, large: number, largeUnit: string, small: number, smallUnit: string) {
  const wholes = Math.round(ms / small) * small
  const rest = Math.floor((wholes % large) / small)
  const first = `${Math.floor(wholes / large)} ${largeUnit}`
  return rest === 0 ? first : `${first} ${rest} ${smallUnit}`
}

export function trim(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, '')
}
