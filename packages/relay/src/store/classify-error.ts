import { DatabaseError } from 'pg'

import { TIMEOUT, type StoreFailure } from './store-error.ts'

/** SQLSTATE classes and codes of a server that is unreachable, not ready, or read-only. */
const UNAVAILABLE = /^(?:08|57P0[123]|53300|25006)/
/** Serialization failure, deadlock, lock not available. */
const TRANSIENT = new Set(['40001', '40P01', '55P03'])
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
    const text = QUOTES_VALUES.test(code) ? constraint : error.message
    const unavailable = UNAVAILABLE.test(code)
    return {
      code,
      text,
      unavailable,
      transient: TRANSIENT.has(code),
      cause: withoutDetail(error, text),
    }
  }
  if (error instanceof AggregateError && error.errors.length > 0) {
    // A host name with several addresses causes one error per address.
    return classifyPostgresError(error.errors[0])
  }
  if ('syscall' in error || 'errno' in error) {
    const code = 'code' in error ? String(error.code) : 'NETWORK'
    return { code, text: error.message, unavailable: true, transient: false, cause: error }
  }
  if (CONNECTION_LOST.test(error.message)) {
    const code = /timeout/i.test(error.message) ? TIMEOUT : 'CONNECTION_LOST'
    return { code, text: error.message, unavailable: true, transient: false, cause: error }
  }
  return null
}

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_CONSTRAINT = 19
/** Read-only, I/O error, disk full, cannot open. */
const SQLITE_UNAVAILABLE = new Set([8, 10, 13, 14])

export function classifySqliteError(error: unknown): StoreFailure | null {
  if (!(error instanceof Error)) return null
  if (!('errcode' in error) || typeof error.errcode !== 'number') {
    if (!/database is not open/i.test(error.message)) return null
    return {
      code: 'CLOSED',
      text: error.message,
      unavailable: true,
      transient: false,
      cause: error,
    }
  }
  // Extended codes keep the primary one in the low byte.
  const primary = error.errcode & 0xff
  const transient = primary === SQLITE_BUSY || primary === SQLITE_LOCKED
  const text = primary === SQLITE_CONSTRAINT ? 'constraint' : error.message
  return {
    code: `SQLITE_${error.errcode}`,
    text,
    unavailable: transient || SQLITE_UNAVAILABLE.has(primary),
    transient,
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
