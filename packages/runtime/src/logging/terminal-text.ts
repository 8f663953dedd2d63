import { columnsOf } from '../terminal/columns.ts'
import type { OutputStream } from '../terminal/output-stream.ts'
import { styles, type Styles } from '../terminal/styles.ts'
import { wrapWords } from '../terminal/text-width.ts'
import { clockTime } from './clock-time.ts'
import { levelOf, type LogLevel } from './log-level.ts'
import type { LogRecord, TextStyle } from './log-record.ts'
import { errorOf, fieldsOf, oneLine } from './text-catalogue.ts'

const NAMES: Readonly<Record<LogLevel, string>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info ',
  warn: 'warn ',
  error: 'error',
  fatal: 'fatal',
}

/** Fields that say what to do. Each has a line to itself. */
const ADVICE = new Set(['advice', 'hint'])

/**
 * The format for people who watch a program in their terminal: local time, level, message and fields, fitted to the width,
 * and what to do on a line to itself. `07:56:30 info  result submitted taskId=t-1 durationMs=12`
 */
export function terminalText(stream: OutputStream, env: NodeJS.ProcessEnv): TextStyle {
  return (record) => {
    // The colours and the width may change: a terminal can be resized.
    const paint = styles(stream, env)
    const columns = columnsOf(stream, env)
    const level = levelOf(record.level)
    const head = `${clockTime(record.time)} ${NAMES[level]}`
    const indent = ' '.repeat(head.length + 1)
    const wrap = (text: string, first: string, rest = indent): string[] =>
      wrapWords(oneLine(text), columns, { first, rest })

    const message = oneLine(record.msg)
    const error = errorOf(record)
    const fields = fieldsOf(record)
      .filter(([name]) => !ADVICE.has(name))
      .map(([name, value]) => `${name}=${value}`)
    const [first = '', ...rest] = wrap([message, ...fields].join(' '), `${head} `)
    const shown = `${head} ${message}`
    const lines = first.startsWith(shown)
      ? [
          `${paint.dim(clockTime(record.time))} ${paintLevel(level, paint)} ${paint.bold(message)}${paint.dim(first.slice(shown.length))}`,
          ...rest.map((line) => paint.dim(line)),
        ]
      : [first, ...rest]
    const advice = adviceIn(record).flatMap((text) => wrap(text, `${indent}→ `, `${indent}  `))
    const stack = (error?.stack ?? '').split('\n').filter((line) => line !== '')
    return [
      ...lines,
      ...advice.map((line) => paint.cyan(line)),
      ...stack.map((line) => paint.dim(`${indent}${oneLine(line)}`)),
    ]
  }
}

function adviceIn(record: LogRecord): string[] {
  return [...ADVICE].flatMap((name) => {
    const text = record[name]
    return typeof text === 'string' && text !== '' ? [text] : []
  })
}

function paintLevel(level: LogLevel, paint: Styles): string {
  const colour = {
    trace: paint.gray,
    debug: paint.gray,
    info: paint.green,
    warn: paint.yellow,
    error: paint.red,
    fatal: paint.red,
  }[level]
  return colour(NAMES[level])
}
