import type { LogLevel } from './log-level.ts'
import type { TextStyle } from './log-record.ts'
import { clockTime } from './clock-time.ts'
import { formatLines, type TextCatalogue } from './text-catalogue.ts'

const NAMES: Readonly<Record<LogLevel, string>> = {
  trace: 'VRB',
  debug: 'DBG',
  info: 'INF',
  warn: 'WRN',
  error: 'ERR',
  fatal: 'FTL',
}

/** The format of the .NET relay: `[07:56:30 INF] Task retrieved: … <s:source>`, local time, no date. */
export function relayText(catalogue: TextCatalogue): TextStyle {
  return (record, threshold) =>
    formatLines(catalogue, record, threshold).flatMap((line) => [
      `[${clockTime(record.time)} ${NAMES[line.level]}] ${line.message} <s:${line.source ?? record.component}>`,
      ...(line.continuation ?? []),
    ])
}
