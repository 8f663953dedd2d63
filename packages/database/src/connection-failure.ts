import { DatabaseError } from 'pg'

import { WrongSessionError } from './session-check.ts'

/** Why a connection failed, as far as it determines what to try next. */
export interface ConnectionFailure {
  /** Another encryption may succeed. */
  readonly isEncryption: boolean
  /** Another host may succeed. Credentials that one host rejects are rejected by all. */
  readonly isHost: boolean
}

/** Invalid authorization: pg_hba.conf has no entry for this user, host and encryption. */
const NO_HBA_ENTRY = '28000'
const AUTHENTICATION = /^28/

/** Undefined for an error that no other way of connecting avoids. */
export function connectionFailure(error: unknown): ConnectionFailure | undefined {
  if (error instanceof WrongSessionError) return { isEncryption: false, isHost: true }
  if (error instanceof DatabaseError) {
    const { code = '' } = error
    return { isEncryption: code === NO_HBA_ENTRY, isHost: !AUTHENTICATION.test(code) }
  }
  return { isEncryption: isTlsError(error), isHost: true }
}

/** The server offers no TLS, or the handshake failed. */
export function isTlsError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return TLS_CODE.test(code) || NO_TLS.test(error.message)
}

export const NO_TLS = /server does not support SSL|error establishing an SSL connection/
export const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|ERR_OSSL)/
