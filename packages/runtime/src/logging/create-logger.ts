import { hostname } from 'node:os'

import { pino, type Logger } from 'pino'

import { bunnyText } from './bunny-text.ts'
import { LEVEL_VALUE, type LogLevel } from './log-level.ts'
import type { LogRecord, TextStyle } from './log-record.ts'
import { redactFields, SecretMask } from './redact.ts'
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

  const writeJson = (line: string): void => {
    if (!mask.suspects(line)) {
      destination.write(line)
      return
    }
    // Masking the parsed record keeps the line valid JSON, also when a secret happens to be the name of a field.
    destination.write(`${JSON.stringify(maskRecord(parseRecord(line), mask))}\n`)
  }
  const writeText = (line: string): void => {
    const record = maskRecord(parseRecord(line), mask)
    const lines = style(record, level)
    if (lines.length > 0) destination.write(lines.map((text) => `${text}\n`).join(''))
  }

  return pino(
    {
      // An event of ours at debug may be a line that the text format has always shown at info.
      level: format === 'text' && LEVEL_VALUE[level] > LEVEL_VALUE.debug ? 'debug' : level,
      base: { component, hostname: hostname() },
      formatters: {
        log: redactFields,
        bindings: redactFields,
      },
      serializers: { err: serializeError, error: serializeError },
    },
    { write: format === 'text' ? writeText : writeJson },
  )
}

function maskRecord(record: LogRecord, mask: SecretMask): LogRecord {
  const { level, time, component, msg, ...fields } = record
  return { level, time, component, ...mask.fields(fields), msg: mask.text(msg) }
}

function parseRecord(line: string): LogRecord {
  // pino leaves `msg` out where a caller gave fields only.
  return Object.assign({ msg: '' }, JSON.parse(line))
}
