import type { RelayFacts } from '../facts/facts.ts'
import type { OpenError } from '../facts/kept-line.ts'
import { outcomeOf } from '../facts/link-stats.ts'
import type { Cause } from '../document/cause.ts'
import { networkCause } from './network-cause.ts'

const BROKER_WORDS = ['rabbitmq', 'amqp', 'brokerunreachable', 'broker']
const DATABASE_WORDS = [
  'npgsql',
  'postgres',
  'entityframework',
  'dbcontext',
  'dbupdate',
  'dbcommand',
  'sqlstate',
  'database',
]
const UPSTREAM_WORDS = [
  'upstream',
  'httprequestexception',
  'taskapi',
  'task api',
  'nextjob',
  'submission',
  'submit',
]

/**
 * Files an error event of a relay under the link it is about. The words of the first line and of the exception below it decide;
 * what fits nothing is counted as unexplained, never dropped.
 * @param pollCounted a poll of the upstream that failed at that moment has been counted already
 */
export function fileRelayError(facts: RelayFacts, error: OpenError, pollCounted = false): void {
  const lower = error.text.toLowerCase()
  const has = (words: readonly string[]): boolean => words.some((word) => lower.includes(word))
  if (has(BROKER_WORDS)) {
    const cause = brokerCause(lower)
    facts.broker.failure(error.line, outcomeOf(cause), cause, Number.NaN)
  } else if (has(DATABASE_WORDS)) {
    facts.database.failure(
      error.line,
      outcomeOf('database-failing'),
      'database-failing',
      Number.NaN,
    )
  } else {
    const network = networkCause(error.text)
    if (has(UPSTREAM_WORDS) || network !== undefined) {
      const submission = lower.includes('submission') || lower.includes('submit')
      if (submission || !pollCounted) fileUpstreamError(facts, error, submission)
    } else facts.errors.see(error.line)
  }
}

/** What about the broker is wrong, by the words of an exception or of the broker itself. */
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

function fileUpstreamError(facts: RelayFacts, error: OpenError, submission: boolean): void {
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
