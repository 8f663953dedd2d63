import { failed, type Finding } from './step.ts'

/** The code of an error, its cause or its first part. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.cause === undefined || error.cause === error ? '' : codeOf(error.cause)
}

/** A connection failed before TLS. */
export function tcpProblem(error: unknown): Finding {
  const code = codeOf(error)
  switch (code) {
    case 'ECONNREFUSED':
      return failed(
        `the connection is refused (${code})`,
        'Nothing listens on this port: check the port, and that the server runs.',
      )
    case 'ETIMEDOUT':
    case 'ABORT_ERR':
      return failed(
        'there is no answer',
        'A firewall drops the packets: ask for outgoing TCP connections to this address and port.',
      )
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return failed(
        `there is no route (${code})`,
        'Check the network of this machine. If the address is IPv6, this machine may have none.',
      )
    case 'ECONNRESET':
    case 'EPIPE':
      return failed(
        `the connection is closed at once (${code})`,
        'Check a firewall or proxy in between.',
      )
    default:
      return failed(`cannot connect (${code === '' ? 'unknown error' : code})`)
  }
}

/** With TLS 1.3 a server rejects a client certificate after the handshake, when the first response is read. */
export function clientCertificateProblem(code: string): Finding | undefined {
  if (!/_ALERT_(?:\w*CERT\w*|UNKNOWN_CA|ACCESS_DENIED)$/.test(code)) return undefined
  return failed(
    /CERTIFICATE_REQUIRED/.test(code)
      ? `the server requires a client certificate (${code})`
      : `the server does not accept the client certificate (${code})`,
    CLIENT_CERTIFICATE_ADVICE,
  )
}

export const CLIENT_CERTIFICATE_ADVICE =
  'Ask the operator of the relay for a certificate, and set TASK_API_CLIENT_CERT_FILE and TASK_API_CLIENT_KEY_FILE.'

/** The TLS handshake failed. A certificate that is not trusted is not a failed handshake. */
export function tlsProblem(error: unknown): Finding {
  const code = codeOf(error)
  const ofCertificate = clientCertificateProblem(code)
  if (ofCertificate !== undefined) return ofCertificate
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code)) {
    return failed(
      `the server does not use TLS on this port (${code})`,
      'Check the port of TASK_API_BASE_URL, or use an http URL with TASK_API_ENFORCE_HTTPS=false.',
    )
  }
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED') {
    return failed(
      'the server closes the connection during the TLS handshake',
      'If other addresses work, report this address to the operator of the relay: its load balancer leads to a broken target. Otherwise check a firewall that inspects TLS.',
    )
  }
  if (code === 'ABORT_ERR' || code === 'ETIMEDOUT') {
    return failed(
      'the server accepts the connection but does not answer the TLS handshake',
      'Report this address to the operator of the relay.',
    )
  }
  return failed(
    `the TLS handshake failed (${code === '' ? 'unknown error' : code})`,
    'Ask the operator of the relay which TLS versions, ciphers and client certificates it requires.',
  )
}
