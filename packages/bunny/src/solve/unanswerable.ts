import type { SourceError, SourceErrorKind } from '@warren/database'

/**
 * Who can act: the researcher (`invalid`), no one yet (`unsupported`), the site (`database`, `timeout`, `policy`) or the
 * developers of Warren (`internal`).
 */
export type UnanswerableCause =
  'invalid' | 'unsupported' | 'policy' | 'database' | 'timeout' | 'internal'

/**
 * Why a task gets no count. `message` leaves the site in the result, so it contains no SQL, no host name and no data from
 * the database. The `cause` is for the local log only.
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
  authentication: ['database', 'The database rejected the credentials of the bunny.'],
  'missing-table': ['database', 'The database does not have a table that this task needs.'],
  'missing-column': ['database', 'The database does not have a column that this task needs.'],
  timeout: ['timeout', 'The database did not answer in time.'],
  cancelled: ['database', 'The query was cancelled.'],
  query: ['database', 'The database could not run the query.'],
}

/** SQLSTATE insufficient_privilege. */
const NO_PRIVILEGE = '42501'

/** A database failure in words that may leave the site. The message of the `SourceError` may not: it can name hosts. */
export function unanswerableFromSource(error: SourceError): Unanswerable {
  const [kind, message] =
    error.code === NO_PRIVILEGE
      ? (['database', 'The bunny may not read a table that this task needs.'] as const)
      : BY_SOURCE[error.kind]
  return new Unanswerable(kind, message, { cause: error })
}

/** Enough for a few problems with their paths. Receivers show and store the text. */
const MAX_REASON_LENGTH = 600

function shortLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- parts of a task may be quoted, and a task may hold anything
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim()
  return line.length <= MAX_REASON_LENGTH ? line : `${line.slice(0, MAX_REASON_LENGTH - 1)}…`
}
