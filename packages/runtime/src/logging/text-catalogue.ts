import { LEVEL_VALUE, levelOf, type LogLevel } from './log-level.ts'
import type { LogRecord } from './log-record.ts'

/** One line of an existing log format. */
export interface TextLine {
  level: LogLevel
  message: string
  /** The `<s:…>` of the .NET relay. Default: the component. */
  source?: string
  /** Lines after this one, without a prefix. */
  continuation?: readonly string[]
}

/**
 * The lines that the Python bunny or the .NET relay logs for an event, by `msg`. An empty list omits the event from the
 * text log. An event without an entry is written as `msg key=value …`.
 */
export type TextCatalogue = Readonly<Record<string, (record: LogRecord) => readonly TextLine[]>>

const NOT_SHOWN = new Set(['level', 'time', 'msg', 'component', 'hostname', 'pid', 'err'])

/** The lines of a record that are at or above `threshold`. */
export function formatLines(
  catalogue: TextCatalogue,
  record: LogRecord,
  threshold: LogLevel,
): TextLine[] {
  // hasOwn, because every object has a member "constructor".
  const entry = Object.hasOwn(catalogue, record.msg) ? catalogue[record.msg] : undefined
  const lines = entry?.(record) ?? [plainLine(record)]
  return lines
    .filter((line) => LEVEL_VALUE[line.level] >= LEVEL_VALUE[threshold])
    .map((line) => ({
      ...line,
      message: oneLine(line.message),
      ...(line.continuation !== undefined && {
        continuation: line.continuation.map((text) => oneLine(text)),
      }),
    }))
}

function plainLine(record: LogRecord): TextLine {
  const fields = fieldsOf(record).map(([name, value]) => `${name}=${value}`)
  const error = errorOf(record)
  return {
    level: levelOf(record.level),
    message: [record.msg, ...fields].join(' '),
    ...(error?.stack !== undefined && { continuation: error.stack.split('\n') }),
  }
}

/** The fields that a reader does not know from the rest of the line, with their values as text. */
export function fieldsOf(record: LogRecord): [name: string, value: string][] {
  const fields = Object.entries(record)
    .filter(([name, value]) => !NOT_SHOWN.has(name) && value !== undefined)
    .map(([name, value]): [string, string] => [name, formatField(value)])
  const error = errorOf(record)
  return error === undefined ? fields : [...fields, ['error', formatField(error.message)]]
}

function formatField(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value)
}

/** The error that was logged, if there is one. */
export function errorOf(record: LogRecord): { message: string; stack?: string } | undefined {
  const { err } = record
  if (typeof err !== 'object' || err === null || !('message' in err)) return undefined
  const stack = 'stack' in err && typeof err.stack === 'string' ? err.stack : undefined
  return { message: String(err.message), ...(stack !== undefined && { stack }) }
}

/** Prevents text from outside (a user name, a path) from starting a new line. */
export function oneLine(text: string): string {
  // oxlint-disable-next-line eslint/no-control-regex -- escapes control characters
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f\u0085\u2028\u2029]/g, (character) => {
    if (character === '\n') return String.raw`\n`
    if (character === '\r') return String.raw`\r`
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
