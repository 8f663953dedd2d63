import { readNumber, textOf } from '../byte-scan.ts'
import type { IsoTime } from '../timestamps.ts'

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'
/** `Sep 26, 2025 @ 06:56:21.123`: Kibana. */
const KIBANA = /^([A-Z][a-z]{2}) (\d{1,2}), (\d{4}) @ (\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?$/
/** `9/26/2025, 6:56:21.123 AM`: Azure Log Analytics. */
const AZURE = /^(\d{1,2})\/(\d{1,2})\/(\d{4}), (\d{1,2}):(\d{2}):(\d{2})(\.\d{1,9})? ([AP])M$/
const LONGEST = 40

/** A time as log stores export it: ISO, a number since the epoch, or in words. UTC milliseconds, or NaN. */
export function exportTime(iso: IsoTime, buf: Buffer, start: number, end: number): number {
  if (iso.read(buf, start, end)) return iso.ms
  const number = epochMs(readNumber(buf, start, end))
  if (!Number.isNaN(number) || end - start > LONGEST) return number
  return timeInWords(textOf(buf, start, end))
}

function timeInWords(text: string): number {
  const kibana = KIBANA.exec(text)
  if (kibana !== null) {
    const [, month = '', day, year, hours, minutes, seconds, fraction = '0'] = kibana
    const index = MONTHS.indexOf(month)
    if (index < 0 || index % 3 !== 0) return Number.NaN
    const at = [year, index / 3, day, hours, minutes, seconds].map(Number)
    return utc(at, fraction)
  }
  const azure = AZURE.exec(text)
  if (azure === null) return Number.NaN
  const [, month, day, year, hours, minutes, seconds, fraction = '0', half] = azure
  const hour = (Number(hours) % 12) + (half === 'P' ? 12 : 0)
  return utc([year, Number(month) - 1, day, hour, minutes, seconds].map(Number), fraction)
}

function utc([year = 0, month = 0, ...rest]: readonly number[], fraction: string): number {
  return Date.UTC(year, month, ...rest) + Math.floor(Number(fraction) * 1_000)
}

/** Seconds, milliseconds, microseconds or nanoseconds since the epoch, recognised by their size, as milliseconds. */
function epochMs(value: number): number {
  if (!(value > 1e8)) return Number.NaN
  if (value < 1e11) return value * 1000
  if (value < 1e14) return value
  if (value < 1e17) return value / 1000
  return value / 1e6
}
