import { hostname } from 'node:os'

import { pino, type Logger } from 'pino'

import { bunnyText } from './bunny-text.ts'
import type { OutputStream } from '../terminal/output-stream.ts'
import { LEVEL_VALUE, type LogLevel } from './log-level.ts'
import type { LogRecord, TextStyle } from './log-record.ts'
import { SecretMask } from './secret-mask.ts'
import { serializeError } from './serialize-error.ts'
import { terminalText } from './terminal-text.ts'

export interface LoggerOptions {
  /** The program, such as `relay`, which every line names. */
  component: string
  level: LogLevel
  /** Absent: lines for people if `destination` is a terminal, otherwise JSON. */
  format?: 'json' | 'text' | undefined
  /** Receives whole lines with their line end. Default: stderr. */
  destination?: OutputStream
  /** For the colours and the width of a terminal. Default: `process.env`. */
  env?: NodeJS.ProcessEnv
  /** Texts that are masked wherever they occur. */
  secrets?: readonly string[]
  /** The style of `format: 'text'`. */
  text?: TextStyle
}

/**
 * Creates a pino logger. Pass an object first, then a constant message: `log.info({ taskId, durationMs }, 'task solved')`.
 * Masks fields named like secrets, the given secrets and credentials in URLs.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { component, level, format, destination = process.stderr, env = process.env } = options
  const mask = new SecretMask(options.secrets)
  const isForPeople = format === undefined && destination.isTTY === true
  const style = isForPeople ? terminalText(destination, env) : (options.text ?? bunnyText({}))

  // Masks the written record, because only that includes the bindings of child loggers and the output of toJSON.
  const writeJson = (line: string): void => {
    const safe = mask.mayContainSecrets(line)
      ? `${JSON.stringify(mask.record(parseRecord(line)))}\n`
      : line
    destination.write(safe)
  }
  const writeText = (line: string): void => {
    const lines = style(mask.record(parseRecord(line)), level)
    if (lines.length > 0) destination.write(lines.map((text) => `${text}\n`).join(''))
  }

  return pino(
    {
      // The text format logs some events at info that the JSON format logs at debug.
      level: format === 'text' && LEVEL_VALUE[level] > LEVEL_VALUE.debug ? 'debug' : level,
      base: { component, hostname: hostname() },
      serializers: { err: serializeError, error: serializeError },
    },
    { write: isForPeople || format === 'text' ? writeText : writeJson },
  )
}

function parseRecord(line: string): LogRecord {
  // pino omits `msg` if the caller passed fields only.
  return Object.assign({ msg: '' }, JSON.parse(line))
}
