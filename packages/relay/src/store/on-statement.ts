import type { LogEvent } from 'kysely'

/** Called after every SQL statement, with the time until its whole response was read, ms. */
export type OnStatement = (durationMs: number) => void

/** The `log` option of kysely for `onStatement`. */
export function statementLog(onStatement: OnStatement): (event: LogEvent) => void {
  return ({ queryDurationMillis }) => onStatement(queryDurationMillis)
}
