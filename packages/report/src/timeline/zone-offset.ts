import { ExitCode, ProgramError } from '@warren/runtime/cli'
import { HOUR, MINUTE } from '../read/timestamps.ts'

const FIXED = /^(?:UTC|GMT|Z)?([+-])(\d{1,2})(?::?(\d{2}))?$/i

/**
 * Minutes east of UTC of a zone (`UTC`, `+01:00`, `Europe/London`) at an instant written in that zone.
 * @throws ProgramError (usage) for a zone nobody knows
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
    throw new ProgramError(`--tz ${zone}: no such zone`, {
      exitCode: ExitCode.usage,
      hint: 'write UTC, +01:00 or a name such as Europe/London',
      cause: error,
    })
  }
  // The written time is local; an hour off in the guess only matters in the night the clocks change.
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
