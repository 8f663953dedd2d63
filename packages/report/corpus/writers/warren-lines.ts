import type { TextStyle } from '@warren/runtime'
import { LEVELS, logRecord } from './warren-records.ts'
import type { WarrenRecord } from './warren-records.ts'
import type { WriterOptions, WrittenLine } from './written-line.ts'

const MINUTE = 60_000

/** Records as pino writes them. */
export function jsonLines(
  records: readonly WarrenRecord[],
  component: string,
  { level, pod, from, to }: WriterOptions,
): WrittenLine[] {
  return records
    .filter(
      (record) => LEVELS[record.level] >= LEVELS[level] && record.at >= from && record.at < to,
    )
    .map((record) => ({
      time: record.at,
      text: JSON.stringify(logRecord(record, component, pod)),
    }))
}

/** Records in the text format, in the local time of the site. */
export function textLines(
  records: readonly WarrenRecord[],
  component: string,
  style: TextStyle,
  { level, pod, from, to, zoneMinutes }: WriterOptions,
): WrittenLine[] {
  return records
    .filter((record) => record.at >= from && record.at < to)
    .flatMap((record) => {
      // The text format uses the local time of this process; the log needs that of the site.
      const here = new Date(record.at).getTimezoneOffset()
      const at = record.at + (zoneMinutes + here) * MINUTE
      const shown = logRecord({ ...record, at }, component, pod)
      return style(shown, level).map((text) => ({ time: record.at, text }))
    })
}
