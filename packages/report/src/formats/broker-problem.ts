import type { Cause } from '../vocabulary/cause.ts'
import { knownReason } from '../vocabulary/quotes/line-quoter.ts'

/** What an unusual event of the broker is about. */
export type BrokerProblem =
  /** A connection without a login: a port probe, unless the relay logs that it cannot connect. */
  | { readonly kind: 'port-probe'; readonly detail: string }
  | { readonly kind: 'link'; readonly cause: Cause; readonly detail: string }
  /** The broker refused an operation after a login. */
  | { readonly kind: 'operation'; readonly detail: string }
  /** Part of an event that is counted elsewhere, or of normal work. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown' }

const NOTHING: BrokerProblem = { kind: 'nothing' }

/** Patterns for clients that used another protocol or sent nothing. */
const PORT_PROBES: readonly (readonly [said: RegExp, detail: string])[] = [
  [
    /HTTP GET request detected|bad_header,<<"(?:GET|HEAD|POST|PUT|OPTIONS|CONNECT) /,
    'HTTP request',
  ],
  [/TLS client detected|bad_header,<<22,3,|bad_header,detected_tls/, 'TLS handshake'],
  [/\{handshake_timeout,/, 'login timeout'],
  [/\{bad_header|\{bad_version|did not start with AMQP|\{sasl_required|requires SASL/, 'not AMQP'],
  [/failed to negotiate connection parameters|\{handshake_error,/, 'failed handshake'],
]

const REFUSED_LOGIN = [
  / login refused/,
  /invalid credentials/,
  /access to vhost .* refused/,
  /\bvhost .* (?:not found|is down)/,
  /connection limit .*is reached/,
  /user limit .*is reached/,
]

/** The network or the other side closed the connection. */
const CUT_OFF =
  /client unexpectedly closed TCP connection|connection_closed_abruptly|\{inet_error,|\{writer,send_failed|heartbeat_send_error|\{socket_error,|socket is not connected|enotconn/

const OPERATION = /operation (\S+) caused a (?:channel|connection) exception (\w+)/

/**
 * Classifies a whole event with all its lines, as logged by RabbitMQ 3.8 to 4.2. `loggedIn`: the connection had logged in;
 * `stopping`: the broker has logged a shutdown.
 */
export function brokerProblem(
  text: string,
  { loggedIn, stopping }: { loggedIn: boolean; stopping: boolean },
): BrokerProblem {
  const operation = OPERATION.exec(text)
  if (operation !== null) return refusedOperation(text, operation, stopping)
  if (REFUSED_LOGIN.some((pattern) => pattern.test(text))) {
    return { kind: 'link', cause: 'broker-auth-failed', detail: userIn(text) }
  }
  if (/missed heartbeats/i.test(text)) {
    return { kind: 'link', cause: 'broker-heartbeat-lost', detail: '' }
  }
  if (/credential has expired/.test(text)) {
    return { kind: 'link', cause: 'broker-auth-failed', detail: userIn(text) }
  }
  const probe = PORT_PROBES.find(([pattern]) => pattern.test(text))
  if (probe !== undefined && !loggedIn) return { kind: 'port-probe', detail: probe[1] }
  if (CUT_OFF.test(text)) {
    return loggedIn
      ? { kind: 'link', cause: 'broker-connection-lost', detail: '' }
      : { kind: 'port-probe', detail: 'closed before login' }
  }
  return isCleanEnd(text) ? NOTHING : { kind: 'unknown' }
}

function refusedOperation(
  text: string,
  [, operation = '', exception = '']: RegExpExecArray,
  stopping: boolean,
): BrokerProblem {
  if (exception === 'connection_forced') {
    if (stopping) return NOTHING
    const reason = /connection_forced: "?([^"\n]*)/.exec(text)?.[1] ?? ''
    return {
      kind: 'link',
      cause: 'broker-connection-lost',
      detail: `closed by the broker: ${knownReason(reason)}`,
    }
  }
  // Clients use this to check whether something exists.
  if (exception === 'not_found' && operation.endsWith('.declare')) return NOTHING
  return { kind: 'operation', detail: `${operation}: ${exception}` }
}

/** Supervisors log an error for each child that ends while they shut it down. */
function isCleanEnd(text: string): boolean {
  return (
    /with reason (?:shutdown|normal) in context shutdown_error/.test(text) ||
    (/errorContext: shutdown_error/.test(text) && /reason: (?:shutdown|normal)\b/.test(text))
  )
}

function userIn(text: string): string {
  return /user:? '([^']{1,80})'/.exec(text)?.[1] ?? ''
}
