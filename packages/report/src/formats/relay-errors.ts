import type { Quotable } from '../facts/evidence-keeper.ts'
import type { RelayFacts } from '../facts/facts.ts'
import type { OpenError } from '../facts/kept-line.ts'
import { outcomeOf } from '../facts/link-stats.ts'
import type { Cause } from '../vocabulary/cause.ts'
import { databaseReason } from '../vocabulary/database-reasons.ts'
import { withoutStack } from './error-text.ts'
import { networkCause } from './network-cause.ts'
import type { NetworkCause } from './network-cause.ts'

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
  'next job',
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
  if (recordServiceError(facts, error)) return
  const text = withoutStack(error.text)
  const lower = text.toLowerCase()
  const network = networkCause(text)
  if (includesAny(lower, UPSTREAM_PHRASES) || network !== undefined) {
    const submission = lower.includes('submission') || lower.includes('submit')
    if (submission || !pollCounted) recordUpstreamError(facts, error.line, network, submission)
  } else facts.errors.see(error.line)
}

/** Assigns an error to the broker or the database if it is about one of them. */
export function recordServiceError(facts: RelayFacts, error: OpenError): boolean {
  const lower = withoutStack(error.text).toLowerCase()
  if (includesAny(lower, BROKER_PHRASES)) {
    const cause = brokerCause(lower)
    facts.broker.failure(error.line, outcomeOf(cause), cause, Number.NaN)
  } else if (includesAny(lower, DATABASE_PHRASES)) recordDatabaseError(facts, error)
  else return false
  return true
}

function includesAny(text: string, words: readonly string[]): boolean {
  return words.some((word) => text.includes(word))
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

export function recordDatabaseError({ database }: RelayFacts, { line, text }: OpenError): void {
  database.failure(line, outcomeOf('database-failing'), 'database-failing', Number.NaN)
  const reason = databaseReason(text)
  if (reason !== undefined) database.problems.get('database-failing')?.detail(reason.name)
}

/** Lines within this time are about one poll of the upstream. */
const ONE_POLL_MS = 2_000

function recordUpstreamError(
  facts: RelayFacts,
  line: Quotable,
  network: NetworkCause | undefined,
  submission: boolean,
): void {
  const detail =
    network === undefined
      ? 'error'
      : network.status === undefined
        ? network.cause
        : `HTTP ${network.status}`
  if (submission) {
    facts.submissions.failure(
      line,
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
  if (line.time - stats.last < ONE_POLL_MS && stats.hasOpenProblem) return
  stats.failure(line, network?.status ?? outcomeOf(cause), cause, Number.NaN)
  stats.problems.get(cause)?.detail(detail)
}
