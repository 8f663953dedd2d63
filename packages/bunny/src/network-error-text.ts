import { STATUS_CODES } from 'node:http'
import type { LogRecord } from '@warren/runtime'

/**
 * The text of Python's `requests` for a failed exchange, built from the fields of our event (`code`, `status`, `url`,
 * `detail`). Existing log pipelines distinguish causes by this text.
 */
export function networkErrorText(record: LogRecord): string {
  const code = stringField(record, 'code')
  const status = record['status']
  const place = placeOf(stringField(record, 'url'))
  if (typeof status === 'number' && status >= 400) {
    const side = status < 500 ? 'Client' : 'Server'
    const reason = STATUS_CODES[status] ?? 'Unknown'
    return `${String(status)} ${side} Error: ${reason} for url: ${place.url}`
  }
  const unreachable = ERRNO[code]
  if (unreachable !== undefined) {
    return `${place.pool}: Max retries exceeded with url: ${place.path} (Caused by ${newConnection(place, unreachable)})`
  }
  const unresolved = RESOLUTION[code]
  if (unresolved !== undefined) {
    return `${place.pool}: Max retries exceeded with url: ${place.path} (Caused by NameResolutionError("${place.connection}: Failed to resolve '${place.host}' (${unresolved})"))`
  }
  switch (code) {
    case 'CONNECT_TIMEOUT':
      return `${place.pool}: Max retries exceeded with url: ${place.path} (Caused by ConnectTimeoutError(<${place.connection}>, 'Connection to ${place.host} timed out. (connect timeout=None)'))`
    case 'READ_TIMEOUT':
      return `${place.pool}: Read timed out. (read timeout=None)`
    case 'ECONNRESET':
      return "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))"
    case 'NOT_JSON':
      return 'Expecting value: line 1 column 1 (char 0)'
    default:
  }
  if (code === 'TLS_HANDSHAKE_CLOSED') {
    return `${place.pool}: Max retries exceeded with url: ${place.path} (Caused by SSLError(SSLEOFError(8, '[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1010)')))`
  }
  const certificate = certificateText(code, place.host)
  if (certificate !== undefined) {
    return `${place.pool}: Max retries exceeded with url: ${place.path} (Caused by SSLError(${certificate}))`
  }
  return stringField(record, 'detail')
}

/** Failed connection attempts, in the wording of glibc. */
const ERRNO: Readonly<Record<string, string>> = {
  ECONNREFUSED: '[Errno 111] Connection refused',
  EHOSTUNREACH: '[Errno 113] No route to host',
  ENETUNREACH: '[Errno 101] Network is unreachable',
}

const RESOLUTION: Readonly<Record<string, string>> = {
  ENOTFOUND: '[Errno -2] Name or service not known',
  EAI_AGAIN: '[Errno -3] Temporary failure in name resolution',
}

/** OpenSSL verification errors: the code of the Task API client and the wording of OpenSSL. */
const CERTIFICATE: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not yet valid',
  CERT_REVOKED: 'certificate revoked',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'self-signed certificate in certificate chain',
  UNABLE_TO_GET_ISSUER_CERT: 'unable to get issuer certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unable to get local issuer certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unable to get local issuer certificate',
}

function certificateText(code: string, host: string): string | undefined {
  const bare = code.replace(/^TLS_/, '')
  const reason =
    bare === 'CERT_ALTNAME_INVALID'
      ? `Hostname mismatch, certificate is not valid for '${host}'.`
      : CERTIFICATE[bare]
  if (reason !== undefined) {
    return `SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ${reason} (_ssl.c:1010)')`
  }
  if (code.startsWith('TLS_')) return `SSLError(1, '[SSL: ${bare}] (_ssl.c:1010)')`
  return undefined
}

interface Place {
  readonly url: string
  readonly host: string
  readonly path: string
  /** The names that `urllib3` gives to the pool and the connection of this URL. */
  readonly pool: string
  readonly connection: string
}

function placeOf(url: string): Place {
  const match = /^(https?):\/\/([^/:]+|\[[^\]]+\])(?::(\d+))?(\/.*)?$/i.exec(url)
  const secure = match?.[1]?.toLowerCase() !== 'http'
  const host = match?.[2] ?? 'unknown'
  const port = match?.[3] ?? (secure ? '443' : '80')
  const scheme = secure ? 'HTTPS' : 'HTTP'
  return {
    url,
    host,
    path: match?.[4] ?? '/',
    pool: `${scheme}ConnectionPool(host='${host}', port=${port})`,
    connection: `urllib3.connection.${scheme}Connection object`,
  }
}

const newConnection = (place: Place, reason: string): string =>
  `NewConnectionError('<${place.connection}>: Failed to establish a new connection: ${reason}')`

const stringField = (record: LogRecord, field: string): string => {
  const value = record[field]
  return typeof value === 'string' ? value : ''
}
