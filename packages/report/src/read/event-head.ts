import { ascii, findByte, isDigit, startsWith, twoDigits } from './byte-scan.ts'
import {
  DAY,
  daysFromCivil,
  HOUR,
  IsoTime,
  MinuteCache,
  MINUTE,
  readMinuteOfDay,
  readMonthName,
  readSeconds,
  readTimeOfDay,
} from './timestamps.ts'

/** Log formats, recognised by the beginning of an event. */
export const FORMATS = [
  'unknown',
  'python-bunny',
  'dotnet-relay',
  'rabbitmq',
  'postgresql',
  'json',
  'alb',
  'nginx',
  'nginx-error',
] as const
export type Format = (typeof FORMATS)[number]

export const LEVEL = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, fatal: 5 } as const

/** How complete the times of a format are: with date and zone, without zone, or time of day only. */
export type TimeKind = 'zoned' | 'dated' | 'time-of-day' | 'none'

const PYTHON_LEVELS: readonly (readonly [Uint8Array, number])[] = [
  [ascii('DEBUG - '), LEVEL.debug],
  [ascii('INFO - '), LEVEL.info],
  [ascii('WARNING - '), LEVEL.warn],
  [ascii('ERROR - '), LEVEL.error],
  [ascii('CRITICAL - '), LEVEL.fatal],
]
const DOTNET_LEVELS: readonly (readonly [Uint8Array, number])[] = [
  [ascii('INF'), LEVEL.info],
  [ascii('DBG'), LEVEL.debug],
  [ascii('WRN'), LEVEL.warn],
  [ascii('ERR'), LEVEL.error],
  [ascii('FTL'), LEVEL.fatal],
  [ascii('VRB'), LEVEL.trace],
]
const BRACKET_LEVELS: readonly (readonly [Uint8Array, number])[] = [
  [ascii('[info]'), LEVEL.info],
  [ascii('[debug]'), LEVEL.debug],
  [ascii('[notice]'), LEVEL.info],
  [ascii('[warning]'), LEVEL.warn],
  [ascii('[warn]'), LEVEL.warn],
  [ascii('[error]'), LEVEL.error],
  [ascii('[crit]'), LEVEL.fatal],
  [ascii('[critical]'), LEVEL.fatal],
  [ascii('[alert]'), LEVEL.fatal],
  [ascii('[emerg]'), LEVEL.fatal],
  [ascii('[emergency]'), LEVEL.fatal],
]
const ALB_TYPES = ['http ', 'https ', 'h2 ', 'grpcs ', 'ws ', 'wss '].map(ascii)

/**
 * The beginning of an event: its format, time, level and message. One object is reused for all events. Reading examines only a few
 * bytes, so every line may be tried.
 */
export class EventHead {
  format: Format = 'unknown'
  /** If `timeKind` is zoned: UTC. Otherwise the logged digits read as UTC; a time of day is on 1970-01-01. */
  time = Number.NaN
  timeKind: TimeKind = 'none'
  level = 0
  /** Position of the message, after time and level. */
  message = 0
  readonly #iso = new IsoTime()
  /** `26-Sep-25 07:57:` */
  readonly #pythonMinute = new MinuteCache(16)
  /** `26/Sep/2025:06:56:` */
  readonly #nginxMinute = new MinuteCache(18)

  /** An event of a known format begins at `start`. */
  read(buf: Buffer, start: number, end: number): boolean {
    const first = buf[start] ?? 0
    switch (first) {
      case 91: // [
        return this.#dotnet(buf, start, end)
      case 123: // {
        this.format = 'json'
        this.time = Number.NaN
        this.timeKind = 'none'
        this.level = 0
        this.message = start
        return end - start > 2 && (buf[start + 1] === 34 || buf[start + 1] === 32)
      case 68: // D
      case 73: // I
      case 87: // W
      case 69: // E
      case 67: // C
        return this.#python(buf, start, end)
      case 104: // h
      case 103: // g
      case 119: // w
        return this.#alb(buf, start, end)
      default:
        if (isDigit(first)) return this.#dated(buf, start, end) || this.#nginx(buf, start, end)
        // IPv6 addresses in access logs; no other format begins with d, e, f or a colon.
        if ((first >= 97 && first <= 102) || first === 58) return this.#nginx(buf, start, end)
        return false
    }
  }

