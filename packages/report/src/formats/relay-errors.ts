import type { RelayFacts } from '../facts/facts.ts'
import type { OpenError } from '../facts/kept-line.ts'
import { outcomeOf } from '../facts/link-stats.ts'
import type { Cause } from '../vocabulary/cause.ts'
import { networkCause } from './network-cause.ts'

const BROKER_PHRASES = ['rabbitmq', 'amqp', 'brokerunreachable', 'broker']
const DATABASE_PHRASES = [
  'npgsql',
  'postgres',
  'entityframework',
  'dbcontext',
  'dbupdate',
  'dbcommand',
  'sqlstate',
  'database',
]
const UPSTREAM_PHRASES = [
  'upstream',
  'httprequestexception',
  'taskapi',
  'task api',
  'nextjob',
  'submission',
  'submit',
]

/**
 * Assigns an error event of a relay to a link. The first line and the exception below it decide; an error that matches nothing counts
 * as unexplained.
 * @param pollCounted a failed poll of the upstream at that moment was counted already
 */
export function recordRelayError(facts: RelayFacts, error: OpenError, pollCounted = false): void {
  const lower = error.text.toLowerCase()
  const has = (words: readonly string[]): boolean => words.some((word) => lower.includes(word))
  if (has(BROKER_PHRASES)) {
    const cause = brokerCause(lower)
    facts.broker.failure(error.line, outcomeOf(cause), cause, Number.NaN)
  } else if (has(DATABASE_PHRASES)) {
    facts.database.failure(
      error.line,
      outcomeOf('database-failing'),
      'database-failing',
      Number.NaN,
    )
  } else {
    const network = networkCause(error.text)
    if (has(UPSTREAM_PHRASES) || network !== undefined) {
      const submission = lower.includes('submission') || lower.includes('submit')
      if (submission || !pollCounted) recordUpstreamError(facts, error, submission)
    } else facts.errors.see(error.line)
  }
}

/** The broker problem in an exception or in a message of the broker. */
export function brokerCause(lower: string): Cause {
  if (
    [
      'access_refused',
      'authenticationfailure',
      'login refused',
      'access refused',
      'invalid credentials',
    ].some((word) => lower.includes(word))
  ) {
    return 'broker-auth-failed'
  }
  if (lower.includes('heartbeat')) return 'broker-heartbeat-lost'
  if (lower.includes('resource') && lower.includes('alarm')) return 'broker-resource-alarm'
  if (
    [
      'refused',
      'unreachable',
      'none of the specified endpoints',
      'enotfound',
      'getaddrinfo',
      'name or service',
      'timed out',
      'timeout',
      'no answer within',
      'did not answer within',
      'connectfailure',
    ].some((word) => lower.includes(word))
  ) {
    return 'broker-refused'
  }
  return 'broker-connection-lost'
}

function recordUpstreamError(facts: RelayFacts, error: OpenError, submission: boolean): void {
  const network = networkCause(error.text)
  const detail =
    network === undefined
      ? 'error'
      : network.status === undefined
        ? network.cause
        : `HTTP ${network.status}`
  if (submission) {
    facts.submissions.failure(
      error.line,
      network?.status ?? outcomeOf('submission-failing'),
      'submission-failing',
      Number.NaN,
    )
    facts.submissions.problems.get('submission-failing')?.detail(detail)
    return
  }
  const refused = network?.status !== undefined && network.status < 500
  const cause: Cause = refused ? 'upstream-refused' : 'upstream-unreachable'
  const stats = facts.upstream('')
  stats.failure(error.line, network?.status ?? outcomeOf(cause), cause, Number.NaN)
  stats.problems.get(cause)?.detail(detail)
}
