import { bunnyText, createLogger, type Logger } from '@warren/runtime'
import { bunnyTextCatalogue } from '../../src/log-text.ts'

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

/** A JSON log that can be looked at. */
export function recordingLog(secrets: readonly string[] = []): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = []
  const log = createLogger({
    component: 'bunny',
    level: 'debug',
    format: 'json',
    secrets,
    destination: { write: (line) => lines.push(JSON.parse(line) as LogLine) },
  })
  return { log, lines }
}

/** The log as `LOG_FORMAT=text` writes it. */
export function textLog(options: { level?: 'debug' | 'info'; secrets?: readonly string[] } = {}): {
  log: Logger
  lines: string[]
} {
  const lines: string[] = []
  const log = createLogger({
    component: 'bunny',
    level: options.level ?? 'debug',
    format: 'text',
    secrets: options.secrets ?? [],
    text: bunnyText(bunnyTextCatalogue),
    destination: { write: (text) => lines.push(...text.trimEnd().split('\n')) },
  })
  return { log, lines }
}
