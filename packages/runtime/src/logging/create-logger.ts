import { hostname } from 'node:os'

import { pino, type Logger } from 'pino'

import { bunnyText } from './bunny-text.ts'
import { LEVEL_VALUE, type LogLevel } from './log-level.ts'
import type { LogRecord, TextStyle } from './log-record.ts'
import { SecretMask } from './secret-mask.ts'
import { serializeError } from './serialize-error.ts'

export interface LoggerOptions {
  /** The program, such as `relay`, which every line names. */
  component: string
  level: LogLevel
  format: 'json' | 'text'
  /** Receives whole lines with their line end. Default: stderr. */
  destination?: { write(line: string): unknown }
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
  const { component, level, format, destination = process.stderr } = options
  const mask = new SecretMask(options.secrets)
  const style = options.text ?? bunnyText({})

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
    { write: format === 'text' ? writeText : writeJson },
  )
}

function parseRecord(line: string): LogRecord {
  // pino omits `msg` if the caller passed fields only.
  return Object.assign({ msg: '' }, JSON.parse(line))
}
