import { ExitCode, ProgramError } from '@warren/runtime/cli'
import { HOUR, MINUTE } from '../read/timestamps.ts'

const FIXED = /^(?:UTC|GMT|Z)?([+-])(\d{1,2})(?::?(\d{2}))?$/i

/**
 * Offset of a time zone (`UTC`, `+01:00`, `Europe/London`) in minutes east of UTC, at a local time in that zone.
 * @throws ProgramError (usage) for an unknown time zone
 */
export function zoneOffsetMinutes(zone: string, writtenMs: number): number {
  if (/^(utc|gmt|z)$/i.test(zone)) return 0
  const fixed = FIXED.exec(zone)
  if (fixed) {
    const minutes = Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)
    if (minutes <= 14 * 60) return fixed[1] === '-' ? -minutes : minutes
  }
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  } catch (error: unknown) {
    throw new ProgramError(`--tz: unknown time zone "${zone}"`, {
      exitCode: ExitCode.usage,
      hint: 'Use UTC, an offset such as +01:00, or a name such as Europe/London.',
      cause: error,
    })
  }
  // The local time is used as if it were UTC. The error matters only in the night when the clocks change.
  const guess = new Date(Number.isFinite(writtenMs) ? writtenMs : 0)
  const text =
    format.formatToParts(guess).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
  const offset = FIXED.exec(text)
  if (!offset) return 0
  const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0)
  return offset[1] === '-' ? -minutes : minutes
}

/** `UTC`, `UTC+01:00`, `UTC−03:30`. */
export function offsetText(minutes: number): string {
  if (minutes === 0) return 'UTC'
  const size = Math.abs(minutes)
  const hours = Math.floor((size * MINUTE) / HOUR)
  return `UTC${minutes < 0 ? '−' : '+'}${String(hours).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`
}
