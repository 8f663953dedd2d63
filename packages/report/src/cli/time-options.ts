import { ExitCode, ProgramError } from '@warren/runtime/cli'
import { MINUTE } from '../read/timestamps.ts'
import { zoneOffsetMinutes } from '../timeline/zone-offset.ts'

const DATE = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/
const LOCAL = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)$/
const ZONED = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/i

/**
 * `--date` as UTC midnight in milliseconds.
 * @throws ProgramError (usage)
 */
export function parseDate(text: string): number {
  const time = DATE.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) {
    throw new ProgramError(`--date: "${text}" is not a date`, {
      exitCode: ExitCode.usage,
      hint: 'Write the date as YYYY-MM-DD, for example 2025-09-26.',
    })
  }
  return time
}

/**
 * Parses `--since`, `--until` and `--since-fix`: an instant with a time zone, a date and time in the zone of `--tz` (default: UTC), or a time of
 * day on `--date`.
 * @returns UTC milliseconds
 * @throws ProgramError (usage)
 */
export function parseInstant(
  option: string,
  text: string,
  tz: string | undefined,
  date: string | undefined,
): number {
  if (ZONED.test(text)) {
    const time = Date.parse(text.replace(' ', 'T'))
    if (!Number.isNaN(time)) return time
  }
  const local = LOCAL.exec(
    DATE.test(text)
      ? `${text} 00:00`
      : TIME.test(text) && date !== undefined
        ? `${date} ${text}`
        : text,
  )
  const written = local === null ? Number.NaN : Date.parse(`${local[1] ?? ''}T${local[2] ?? ''}Z`)
  if (Number.isNaN(written)) {
    const hint = TIME.test(text)
      ? `Add the date: ${option} ${text} --date 2025-09-26`
      : 'Write 2025-09-26T06:30:00Z, "2025-09-26 07:30" (in the time zone of --tz), or 07:30 with --date.'
    throw new ProgramError(`${option}: "${text}" is not a time`, { exitCode: ExitCode.usage, hint })
  }
  return written - zoneOffsetMinutes(tz ?? 'UTC', written) * MINUTE
}
