import { withoutStack } from './error-text.ts'

/** Words that show an error came from the client's own database. */
const DATABASE_PHRASES = [
  'sqlalchemy',
  'psycopg',
  'pyodbc',
  'pymssql',
  'operationalerror',
  'databaseerror',
  'programmingerror',
  'cdm',
  'database',
  'could not connect to server',
]

/** As in `RetryError[<Future at 0x7f state=finished raised ValueError>]`. */
const RAISED = /RetryError\[.*\braised \w+/

/** The last attempt to answer a task failed. */
export function givesUp(text: string): boolean {
  return RAISED.test(text)
}

/** The error is about the client's own database. */
export function mentionsDatabase(text: string): boolean {
  const lower = withoutStack(text).toLowerCase()
  return DATABASE_PHRASES.some((word) => lower.includes(word))
}
