import { NO_TLS, TLS_CODE } from './connection-failure.ts'
import { WrongSessionError } from './session-check.ts'
import { SourceError, type SourceErrorKind } from './source-error.ts'

/** Messages of pg, without an SQLSTATE, for a lost connection. */
const DEAD_CONNECTION =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired|timeout exceeded when trying to connect|read |write |This socket has been ended)/

const NODE_NETWORK_CODE =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ENOENT|EACCES)$/

/** By SQLSTATE, or its class (first two characters). https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BY_STATE: Readonly<Record<string, readonly [SourceErrorKind, string]>> = {
  '28P01': ['authentication', 'the database rejected the password'],
  '28': ['authentication', 'the database rejects this database user from this host'],
  '42501': ['authentication', 'the database user cannot read a required table'],
  '3D000': ['unavailable', 'the database does not exist'],
  '3F000': ['missing-table', 'the schema does not exist'],
  '42P01': ['missing-table', 'a table does not exist'],
  '42703': ['missing-column', 'a column does not exist'],
  '57014': ['timeout', 'the statement took longer than allowed'],
  '57': ['unavailable', 'the database is shutting down or starting up'],
  '53300': ['unavailable', 'the database has too many connections'],
  '53': ['unavailable', 'the database has not enough resources'],
  '08': ['unavailable', 'the connection to the database failed'],
  '25006': ['query', 'the statement would have changed the database'],
}

/** Waiting does not resolve these, unlike other errors of their kind. */
const NOT_RETRYABLE = new Set(['3D000'])

/** Converts an error of pg to a `SourceError`. The text of the server may quote data, so only names are copied from it. */
export function postgresError(error: unknown): SourceError {
  if (error instanceof SourceError) return error
  if (error instanceof AggregateError && error.errors.length > 0) {
    // Several hosts, several addresses of a host, or several encryptions were tried. The first error is used.
    const { kind, message, code, retryable } = postgresError(error.errors[0])
    return new SourceError(kind, message, { code, retryable, cause: error })
  }
  const code = errorCode(error)
  const text = error instanceof Error ? error.message : ''

  const known = BY_STATE[code] ?? (isSqlState(code) ? BY_STATE[code.slice(0, 2)] : undefined)
  if (known !== undefined) {
    const [kind, sentence] = known
    const message = missingName(text, kind) ?? sentence
    return NOT_RETRYABLE.has(code)
      ? new SourceError(kind, message, { code, retryable: false, cause: error })
      : new SourceError(kind, message, { code, cause: error })
  }
  if (isSqlState(code)) {
    return new SourceError('query', `the database rejected the statement (SQLSTATE ${code})`, {
      code,
      cause: error,
    })
  }
  if (text.startsWith('Query read timeout')) {
    return new SourceError('timeout', 'the database did not answer in time', {
      code: 'READ_TIMEOUT',
      cause: error,
    })
  }
  if (NODE_NETWORK_CODE.test(code) || DEAD_CONNECTION.test(text)) {
    return new SourceError('unavailable', 'cannot reach the database', {
      code: code || 'CONNECTION_LOST',
      cause: error,
    })
  }
  if (TLS_CODE.test(code)) {
    return new SourceError('unavailable', 'the TLS connection to the database failed', {
      code,
      retryable: false,
      cause: error,
    })
  }
  if (NO_TLS.test(text)) {
    return new SourceError('unavailable', 'the database server does not support TLS', {
      code: 'NO_TLS',
      retryable: false,
      cause: error,
    })
  }
  if (error instanceof WrongSessionError) {
    return new SourceError('unavailable', error.message, { code: 'WRONG_SESSION', cause: error })
  }
  if (/SASL|password must be a string/.test(text)) {
    return new SourceError('authentication', 'the database requires a password, but none is set', {
      code: 'NO_PASSWORD',
      cause: error,
    })
  }
  return new SourceError('query', 'the database driver failed', { code, cause: error })
}

/** Whether the connection is lost, so that the same statement can succeed on a new one. */
export function connectionIsDead(error: SourceError): boolean {
  return (
    error.kind === 'unavailable' &&
    (error.code === 'CONNECTION_LOST' ||
      error.code.startsWith('08') ||
      error.code.startsWith('57P0') ||
      NODE_NETWORK_CODE.test(error.code))
  )
}

/** Whether the connection can be used for the next statement. */
export function connectionIsUsable(error: SourceError): boolean {
  return isSqlState(error.code) && !/^(08|57P|28|3D|53)/.test(error.code)
}

/** Five digits and letters. Without a digit it is a code of Node.js, such as `EPIPE`. */
function isSqlState(code: string): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code)
}

function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { code } = error as Error & { code?: unknown }
  if (typeof code === 'string') return code
  return error.cause === undefined || error.cause === error ? '' : errorCode(error.cause)
}

/** Names of tables and columns come from our own statement, so messages may contain them. */
function missingName(text: string, kind: SourceErrorKind): string | undefined {
  const name = /"([A-Za-z_][\w.$]*)"|column ([a-z_][\w.]*)|for (?:table|view) (\w+)/.exec(text)
  const found = name?.[1] ?? name?.[2] ?? name?.[3]
  if (found === undefined) return undefined
  if (kind === 'missing-table') return `table ${found} does not exist`
  if (kind === 'missing-column') return `column ${found} does not exist`
  return undefined
}
