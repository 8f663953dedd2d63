import type { LogLevel } from './log-level.ts'

/** One line of a JSON log. */
export interface LogRecord {
  readonly level: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly msg: string
  readonly component: string
  readonly [field: string]: unknown
}

/** Turns a record into output lines; none if it is below `threshold`. */
export type TextStyle = (record: LogRecord, threshold: LogLevel) => readonly string[]
