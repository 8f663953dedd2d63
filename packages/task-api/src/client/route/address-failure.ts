/** Why an address failed. The values are few, because they are labels of metrics. */
export type AddressFailure =
  | 'refused'
  | 'unreachable'
  | 'connect-timeout'
  | 'tls-closed'
  | 'tls-certificate'
  | 'tls-failed'
  | 'closed'
  | 'no-response'
  | 'gateway-error'
  | 'not-http'
  | 'other'

/** What the address did, as a sentence without its subject. */
const DID: Readonly<Record<AddressFailure, string>> = {
  refused: 'refused the connection',
  unreachable: 'was unreachable (no route)',
  'connect-timeout': 'did not complete the connection',
  'tls-closed': 'closed the TLS handshake',
  'tls-certificate': 'presented a certificate that is not accepted',
  'tls-failed': 'failed the TLS handshake',
  closed: 'closed the connection before a response',
  'no-response': 'did not respond',
  'gateway-error': 'returned a gateway error',
  'not-http': 'sent a response that is not HTTP',
  other: 'failed',
}

/** `closed the TLS handshake`, with the code if the words alone do not determine it. */
export function describeFailure(failure: AddressFailure, code: string): string {
  const words = DID[failure]
  if (failure === 'gateway-error') return `${words} (${code.replace(/^HTTP_/, '')})`
  const needsCode = ['tls-certificate', 'tls-failed', 'other'].includes(failure)
  return needsCode ? `${words} (${code.replace(/^TLS_/, '')})` : words
}

const BY_CODE: Readonly<Record<string, AddressFailure>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  CONNECT_TIMEOUT: 'connect-timeout',
  TLS_HANDSHAKE_CLOSED: 'tls-closed',
  ECONNRESET: 'closed',
  READ_TIMEOUT: 'no-response',
  NOT_HTTP: 'not-http',
}

const CERTIFICATE_CODE =
  /^TLS_(?:CERT|CRL|.*SELF_SIGNED|.*_CERT(?:$|_)|UNABLE_TO|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME)/

/** The failure that a code of a `TaskApiError` stands for. */
export function failureOf(code: string): AddressFailure {
  const known = BY_CODE[code]
  if (known !== undefined) return known
  if (code.startsWith('TLS_')) return CERTIFICATE_CODE.test(code) ? 'tls-certificate' : 'tls-failed'
  return /^HTTP_50[234]$/.test(code) ? 'gateway-error' : 'other'
}

/** Failures of which a new connection, without a request, proves the end. */
export const isConnectionFailure = (failure: AddressFailure): boolean =>
  [
    'refused',
    'unreachable',
    'connect-timeout',
    'tls-closed',
    'tls-certificate',
    'tls-failed',
  ].includes(failure)

/** 502, 503 and 504: the server behind this address did not answer, one behind another address may. */
export const isGatewayStatus = (status: number): boolean =>
  status === 502 || status === 503 || status === 504
