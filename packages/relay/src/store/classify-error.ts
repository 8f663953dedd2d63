import { postgresError } from '@warren/database'
import { DatabaseError } from 'pg'

import { TIMEOUT, type StoreFailure } from './store-error.ts'

/** What a failure means for the caller, apart from its code and text. */
type Grade = Pick<StoreFailure, 'unavailable' | 'transient' | 'onlyWrites'>

const DEFECT: Grade = { unavailable: false, transient: false, onlyWrites: false }
const UNAVAILABLE: Grade = { ...DEFECT, unavailable: true }
const NOT_WRITABLE: Grade = { ...UNAVAILABLE, onlyWrites: true }
/** The statement was rolled back and can be repeated. If that does not help, the database is unavailable. */
const TRANSIENT: Grade = { ...UNAVAILABLE, transient: true }

/** The states of a server that its own messages do not name in words that an operator knows. */
const NAMED: Readonly<Record<string, { readonly text: string; readonly grade: Grade }>> = {
  '25006': { text: 'the database is read-only', grade: NOT_WRITABLE },
  '53100': { text: 'the disk of the database is full', grade: NOT_WRITABLE },
  '53200': { text: 'the database is out of memory', grade: UNAVAILABLE },
  '53300': { text: 'the database has no free connection', grade: UNAVAILABLE },
  '55P03': { text: 'the database is locked', grade: TRANSIENT },
  '57014': { text: 'the statement took too long', grade: UNAVAILABLE },
}

/** SQLSTATE classes and codes of a server that is unreachable, not ready, or without resources. */
const UNAVAILABLE_CODES = /^(?:08|53|57P0|58)/
/** Serialization failure and deadlock. */
const TRANSIENT_CODES = /^(?:40001|40P01)$/
/** Data exceptions and integrity violations, whose messages quote values. */
const QUOTES_VALUES = /^2[23]/

// Errors of pg itself, which have no code.
const CONNECTION_LOST =
  /terminated|timeout|not queryable|after calling end|destroyed|discarded|connection is closed/i

export function classifyPostgresError(error: unknown): StoreFailure | null {
  if (!(error instanceof Error)) return null
  if (error instanceof DatabaseError) {
    const code = error.code ?? 'unknown'
    const constraint = error.constraint === undefined ? '' : `constraint ${error.constraint}`
    const named = NAMED[code]
    const text = named?.text ?? (QUOTES_VALUES.test(code) ? constraint : error.message)
    return { code, text, ...(named?.grade ?? gradeOf(code)), cause: withoutDetail(error, text) }
  }
  if (error instanceof AggregateError && error.errors.length > 0) {
    // Several hosts, several addresses of one, or several encryptions were tried. The first error counts, and the message of
    // all is more exact, if there is one.
    const first = classifyPostgresError(error.errors[0])
    return first === null ? null : { ...first, text: error.message || first.text }
  }
  if ('syscall' in error || 'errno' in error) {
    const code = 'code' in error ? String(error.code) : 'NETWORK'
    return { code, text: error.message, ...UNAVAILABLE, cause: error }
  }
  if (CONNECTION_LOST.test(error.message)) {
    const code = /timeout/i.test(error.message) ? TIMEOUT : 'CONNECTION_LOST'
    return { code, text: error.message, ...UNAVAILABLE, cause: error }
  }
  // No TLS, a certificate that is not trusted, or a session of the wrong kind.
  const { kind, code } = postgresError(error)
  return kind === 'unavailable' ? { code, text: error.message, ...UNAVAILABLE, cause: error } : null
}

function gradeOf(code: string): Grade {
  if (TRANSIENT_CODES.test(code)) return TRANSIENT
  return UNAVAILABLE_CODES.test(code) ? UNAVAILABLE : DEFECT
}

/** The primary result codes of SQLite that are not defects of the relay. */
const SQLITE_FAILURES: Readonly<
  Record<number, { readonly code: string; readonly text: string; readonly grade: Grade }>
> = {
  5: { code: 'SQLITE_BUSY', text: 'another process locks the database', grade: TRANSIENT },
  6: { code: 'SQLITE_LOCKED', text: 'the database is locked', grade: TRANSIENT },
  8: { code: 'SQLITE_READONLY', text: 'the database is read-only', grade: NOT_WRITABLE },
  10: { code: 'SQLITE_IOERR', text: 'the disk of the database failed', grade: UNAVAILABLE },
  13: { code: 'SQLITE_FULL', text: 'the disk of the database is full', grade: NOT_WRITABLE },
  14: { code: 'SQLITE_CANTOPEN', text: 'cannot open the database file', grade: UNAVAILABLE },
}
const SQLITE_CONSTRAINT = 19

export function classifySqliteError(error: unknown): StoreFailure | null {
  if (!(error instanceof Error)) return null
  if (!('errcode' in error) || typeof error.errcode !== 'number') {
    if (!/database is not open/i.test(error.message)) return null
    return { code: 'CLOSED', text: error.message, ...UNAVAILABLE, cause: error }
  }
  // Extended codes keep the primary one in the low byte.
  const primary = error.errcode & 0xff
  const known = SQLITE_FAILURES[primary]
  const text = known?.text ?? (primary === SQLITE_CONSTRAINT ? 'constraint' : error.message)
  return {
    code: known?.code ?? `SQLITE_${error.errcode}`,
    text,
    ...(known?.grade ?? DEFECT),
    cause: withoutDetail(error, text),
  }
}

// PostgreSQL's `detail` contains whole rows, and loggers print every property of an error and of its causes.
function withoutDetail(error: Error, text: string): Error {
  const bare = new Error(text)
  bare.name = error.name
  const frames = error.stack?.split('\n').filter((line) => line.startsWith('    at '))
  bare.stack = [`${error.name}: ${text}`, ...(frames ?? [])].join('\n')
  return bare
}
