import { describeFailure } from './route/address-failure.ts'
import { NoAddressError } from './route/no-address-error.ts'
import { TaskApiError, type TaskApiErrorKind } from './task-api-error.ts'

interface Failure {
  readonly kind: TaskApiErrorKind
  readonly code: string
  readonly message: string
  readonly retryable?: boolean
}

/** When an error occurred. */
export interface FailureContext {
  /** Before a request was sent. */
  readonly whileConnecting: boolean
  /** The server is reached by TLS. */
  readonly secure: boolean
}

/** Turns an error of the HTTP library into a `TaskApiError`. `target` names the server in the message. */
export function transportFailure(error: unknown, target: string, requestId: string): TaskApiError {
  const { message, ...failure } =
    error instanceof NoAddressError ? explainAttempts(error, target) : explain(error, target)
  const cause = error instanceof NoAddressError ? error.cause : error
  // The error of the parser contains the received data, which may be part of a task.
  const shown = isParserError(cause) ? new Error(cause.message) : cause
  return new TaskApiError(message, { ...failure, requestId, cause: shown })
}

/** The code of a `TaskApiError` for an error of one connection. */
export function connectionFailureCode(error: unknown, context: FailureContext): string {
  const { code } = explain(error, '')
  // The server resets the connection during the handshake.
  const isHandshake = context.whileConnecting && context.secure && code === 'ECONNRESET'
  return isHandshake ? HANDSHAKE_CLOSED : code
}

function explainAttempts({ attempts }: NoAddressError, target: string): Failure {
  const [first] = attempts
  if (first === undefined) return transport('UNKNOWN', `request to ${target} failed`)
  const each = new Map(
    attempts.map(({ address, failure, code }) => [
      address ?? '',
      `${address ?? 'one that the proxy chose'} ${describeFailure(failure, code)}`,
    ]),
  )
  const single = explain(first.cause, target)
  if (each.size === 1) {
    return first.code === HANDSHAKE_CLOSED ? closedHandshake(target) : single
  }
  const list = [...each.values()].join(', ')
  const message = `none of the ${each.size} addresses of ${target} answered: ${list}`
  return { ...single, code: first.code, message }
}

function explain(cause: unknown, target: string): Failure {
  const chain = causes(cause)
  const codes = chain.map((error) => codeOf(error)).filter((code) => code !== '')
  const text = chain.map((error) => error.message).join(' ')
  const has = (...wanted: string[]) => codes.find((code) => wanted.includes(code))

  const dns = has('ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME', 'ENODATA')
  if (dns !== undefined) return transport(dns, `cannot resolve the host name of ${target}`)
  if (text.includes('before secure TLS connection was established')) return closedHandshake(target)
  if (has('ECONNREFUSED') !== undefined) {
    return transport('ECONNREFUSED', `${target} refused the connection`)
  }
  const unreachable = has('EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL')
  if (unreachable !== undefined) return transport(unreachable, `no route to ${target}`)
  if (has('UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT') !== undefined) {
    return transport('CONNECT_TIMEOUT', `timeout while connecting to ${target}`)
  }
  if (has('UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT') !== undefined) {
    return transport('READ_TIMEOUT', `timeout while waiting for the response of ${target}`)
  }
  const tls = codes.find((code) => isTlsCode(code))
  if (tls !== undefined) {
    const reason = tls.replace(/^ERR_(?:TLS|SSL)_/, '')
    return transport(`TLS_${reason}`, `TLS connection to ${target} failed (${reason})`)
  }
  const proxy = /Proxy response \((\d+)\)|Proxy Authentication Required \((407)\)/.exec(text)
  if (proxy !== null) {
    const status = proxy[1] ?? proxy[2] ?? ''
    return transport(
      `PROXY_${status}`,
      status === '407'
        ? `the proxy rejects the connection to ${target}: it requires other credentials (407 Proxy Authentication Required)`
        : `the proxy returned ${status} for ${target}`,
    )
  }
  if (chain.some((error) => isParserError(error))) {
    return {
      kind: 'invalid-response',
      code: 'NOT_HTTP',
      message: `the response of ${target} is not HTTP`,
    }
  }
  if (has('UND_ERR_DESTROYED', 'UND_ERR_CLOSED') !== undefined) {
    const message = 'the Task API client was closed'
    return { ...transport('CLIENT_CLOSED', message), retryable: false }
  }
  if (has('ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET') !== undefined) {
    return transport('ECONNRESET', `lost the connection to ${target}`)
  }
  return transport(codes[0] ?? 'UNKNOWN', `request to ${target} failed`)
}

const HANDSHAKE_CLOSED = 'TLS_HANDSHAKE_CLOSED'

const closedHandshake = (target: string): Failure =>
  transport(HANDSHAKE_CLOSED, `${target} closed the connection during the TLS handshake`)

function transport(code: string, message: string): Failure {
  return { kind: 'transport', code, message }
}

const CERTIFICATE_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|CRL_|.*SELF_SIGNED|.*_CERT(?:$|_)|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|UND_ERR_PRX_TLS)/

function isTlsCode(code: string): boolean {
  return CERTIFICATE_CODE.test(code)
}

function isParserError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'HTTPParserError'
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

// Bounded, because a chain of causes may be circular.
function causes(error: unknown): Error[] {
  const chain: Error[] = []
  let current = error
  while (current instanceof Error && chain.length < 8) {
    chain.push(current)
    if (current instanceof AggregateError) {
      chain.push(...current.errors.filter((inner) => inner instanceof Error).slice(0, 4))
    }
    current = current.cause
  }
  return chain
}
