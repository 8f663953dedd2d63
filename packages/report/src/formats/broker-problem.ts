import type { Cause } from '../document/cause.ts'

/** What an event of the broker that is not a good one is about. */
export type BrokerProblem =
  /** Somebody came who never logged in: a port probe, unless the relay says that it could not connect. */
  | { readonly kind: 'knock'; readonly detail: string }
  | { readonly kind: 'link'; readonly cause: Cause; readonly detail: string }
  /** The broker refuses what a client that is logged in asks for. */
  | { readonly kind: 'operation'; readonly detail: string }
  /** NetworkComponent of something that is told elsewhere, or of normal work. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown' }

const NOTHING: BrokerProblem = { kind: 'nothing' }

/** Ways to say that a client spoke something else, or nothing, by what it was. */
const KNOCKS: readonly (readonly [said: RegExp, detail: string])[] = [
  [/HTTP GET request detected|bad_header,<<"(?:GET|HEAD|POST|PUT|OPTIONS|CONNECT) /, 'HTTP'],
  [/TLS client detected|bad_header,<<22,3,|bad_header,detected_tls/, 'TLS'],
  [/\{handshake_timeout,/, 'nothing within the time for a login'],
  [/\{bad_header|\{bad_version|did not start with AMQP|\{sasl_required|requires SASL/, 'not AMQP'],
  [/failed to negotiate connection parameters|\{handshake_error,/, 'a login that came to nothing'],
]

const REFUSED_LOGIN = [
  / login refused/,
  /invalid credentials/,
  /access to vhost .* refused/,
  /\bvhost .* (?:not found|is down)/,
  /connection limit .*is reached/,
  /user limit .*is reached/,
]

/** The network or the other side ended it. */
const CUT_OFF =
  /client unexpectedly closed TCP connection|connection_closed_abruptly|\{inet_error,|\{writer,send_failed|heartbeat_send_error|\{socket_error,|socket is not connected|enotconn/

const OPERATION = /operation (\S+) caused a (?:channel|connection) exception (\w+)/

/**
 * The meaning of a whole event, all its lines together, as RabbitMQ 3.8 to 4.2 write it. `loggedIn`: the connection had been let in;
 * `stopping`: the broker has said that it was going down.
 */
export function brokerProblem(
  text: string,
  { loggedIn, stopping }: { loggedIn: boolean; stopping: boolean },
): BrokerProblem {
  const operation = OPERATION.exec(text)
  if (operation !== null) return refusedOperation(text, operation, stopping)
  if (REFUSED_LOGIN.some((said) => said.test(text))) {
    return { kind: 'link', cause: 'broker-auth-failed', detail: userIn(text) }
  }
  if (/missed heartbeats/i.test(text)) {
    return { kind: 'link', cause: 'broker-heartbeat-lost', detail: '' }
  }
  if (/credential has expired/.test(text)) {
    return { kind: 'link', cause: 'broker-auth-failed', detail: userIn(text) }
  }
  const knock = KNOCKS.find(([said]) => said.test(text))
  if (knock !== undefined && !loggedIn) return { kind: 'knock', detail: knock[1] }
  if (CUT_OFF.test(text)) {
    return loggedIn
      ? { kind: 'link', cause: 'broker-connection-lost', detail: '' }
      : { kind: 'knock', detail: 'closed before a login' }
  }
  return isOrderlyEnd(text) ? NOTHING : { kind: 'unknown' }
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
      detail: `closed by the broker: ${reason}`,
    }
  }
  // This is how a client asks whether something exists.
  if (exception === 'not_found' && operation.endsWith('.declare')) return NOTHING
  return { kind: 'operation', detail: `${operation}: ${exception}` }
}

/** A supervisor says so at level error whenever something it looks after has ended while it was ending it. */
function isOrderlyEnd(text: string): boolean {
  return (
    /with reason (?:shutdown|normal) in context shutdown_error/.test(text) ||
    (/errorContext: shutdown_error/.test(text) && /reason: (?:shutdown|normal)\b/.test(text))
  )
}

function userIn(text: string): string {
  return /user:? '([^']{1,80})'/.exec(text)?.[1] ?? ''
}
