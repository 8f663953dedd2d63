import type { LogEvent } from 'kysely'

/** `copy` reads results from PostgreSQL, which takes as long as the network, and locks nothing. */
export type StatementKind = 'statement' | 'copy'

/** Called after every SQL statement, with the time until its whole response was read, ms. */
export type OnStatement = (durationMs: number, kind: StatementKind) => void

/** The `log` option of kysely for `onStatement`. */
export function statementLog(onStatement: OnStatement): (event: LogEvent) => void {
  return ({ queryDurationMillis }) => onStatement(queryDurationMillis, 'statement')
}
