import { bunnyText, createLogger, type Logger } from '@warren/runtime'
import { z } from 'zod'
import { bunnyTextCatalogue } from '../../src/log-text.ts'

const logLine = z.looseObject({ level: z.number(), msg: z.string() })
export type LogLine = Readonly<z.infer<typeof logLine>>

/** Parses a line of a JSON log. */
export const parseLogLine = (line: string): LogLine => logLine.parse(JSON.parse(line))

/** A JSON log that records its lines. */
export function recordingLog(secrets: readonly string[] = []): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = []
  const log = createLogger({
    component: 'bunny',
    level: 'debug',
    format: 'json',
    secrets,
    destination: { write: (line) => lines.push(parseLogLine(line)) },
  })
  return { log, lines }
}

/** A log with `LOG_FORMAT=text` that records its lines. */
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
