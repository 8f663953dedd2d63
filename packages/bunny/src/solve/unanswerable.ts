import type { SourceError, SourceErrorKind } from '../sources/source-error.ts'

/** Who can do something about a task without an answer: the asker, nobody yet, this site, or us. */
export type UnanswerableCause = 'invalid' | 'unsupported' | 'database' | 'timeout' | 'internal'

/**
 * The task gets no number. `message` leaves the hospital in the result: it says why in words about the question or
 * about this program, and never holds SQL, a host name, or anything read from the database. What is for the site's own
 * log alone is the `cause`.
 */
export class Unanswerable extends Error {
  override readonly name = 'Unanswerable'
  readonly kind: UnanswerableCause

  constructor(kind: UnanswerableCause, message: string, options?: { cause?: unknown }) {
    super(shortLine(message), options)
    this.kind = kind
  }
}

const BY_SOURCE: Readonly<Record<SourceErrorKind, readonly [UnanswerableCause, string]>> = {
  unavailable: ['database', 'The database is not available.'],
  authentication: ['database', 'The database does not let this client in.'],
  'missing-table': ['database', 'The database lacks a table that this question needs.'],
  'missing-column': ['database', 'The database lacks a column that this question needs.'],
  timeout: ['timeout', 'The database did not answer in time.'],
  cancelled: ['database', 'The query was cancelled.'],
  query: ['database', 'The database could not run the query.'],
}

/** What may be said upstream about a database that did not answer: less than the source's own message, which may name hosts. */
export function unanswerableFromSource(error: SourceError): Unanswerable {
  const [kind, message] = BY_SOURCE[error.kind]
  return new Unanswerable(kind, message, { cause: error })
}

/** Long enough for a handful of problems with their paths; receivers show it to people, and store it. */
const MAX_REASON_LENGTH = 600

function shortLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- parts of a task may be quoted, and a task may hold anything
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim()
  return line.length <= MAX_REASON_LENGTH ? line : `${line.slice(0, MAX_REASON_LENGTH - 1)}…`
}
