import { z } from 'zod'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The numbers of pino. */
export const LEVEL_VALUE: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
}

/** The level of a pino number. */
export function levelOf(value: number): LogLevel {
  return LOG_LEVELS.findLast((level) => LEVEL_VALUE[level] <= value) ?? 'trace'
}

const OTHER_WORDS: Readonly<Record<string, LogLevel>> = {
  verbose: 'trace',
  information: 'info',
  warning: 'warn',
  critical: 'fatal',
}

/** A level, with the names of pino, Python logging or Serilog, in any case. */
export function logLevelSetting() {
  return z.string().transform((text, context): LogLevel => {
    const word = text.trim().toLowerCase()
    const level = LOG_LEVELS.find((name) => name === word) ?? OTHER_WORDS[word]
    if (level !== undefined) return level
    context.addIssue({ code: 'custom', message: `expected ${LOG_LEVELS.join(', ')}` })
    return z.NEVER
  })
}
