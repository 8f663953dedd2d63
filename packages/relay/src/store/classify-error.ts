import { postgresError } from '@warren/database'
import { DatabaseError } from 'pg'

import { TIMEOUT, type StoreFailure } from './store-error.ts'

/** What a failure means for the caller, apart from its code and text. */
type Grade = Pick<StoreFailure, 'unavailable' | 'transient' | 'affects' | 'waitingIsUseless'>

const DEFECT: Grade = {
  unavailable: false,
  transient: false,
  affects: 'everything',
  waitingIsUseless: false,
}
const UNAVAILABLE: Grade = { ...DEFECT, unavailable: true }
const NOT_WRITABLE: Grade = { ...UNAVAILABLE, affects: 'writes' }
/** An operator has changed what the relay may use. It continues once that is corrected. */
const REJECTED: Grade = { ...UNAVAILABLE, waitingIsUseless: true }
const TABLES_REJECTED: Grade = { ...REJECTED, affects: 'tables' }
/** The statement was rolled back and can be repeated. If that does not help, the database is unavailable. */
const TRANSIENT: Grade = { ...UNAVAILABLE, transient: true }

interface Named {
  readonly text: string
  readonly grade: Grade
  /** What an operator can do. */
  readonly hint?: string
}

const CREDENTIALS_HINT =
  'Correct the user and the password in RELAY_STORE, or the role and pg_hba.conf of the server.'
const TABLES_HINT =
  'Restore the database from its backup, or create empty tables with: warren relay database update'
const DISK_HINT = 'Free space on the disk of the database.'
const READ_ONLY_HINT =
  'Make the database writable, or correct RELAY_STORE if another server is the primary now.'

/** The states of a server that its own messages do not name in words that an operator knows. */
const NAMED: Readonly<Record<string, Named>> = {
  '25006': { text: 'the database is read-only', grade: NOT_WRITABLE, hint: READ_ONLY_HINT },
  '28000': {
    text: 'the database rejects the user of the relay',
    grade: REJECTED,
    hint: CREDENTIALS_HINT,
  },
  '28P01': {
    text: 'the database rejects the password of the relay',
    grade: REJECTED,
    hint: CREDENTIALS_HINT,
  },
  '3D000': {
    text: 'the database does not exist',
    grade: REJECTED,
    hint: 'Create the database, restore it from its backup, or correct its name in RELAY_STORE.',
  },
  '3F000': { text: 'the schema does not exist', grade: TABLES_REJECTED, hint: TABLES_HINT },
  '42501': {
    text: 'the user of the relay lacks a privilege in the database',
    grade: TABLES_REJECTED,
    hint: 'Make that user the owner of the tables that begin with relay_, or grant it SELECT, INSERT, UPDATE and DELETE on them.',
  },
  '42P01': {
    text: 'a table of the relay does not exist',
    grade: TABLES_REJECTED,
    hint: TABLES_HINT,
  },
  '53100': { text: 'the disk of the database is full', grade: NOT_WRITABLE, hint: DISK_HINT },
  '53200': { text: 'the database is out of memory', grade: UNAVAILABLE },
  '53300': {
    text: 'the database has no free connection',
    grade: UNAVAILABLE,
    hint: 'Raise max_connections of the server, or close connections of other programs.',
  },
  '55000': {
    text: 'the database does not accept connections',
    grade: REJECTED,
    hint: 'Allow connections to the database: ALTER DATABASE name WITH ALLOW_CONNECTIONS true',
  },
  '55P03': { text: 'the database is locked', grade: TRANSIENT },
  '57014': { text: 'the statement took too long', grade: UNAVAILABLE },
}

/** SQLSTATE classes and codes of a server that is unreachable, not ready, or without resources. */
const UNAVAILABLE_CODES = /^(?:08|53|57P0|58)/
/** The server's message says whether the role, its login, pg_hba.conf or the encryption is the reason. */
const INVALID_AUTHORISATION = '28000'
/** Invalid authorisation. */
const REJECTED_CODES = /^28/
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
    const text =
      named === undefined
        ? QUOTES_VALUES.test(code)
          ? constraint
          : error.message
        : code === INVALID_AUTHORISATION
          ? `${named.text}: ${error.message}`
          : named.text
    return {
      code,
      text,
      ...(named?.grade ?? gradeOf(code)),
      ...(named?.hint === undefined ? {} : { hint: named.hint }),
      cause: withoutDetail(error, text),
    }
  }
  if (error instanceof AggregateError && error.errors.length > 0) {
    // Several hosts, several addresses of one, or several encryptions were tried. The first error counts, and the message of
    // all is more exact, if there is one.
    const first = classifyPostgresError(error.errors[0])
    if (first === null) return null
    const isNamed = first.hint !== undefined && error.message !== ''
    return {
      ...first,
      text: isNamed ? `${first.text} (${error.message})` : error.message || first.text,
    }
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
  if (REJECTED_CODES.test(code)) return REJECTED
  return UNAVAILABLE_CODES.test(code) ? UNAVAILABLE : DEFECT
}

/** The primary result codes of SQLite that are not defects of the relay. */
const SQLITE_FAILURES: Readonly<Record<number, Named & { readonly code: string }>> = {
  5: { code: 'SQLITE_BUSY', text: 'another process locks the database', grade: TRANSIENT },
  6: { code: 'SQLITE_LOCKED', text: 'the database is locked', grade: TRANSIENT },
  8: {
    code: 'SQLITE_READONLY',
    text: 'the database is read-only',
    grade: NOT_WRITABLE,
    hint: 'Check the permissions of the database file and its folder, and whether its file system is mounted read-only.',
  },
  10: { code: 'SQLITE_IOERR', text: 'the disk of the database failed', grade: UNAVAILABLE },
  13: {
    code: 'SQLITE_FULL',
    text: 'the disk of the database is full',
    grade: NOT_WRITABLE,
    hint: DISK_HINT,
  },
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
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
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
