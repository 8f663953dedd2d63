import { isDigit, twoDigits } from './byte-scan.ts'

export const SECOND = 1000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000

/** Days since 1970-01-01 of a Gregorian date (Howard Hinnant's days_from_civil). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** `HH:MM:SS` as milliseconds of the day, or NaN. */
export function readTimeOfDay(buf: Uint8Array, at: number): number {
  return readMinuteOfDay(buf, at) + readSeconds(buf, at + 6)
}

/** `HH:MM:` as milliseconds of the day, or NaN. */
export function readMinuteOfDay(buf: Uint8Array, at: number): number {
  const hours = twoDigits(buf, at)
  const minutes = twoDigits(buf, at + 3)
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return Number.NaN
  if (buf[at + 2] !== 58 || buf[at + 5] !== 58) return Number.NaN
  return hours * HOUR + minutes * MINUTE
}

/** `SS` as milliseconds, or NaN. A leap second counts as second 59. */
export function readSeconds(buf: Uint8Array, at: number): number {
  const seconds = twoDigits(buf, at)
  return seconds < 0 || seconds > 60 ? Number.NaN : Math.min(seconds, 59) * SECOND
}

/**
 * Caches the value of the part of a timestamp that changes only once a minute. Consecutive lines usually have the same minute, and
 * comparing bytes is much faster than parsing them.
 */
export class MinuteCache {
  readonly #bytes: Uint8Array
  #ms = Number.NaN

  /** @param length length of that part in bytes */
  constructor(length: number) {
    this.#bytes = new Uint8Array(length)
  }

  /** The cached value if the bytes at `at` are the cached ones; otherwise NaN. */
  find(buf: Uint8Array, at: number): number {
    const bytes = this.#bytes
    // From the end, where minutes differ.
    for (let i = bytes.length - 1; i >= 0; i--) if (buf[at + i] !== bytes[i]) return Number.NaN
    return this.#ms
  }

  /** Caches `ms` for the bytes at `at`, and returns it. */
  keep(buf: Uint8Array, at: number, ms: number): number {
    const bytes = this.#bytes
    for (let i = 0; i < bytes.length; i++) bytes[i] = buf[at + i] ?? 0
    this.#ms = ms
    return ms
  }
}

/** `YYYY-MM-DD` (any separator) as milliseconds since the epoch, or NaN. */
export function readDate(buf: Uint8Array, at: number): number {
  const century = twoDigits(buf, at)
  const years = twoDigits(buf, at + 2)
  const month = twoDigits(buf, at + 5)
  const day = twoDigits(buf, at + 8)
  if (century < 0 || years < 0 || month < 1 || month > 12 || day < 1 || day > 31) return Number.NaN
  if (buf[at + 4] !== buf[at + 7]) return Number.NaN
  return daysFromCivil(century * 100 + years, month, day) * DAY
}

/**
 * A date and time in ISO format: `2025-09-26T06:56:21.123456789Z`, `2025-09-26 06:56:21.123+00:00`, `2025-09-26 06:56:21`. The fields
 * hold the result, so that reading a line creates no object.
 */
export class IsoTime {
  /** Milliseconds since the epoch, with fraction. If `zoned` is false, the time is read as UTC. */
  ms = Number.NaN
  /** Whether the text contains a time zone. */
  zoned = false
  /** Position after the timestamp. */
  end = 0
  /** `YYYY-MM-DDTHH:MM:` */
  readonly #minute = new MinuteCache(17)

  /** Reads the timestamp at `at`; false if there is none. */
  read(buf: Uint8Array, at: number, limit: number): boolean {
    if (at + 19 > limit || !isDigit(buf[at])) return false
    let minute = this.#minute.find(buf, at)
    if (Number.isNaN(minute)) minute = this.#readMinute(buf, at)
    let ms = minute + readSeconds(buf, at + 17)
    if (Number.isNaN(ms)) return false
    let position = at + 19
    if ((buf[position] === 46 || buf[position] === 44) && position < limit) {
      position++
      let unit = 100
      while (position < limit && isDigit(buf[position])) {
        ms += ((buf[position] ?? 48) - 48) * unit
        unit /= 10
        position++
      }
    }
    this.zoned = false
    const sign = buf[position]
    if (position < limit && (sign === 90 || sign === 122)) {
      this.zoned = true
      position++
    } else if (position + 2 < limit && (sign === 43 || sign === 45)) {
      const hours = twoDigits(buf, position + 1)
      if (hours >= 0) {
        const colon = buf[position + 3] === 58 ? 1 : 0
        const minutes = Math.max(0, twoDigits(buf, position + 3 + colon))
        const hasMinutes =
          twoDigits(buf, position + 3 + colon) >= 0 && position + 5 + colon <= limit
        ms -= (sign === 43 ? 1 : -1) * (hours * HOUR + (hasMinutes ? minutes : 0) * MINUTE)
        this.zoned = true
        position += hasMinutes ? 5 + colon : 3
      }
    }
    this.ms = ms
    this.end = position
    return true
  }

  #readMinute(buf: Uint8Array, at: number): number {
    const separator = buf[at + 4]
    if (separator !== 45 && separator !== 47) return Number.NaN
    const between = buf[at + 10]
    if (between !== 84 && between !== 32 && between !== 116) return Number.NaN
    const minute = readDate(buf, at) + readMinuteOfDay(buf, at + 11)
    return Number.isNaN(minute) ? minute : this.#minute.keep(buf, at, minute)
  }
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MONTH_BY_CODE = new Map(MONTHS.map((name, index) => [monthCode(name), index + 1]))

function monthCode(name: string): number {
  return (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2)
}

/** English month name of three letters, in any case, as 1 to 12; 0 if it is not a month. */
export function readMonthName(buf: Uint8Array, at: number): number {
  const code =
    (((buf[at] ?? 0) | 32) << 16) | (((buf[at + 1] ?? 0) | 32) << 8) | ((buf[at + 2] ?? 0) | 32)
  return MONTH_BY_CODE.get(code) ?? 0
}
