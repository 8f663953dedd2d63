import { mapTexts } from './map-texts.ts'
import { instant } from './instants.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

interface TimeRange {
  readonly from: number
  readonly to: number
}

/** A time in a sentence: `06:42:07`, or `26 Sep 06:42:07` in a time range of several days. */
export function formatMoment(time: number, { from, to }: TimeRange): string {
  const written = instant(time)
  if (written === null) return 'an unknown time'
  const timeOfDay = written.slice(11, 19)
  const severalDays = instant(from)?.slice(0, 10) !== instant(to)?.slice(0, 10)
  if (!severalDays) return timeOfDay
  return `${Number(written.slice(8, 10))} ${MONTHS[Number(written.slice(5, 7)) - 1] ?? ''} ${timeOfDay}`
}

/** `from 06:42:07 to 06:59:52`, or `at 06:42:07`. */
export function formatSpan(first: number, last: number, timeRange: TimeRange): string {
  const [start, end] = [formatMoment(first, timeRange), formatMoment(last, timeRange)]
  return start === end ? `at ${start}` : `from ${start} to ${end}`
}

/** Replaces the placeholders that `formatTime` puts into texts. */
export function withMoments(value: unknown, timeRange: TimeRange): unknown {
  return mapTexts(value, (text) =>
    text.replaceAll(/\uE000(-?\d+)\uE001/g, (_, time: string) =>
      formatMoment(Number(time), timeRange),
    ),
  )
}
