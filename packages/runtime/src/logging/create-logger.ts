import { hostname } from 'node:os'

import { pino, type Logger } from 'pino'

import { bunnyText } from './bunny-text.ts'
import { LEVEL_VALUE, type LogLevel } from './log-level.ts'
import type { LogRecord, TextStyle } from './log-record.ts'
import { SecretMask } from './secret-mask.ts'
import { serializeError } from './serialize-error.ts'

export interface LoggerOptions {
  /** Which part of the network speaks, such as `relay`; every line carries it. */
  component: string
  level: LogLevel
  format: 'json' | 'text'
  /** Gets whole lines with their line end; stderr unless told. */
  destination?: { write(line: string): unknown }
  /** Texts that are hidden wherever they occur. */
  secrets?: readonly string[]
  /** How `format: 'text'` looks. */
  text?: TextStyle
}

/**
 * A pino logger. Object first, constant message: `log.info({ taskId, durationMs }, 'task solved')`.
 * Fields named like secrets, the given secrets and credentials in URLs never reach the destination.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { component, level, format, destination = process.stderr } = options
  const mask = new SecretMask(options.secrets)
  const style = options.text ?? bunnyText({})

  // Masked on the written record, not on the way in: bindings of child loggers and what toJSON returns are in it.
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
      // An event of ours at debug may be a line that the text format has always shown at info.
      level: format === 'text' && LEVEL_VALUE[level] > LEVEL_VALUE.debug ? 'debug' : level,
      base: { component, hostname: hostname() },
      serializers: { err: serializeError, error: serializeError },
    },
    { write: format === 'text' ? writeText : writeJson },
  )
}

function parseRecord(line: string): LogRecord {
  // pino leaves `msg` out where a caller gave fields only.
  return Object.assign({ msg: '' }, JSON.parse(line))
}
