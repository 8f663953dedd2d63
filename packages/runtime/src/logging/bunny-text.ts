import type { LogLevel } from './log-level.ts'
import type { TextStyle } from './log-record.ts'
import { formatLines, type TextCatalogue } from './text-catalogue.ts'

const NAMES: Readonly<Record<LogLevel, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
}
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The format of the Python bunny: `INFO - 26-Sep-25 07:57:01 - Task received. Resolving...`, local time. */
export function bunnyText(catalogue: TextCatalogue): TextStyle {
  return (record, threshold) =>
    formatLines(catalogue, record, threshold).flatMap((line) => [
      `${NAMES[line.level]} - ${stamp(record.time)} - ${line.message}`,
      ...(line.continuation ?? []),
    ])
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

function stamp(time: number): string {
  const date = new Date(time)
  const day = `${two(date.getDate())}-${MONTHS[date.getMonth()]}-${two(date.getFullYear() % 100)}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
