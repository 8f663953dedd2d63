import type { Cause } from '../vocabulary/cause.ts'

/** Network failure in an error text; `status` if there was an HTTP response. */
export interface NetworkCause {
  cause: Cause
  status?: number
}

/**
 * Phrases of Python (requests, urllib3), .NET, Node.js (undici) and NGINX for the same failure. The first match wins: a wrapped error
 * also contains its outer class, so the most specific phrases come first.
 */
const PHRASES: readonly (readonly [Cause, readonly string[]])[] = [
  [
    'tls-expired',
    [
      'certificate has expired',
      'cert_has_expired',
      'nottimevalid',
      'certificate is not yet valid',
      'cert_not_yet_valid',
    ],
  ],
  [
    'tls-wrong-name',
    [
      'hostname mismatch',
      'ip address mismatch',
      "doesn't match",
      'certificate is not valid for',
      'remotecertificatenamemismatch',
      'err_tls_cert_altname_invalid',
      'altname',
      'hostname_mismatch',
      'subject name',
    ],
  ],
  [
    'tls-untrusted',
    [
      'self-signed certificate',
      'self signed certificate',
      'self_signed_cert',
      'unable to get local issuer',
      'unable to get issuer',
      'unable_to_get_issuer_cert',
      'unable_to_verify_leaf_signature',
      'untrustedroot',
      'partialchain',
      'certificate_verify_failed',
      'unknown ca',
      'errors in the certificate chain',
      'remotecertificatechainerrors',
    ],
  ],
  [
    'proxy-authentication',
    [
      '407 proxy authentication',
      'proxy authentication required',
      'tunnel connection failed: 407',
      'http_407',
      'proxy_407',
    ],
  ],
  ['proxy-502', ['tunnel connection failed: 502', 'proxy response (502)', 'proxy_502']],
  ['proxy-503', ['tunnel connection failed: 503', 'proxy response (503)', 'proxy_503']],
  ['proxy-504', ['tunnel connection failed: 504', 'proxy response (504)', 'proxy_504']],
  [
    'name-resolution',
    [
      'nameresolutionerror',
      'name or service not known',
      'temporary failure in name resolution',
      'failed to resolve',
      'nodename nor servname',
      'no address associated with hostname',
      'no such host is known',
      'getaddrinfo',
      'enotfound',
      'eai_again',
      'eai_noname',
      'eai_fail',
      'no such host',
    ],
  ],
  [
    'connect-timeout',
    [
      'connecttimeout',
      'connect timeout',
      'connect_timeout',
      'connection timed out',
      'etimedout',
      'no route to host',
      'ehostunreach',
      'network is unreachable',
      'enetunreach',
      'a connection attempt failed because the connected party did not properly respond',
    ],
  ],
  [
    'connection-refused',
    [
      'connection refused',
      'econnrefused',
      'actively refused',
      'errno 111',
      'connectionrefused',
      'connect() failed (111',
    ],
  ],
  [
    'read-timeout',
    [
      'read timed out',
      'readtimeout',
      'read timeout',
      'read_timeout',
      'headers_timeout',
      'headers timeout',
      'body_timeout',
      'body timeout',
      'configured httpclient.timeout',
      'request timed out',
      'request_timeout',
    ],
  ],
  [
    'tls-failed',
    [
      'sslerror',
      'ssl error',
      'ssl connection could not be established',
      'wrong version number',
      'wrong_version_number',
      'handshake failure',
      'handshake_failure',
      'eproto',
      'tlsv1 alert',
      'err_ssl',
      'err_tls',
      'unexpected_eof_while_reading',
      'tls_handshake_closed',
    ],
  ],
  [
    'connection-closed',
    [
      'remotedisconnected',
      'remote end closed connection',
      'connection aborted',
      'connection reset',
      'connectionreset',
      'econnreset',
      'econnaborted',
      'epipe',
      'broken pipe',
      'socket hang up',
      'other side closed',
      'und_err_socket',
      'incompleteread',
      'chunkedencodingerror',
      'response ended prematurely',
      'connection was forcibly closed',
      'prematurely closed connection',
    ],
  ],
  [
    'not-a-task-api',
    [
      'expecting value',
      'jsondecodeerror',
      'not valid json',
      'unexpected token',
      'not a task api',
      'invalid json',
    ],
  ],
]

/** `401 Client Error: …`, `502 Server Error: …`, `HTTP_503`, `does not indicate success: 502 (Bad Gateway)` */
const STATUS =
  /\b([45]\d\d) (?:client|server) error\b|\bhttp[_ ](?:status )?([45]\d\d)\b|success: ([45]\d\d)\b|failed with ([45]\d\d)\b/i

/** Names of .NET for statuses, as in `request failed: Unauthorized`. */
const STATUS_NAMES: ReadonlyMap<string, number> = new Map([
  ['BadRequest', 400],
  ['Unauthorized', 401],
  ['Forbidden', 403],
  ['NotFound', 404],
  ['MethodNotAllowed', 405],
  ['ProxyAuthenticationRequired', 407],
  ['RequestTimeout', 408],
  ['Conflict', 409],
  ['Gone', 410],
  ['TooManyRequests', 429],
  ['InternalServerError', 500],
  ['BadGateway', 502],
  ['ServiceUnavailable', 503],
  ['GatewayTimeout', 504],
])
const STATUS_NAME = new RegExp(
  `(?:: |with |status |code |\\()(${[...STATUS_NAMES.keys()].join('|')})\\b`,
)

/** The HTTP status in an error text, as a number or by name; undefined if there is none. */
function statusIn(text: string): number | undefined {
  const number = STATUS.exec(text)
    ?.slice(1)
    .find((group) => group !== undefined)
  if (number !== undefined) return Number(number)
  return STATUS_NAMES.get(STATUS_NAME.exec(text)?.[1] ?? '')
}

/** The network failure in an error text; undefined if there is none. */
export function networkCause(text: string): NetworkCause | undefined {
  const lower = text.toLowerCase()
  const code = statusIn(text)
  if (code !== undefined) return { cause: causeOfStatus(code), status: code }
  for (const [cause, words] of PHRASES)
    if (words.some((word) => lower.includes(word))) return { cause }
  if (lower.includes('proxyerror') || lower.includes('cannot connect to proxy'))
    return { cause: 'proxy-502' }
  return undefined
}

/** The cause of an HTTP status of 300 or above in response to a poll. */
export function causeOfStatus(status: number): Cause {
  switch (status) {
    case 401:
      return 'auth-refused'
    case 403:
      return 'access-forbidden'
    case 404:
    case 405:
    case 410:
      return 'wrong-address'
    case 407:
      return 'proxy-authentication'
    case 408:
      return 'read-timeout'
    case 413:
      return 'result-not-submitted'
    case 429:
      return 'rate-limited'
    case 460:
    case 499:
      return 'client-left'
    case 502:
      return 'proxy-502'
    case 503:
      return 'proxy-503'
    case 504:
      return 'proxy-504'
    default:
      if (status < 400) return 'not-a-task-api'
      return status >= 500 ? 'relay-error' : 'wrong-address'
  }
}

/** Timeout in an error of Python's requests: `Read timed out. (read timeout=60)`. Milliseconds; NaN if it is absent. */
export function waitedMs(text: string): number {
  const seconds = /\((?:read|connect) timeout=(\d+(?:\.\d+)?)\)/.exec(text)?.[1]
  return seconds === undefined ? Number.NaN : Number(seconds) * 1_000
}