  /** `INFO - 26-Sep-25 07:57:01 - message` */
  #python(buf: Buffer, start: number, end: number): boolean {
    for (const [word, level] of PYTHON_LEVELS) {
      if (buf[start] !== word[0] || !startsWith(buf, start, end, word)) continue
      const at = start + word.length
      // dd-Mon-yy HH:MM:SS - is 18 + 3 characters
      if (at + 20 > end || buf[at + 2] !== 45 || buf[at + 6] !== 45 || buf[at + 9] !== 32)
        return false
      let minute = this.#pythonMinute.find(buf, at)
      if (Number.isNaN(minute)) minute = this.#readPythonMinute(buf, at)
      const time = minute + readSeconds(buf, at + 16)
      if (Number.isNaN(time)) return false
      this.format = 'python-bunny'
      this.time = time
      this.timeKind = 'dated'
      this.level = level
      this.message = Math.min(end, at + 21)
      return buf[at + 19] === 45
    }
    return false
  }

  #readPythonMinute(buf: Buffer, at: number): number {
    const day = twoDigits(buf, at)
    const month = readMonthName(buf, at + 3)
    const year = twoDigits(buf, at + 7)
    if (day < 1 || day > 31 || month === 0 || year < 0) return Number.NaN
    const minute = daysFromCivil(2000 + year, month, day) * DAY + readMinuteOfDay(buf, at + 10)
    return Number.isNaN(minute) ? minute : this.#pythonMinute.keep(buf, at, minute)
  }

  /** `[07:56:21 INF] message`, in some deployments with fraction or date */
  #dotnet(buf: Buffer, start: number, end: number): boolean {
    let at = start + 1
    if (at + 13 > end) return false
    if (buf[at + 4] === 45) {
      if (!this.#iso.read(buf, at, end)) return false
      this.time = this.#iso.ms
      this.timeKind = this.#iso.zoned ? 'zoned' : 'dated'
      at = this.#iso.end
    } else {
      const time = readTimeOfDay(buf, at)
      if (Number.isNaN(time)) return false
      this.time = time
      this.timeKind = 'time-of-day'
      at += 8
      if (buf[at] === 46) {
        let unit = 100
        for (at++; at < end && isDigit(buf[at]); at++) {
          this.time += ((buf[at] ?? 48) - 48) * unit
          unit /= 10
        }
      }
    }
    if (buf[at] !== 32 || buf[at + 4] !== 93) return false
    for (const [word, level] of DOTNET_LEVELS) {
      if (startsWith(buf, at + 1, end, word)) {
        this.format = 'dotnet-relay'
        this.level = level
        this.message = Math.min(end, at + 6)
        return true
      }
    }
    return false
  }

  /** Lines that begin with a date: RabbitMQ, PostgreSQL, NGINX error log */
  #dated(buf: Buffer, start: number, end: number): boolean {
    if (!this.#iso.read(buf, start, end)) return false
    const iso = this.#iso
    this.time = iso.ms
    this.timeKind = iso.zoned ? 'zoned' : 'dated'
    let at = iso.end
    if (buf[at] !== 32) return false
    at++
    if (buf[at] === 91 && !isDigit(buf[at + 1])) {
      for (const [word, level] of BRACKET_LEVELS) {
        if (!startsWith(buf, at, end, word)) continue
        this.level = level
        this.message = Math.min(end, at + word.length + 1)
        this.format = buf[start + 4] === 47 ? 'nginx-error' : 'rabbitmq'
        return true
      }
      return false
    }
    return this.#postgresql(buf, at, end)
  }

  /** `2025-09-26 06:56:21.123 UTC [42] user@db LOG:  message` (log_line_prefix `%m [%p] …`) */
  #postgresql(buf: Buffer, afterTime: number, end: number): boolean {
    let at = afterTime
    if (!isDigit(buf[at]) && buf[at] !== 91) {
      const space = findByte(buf, at, Math.min(end, at + 8), 32)
      if (space < 0) return false
      // UTC and GMT are certain; other abbreviations are ambiguous and count as local time.
      if (
        (buf[at] === 85 && buf[at + 1] === 84 && buf[at + 2] === 67) ||
        (buf[at] === 71 && buf[at + 1] === 77)
      ) {
        this.timeKind = 'zoned'
      }
      at = space + 1
    }
    if (buf[at] !== 91 || !isDigit(buf[at + 1])) return false
    const close = findByte(buf, at, Math.min(end, at + 24), 93)
    if (close < 0 || !isDigit(buf[close - 1]) || findByte(buf, at, close, 58) >= 0) return false
    this.format = 'postgresql'
    this.level = LEVEL.info
    this.message = Math.min(end, close + 2)
    return true
  }

  /** `https 2025-09-26T06:56:21.123456Z name …` */
  #alb(buf: Buffer, start: number, end: number): boolean {
    for (const word of ALB_TYPES) {
      if (buf[start] !== word[0] || !startsWith(buf, start, end, word)) continue
      const at = start + word.length
      if (!this.#iso.read(buf, at, end) || !this.#iso.zoned || buf[this.#iso.end] !== 32)
        return false
      this.format = 'alb'
      this.time = this.#iso.ms
      this.timeKind = 'zoned'
      this.level = LEVEL.info
      this.message = this.#iso.end + 1
      return true
    }
    return false
  }

  /** `10.0.0.1 - user [26/Sep/2025:06:56:21 +0000] "GET …` */
  #nginx(buf: Buffer, start: number, end: number): boolean {
    const limit = Math.min(end, start + 256)
    const open = findByte(buf, start, limit, 91)
    if (open < 0 || open < start + 8 || buf[open - 1] !== 32) return false
    const at = open + 1
    // dd/Mon/yyyy:HH:MM:SS +zzzz] is 27 characters
    if (
      at + 27 > end ||
      buf[at + 2] !== 47 ||
      buf[at + 6] !== 47 ||
      buf[at + 11] !== 58 ||
      buf[at + 26] !== 93
    ) {
      return false
    }
    let minute = this.#nginxMinute.find(buf, at)
    if (Number.isNaN(minute)) minute = this.#readNginxMinute(buf, at)
    const time = minute + readSeconds(buf, at + 18) - readZone(buf, at + 21)
    if (Number.isNaN(time)) return false
    this.format = 'nginx'
    this.time = time
    this.timeKind = 'zoned'
    this.level = LEVEL.info
    this.message = Math.min(end, at + 28)
    return true
  }

  #readNginxMinute(buf: Buffer, at: number): number {
    const day = twoDigits(buf, at)
    const month = readMonthName(buf, at + 3)
    const year = twoDigits(buf, at + 7) * 100 + twoDigits(buf, at + 9)
    if (day < 1 || day > 31 || month === 0 || year < 1970) return Number.NaN
    const minute = daysFromCivil(year, month, day) * DAY + readMinuteOfDay(buf, at + 12)
    return Number.isNaN(minute) ? minute : this.#nginxMinute.keep(buf, at, minute)
  }
}

/** `+0100` as milliseconds, or NaN. */
function readZone(buf: Buffer, at: number): number {
  const hours = twoDigits(buf, at + 1)
  const minutes = twoDigits(buf, at + 3)
  if (hours < 0 || minutes < 0) return Number.NaN
  return (buf[at] === 45 ? -1 : 1) * (hours * HOUR + minutes * MINUTE)
}
