/** Days are counted from 1970-01-01, timestamps in microseconds from then, both without a time zone. */

const DAY_US = 86_400_000_000

/**
 * The time is optional: most timestamp columns contain days only. A zone may follow it: `Z`, `+01:00`, `UTC`, `+0000 UTC`, `UTC+1`,
 * `CEST`, `Europe/London` or `+01:00[Europe/Paris]`. `AM` and `PM` are not zones.
 */
const TIMESTAMP =
  /^(\d{4}-\d{1,2}-\d{1,2}|\d{8})(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(?:Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?(?:\[[A-Za-z_]+(?:\/[A-Za-z_]+)*\]| [A-Z]{3,5})?|[A-Z]{3,5}|[A-Z][A-Za-z_]+(?:\/[A-Za-z_]+){1,2})?)?$/
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/
const COMPACT = /^(\d{4})(\d{2})(\d{2})$/

/**
 * Reads `2015-01-06`, `2015-1-6` and `20150106`, and drops a time of day after them. `undefined` for any other text:
 * `06/01/2015` can be in January or in June.
 */
export function parseDate(text: string): number | undefined {
  const match = DATE.exec(text) ?? COMPACT.exec(text)
  if (match === null) {
    const day = TIMESTAMP.exec(text)?.[1]
    return day === undefined ? undefined : parseDate(day)
  }
  return dayNumber(Number(match[1]), Number(match[2]), Number(match[3]))
}

/** Reads a day as above, with an optional time after `T` or a space. Drops the zone: the CDM has wall-clock time. */
export function parseTimestamp(text: string): number | undefined {
  const match = TIMESTAMP.exec(text)
  if (match === null) return undefined
  const day = parseDate(match[1] ?? '')
  const [hour, minute, second] = [match[2], match[3], match[4]].map((part) => Number(part ?? 0))
  if (day === undefined || hour === undefined || minute === undefined || second === undefined) {
    return undefined
  }
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const micros = Number((match[5] ?? '').slice(0, 6).padEnd(6, '0'))
  return day * DAY_US + (hour * 3600 + minute * 60 + second) * 1_000_000 + micros
}

/** `undefined` if the day does not exist, such as 30 February. */
export function dayNumber(year: number, month: number, day: number): number | undefined {
  const time = new Date(0)
  time.setUTCFullYear(year, month - 1, day)
  const exists =
    year >= 1 &&
    time.getUTCFullYear() === year &&
    time.getUTCMonth() === month - 1 &&
    time.getUTCDate() === day
  return exists ? Math.round(time.getTime() / 86_400_000) : undefined
}

export function isoDate(days: number): string {
  const text = new Date(days * 86_400_000).toISOString()
  return text.slice(0, text.indexOf('T'))
}

/** In the format of both engines: `2015-01-06 10:20:30.500000`. */
export function isoTimestamp(micros: number): string {
  const day = Math.floor(micros / DAY_US)
  const rest = micros - day * DAY_US
  const seconds = Math.floor(rest / 1_000_000)
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  const fraction = rest % 1_000_000
  return `${isoDate(day)} ${time}${fraction === 0 ? '' : `.${String(fraction).padStart(6, '0')}`}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
