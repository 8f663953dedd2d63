import type { Cause } from '../vocabulary/cause.ts'
import type { ProgramLog } from '../network/network.ts'
import type { NetworkLink } from '../network/topology.ts'
import type { BrokerFacts } from '../facts/facts.ts'
import type { ProblemHistory } from '../facts/problem-history.ts'
import { MINUTE } from '../read/timestamps.ts'
import { addProblem, endAt, placeProblem } from '../timeline/placed-problem.ts'
import { largest } from '../timeline/extremes.ts'
import type { PlacedProblem, ProblemSummary } from '../timeline/placed-problem.ts'
import { viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { addSentence, rawFinding, fromProblem, overlapShare } from './raw-finding.ts'
import { addUnknownLogins } from './unknown-logins.ts'
import type { RawFinding } from './raw-finding.ts'
import { addLinkFinding, NO_RECOVERY, problemOn } from './link-problem.ts'
import {
  formatCount,
  formatOccurrences,
  formatDetails,
  formatDuration,
  formatNumber,
  formatTimes,
  inBrackets,
  sentences,
} from '../vocabulary/figures.ts'
import { describeEnd, logsWith } from './phrases.ts'

/** Findings about a broker and the relay's link to it. */
export function findBrokerFailures(context: DiagnosisContext, link: NetworkLink): void {
  const brokers = context.network.brokers.filter((log) => link.to.logs.includes(log))
  for (const cause of [
    'broker-refused',
    'broker-heartbeat-lost',
    'broker-connection-lost',
  ] as const) {
    addLinkFinding(context, link, cause, link.from.name)
  }
  findRejectedLogins(context, link, brokers)
  for (const log of brokers) {
    findStops(context, link, log)
    findRejectedOperations(context, link, log)
    findAlarms(context, link, log)
    findChurn(context, link, log)
    findPortProbes(context, link, log)
  }
}

/** The broker logged a shutdown, or a start without one before it. */
function findStops(
  context: DiagnosisContext,
  link: NetworkLink,
  log: ProgramLog<BrokerFacts>,
): void {
  if (log.facts.stops.count === 0) return
  const problem = placed(log.facts.stops, 'broker-stopped', log)
  const how = inBrackets(formatDetails(problem.details))
  const buildWhy = (summary: ProblemSummary, end = describeEnd(summary, NO_RECOVERY)): string =>
    sentences(`broker log: ${formatOccurrences(summary, 'stop')}${how}`, end)
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      // While the broker is down, every broker error of the relay until the end of the logs is a consequence.
      periods: problem.periods.map((period) =>
        Number.isNaN(period.recoveredAt) ? { ...period, to: context.network.to } : period,
      ),
      subject: link.to.name,
      link,
      component: link.to,
      partyName: link.to.name,
      why: buildWhy(problem),
      buildWhy,
    }),
  )
}

function findRejectedOperations(
  context: DiagnosisContext,
  link: NetworkLink,
  log: ProgramLog<BrokerFacts>,
): void {
  if (log.facts.operations.count === 0) return
  const problem = placed(log.facts.operations, 'broker-operation-refused', log)
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      severity: 'warning',
      status: 'observed',
      recoveredAt: Number.NaN,
      periods: [],
      subject: link.name,
      link,
      partyName: link.from.name,
      why: sentences(
        `broker log: ${formatOccurrences(problem, 'rejected operation')}${inBrackets(formatDetails(problem.details))}`,
      ),
    }),
  )
}

/** A rejected login has recovered when the same user logs in. */
function findRejectedLogins(
  context: DiagnosisContext,
  link: NetworkLink,
  brokers: readonly ProgramLog<BrokerFacts>[],
): void {
  const problem = problemOn(context, link, 'broker-auth-failed')
  if (problem === undefined) return
  const relay = viewOf(link, 'relay')
  if (relay?.problems.has('broker-auth-failed') !== true && areUnknown(brokers, problem)) {
    addUnknownLogins(context, link, problem, logsWith(link, 'broker-auth-failed'))
    return
  }
  // Logins of other users do not end it.
  if (stillRejected(brokers)) endAt(problem, Number.NaN)
  const logs = logsWith(link, 'broker-auth-failed')
  const users = formatDetails(problem.details)
  const buildWhy = (summary: ProblemSummary, end = describeEnd(summary, NO_RECOVERY)): string =>
    sentences(
      `${logs}: ${formatOccurrences(summary, 'rejected login')}${users === '' ? '' : ` (user ${users})`}`,
      end,
    )
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      subject: link.name,
      link,
      partyName: link.from.name,
      why: buildWhy(problem),
      buildWhy,
    }),
  )
}

/** A relay with wrong credentials has tried more often than this. */
const MAX_UNKNOWN_TRIES = 5
/** Logins of a relay that works, as against the one of a person. */
const MIN_LOGINS = 20

/** The rejected users never logged in, while a relay does. */
function areUnknown(
  brokers: readonly ProgramLog<BrokerFacts>[],
  { count, details }: PlacedProblem,
): boolean {
  const users = brokers.flatMap(({ facts }) => [...facts.users])
  const loggedIn = new Set(users.filter(([, { logins }]) => logins > 0).map(([name]) => name))
  const logins = users.reduce((sum, [, user]) => sum + user.logins, 0)
  return (
    count <= MAX_UNKNOWN_TRIES &&
    logins >= MIN_LOGINS &&
    [...details.keys()].every((name) => !loggedIn.has(name))
  )
}

/** A user who could log in no longer can, or no rejected user ever could although other users can. */
function stillRejected(brokers: readonly ProgramLog<BrokerFacts>[]): boolean {
  // In a cluster, one RabbitMQ node accepts a user that another has rejected.
  const byName = Map.groupBy(
    brokers.flatMap(({ facts, shift }) =>
      [...facts.users].map(([name, user]) => ({
        name,
        logins: user.logins,
        lastLogin: user.lastLogin + shift,
        lastRefused: user.lastRefused + shift,
      })),
    ),
    ({ name }) => name,
  )
  const users = [...byName.values()].map((seen) => ({
    logins: seen.reduce((sum, { logins }) => sum + logins, 0),
    lastLogin: largest(seen.map(({ lastLogin }) => lastLogin)),
    lastRefused: largest(seen.map(({ lastRefused }) => lastRefused)),
  }))
  const refused = users.filter(({ lastRefused }) => !Number.isNaN(lastRefused))
  const known = refused.filter(({ logins }) => logins > 0)
  if (known.length > 0) return known.some(({ lastLogin, lastRefused }) => lastRefused > lastLogin)
  return refused.length > 0 && users.length > refused.length
}

function placed(history: ProblemHistory, cause: Cause, log: ProgramLog): PlacedProblem {
  return placeProblem(cause, history, log.shift)
}

function findAlarms(
  context: DiagnosisContext,
  link: NetworkLink,
  log: ProgramLog<BrokerFacts>,
): void {
  if (log.facts.alarms.count === 0) return
  const problem = placed(log.facts.alarms, 'broker-resource-alarm', log)
  const kinds = formatDetails(problem.details)
  const buildWhy = (
    summary: ProblemSummary,
    end = describeEnd(summary, 'not cleared by the end of the logs'),
  ): string =>
    sentences(
      `broker log: ${formatOccurrences(summary, 'alarm')}${inBrackets(kinds)}`,
      end,
      'during an alarm the broker blocks publishers',
    )
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      subject: link.to.name,
      link,
      component: link.to,
      partyName: link.from.name,
      why: buildWhy(problem),
      buildWhy,
      ...textsOfAlarms(problem.details),
    }),
  )
}

/** What to do about alarms of one kind. */
function textsOfAlarms(
  kinds: ReadonlyMap<string, number>,
): Pick<RawFinding, 'title' | 'action' | 'next'> {
  const [kind, ...others] = ['disk', 'memory'].filter((one) => kinds.has(one))
  if (kind === undefined || others.length > 0) return {}
  return kind === 'disk'
    ? {
        title: 'disk alarm of the broker (publishers blocked)',
        action: 'Free disk space on the volume of the broker, or make it larger.',
        next: [
          'Check the free space and its limit: `rabbitmq-diagnostics status` and `df -h`.',
          'Check for queues that nothing consumes: `rabbitmqctl list_queues name messages message_bytes`.',
        ],
      }
    : {
        title: 'memory alarm of the broker (publishers blocked)',
        action: 'Give the broker more memory, or find what uses it.',
        next: ['Show what uses it: `rabbitmq-diagnostics memory_breakdown`.'],
      }
}

function findChurn(
  context: DiagnosisContext,
  link: NetworkLink,
  log: ProgramLog<BrokerFacts>,
): void {
  const { facts } = log
  if (facts.shortLived < 10 || facts.shortLived < facts.accepted * 0.5) return
  const problem = placed(facts.churn, 'broker-connection-churn', log)
  const polls = context.network.links.reduce(
    (sum, { relayView }) => sum + (relayView?.exchanges ?? 0),
    0,
  )
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      severity: 'info',
      status: 'observed',
      recoveredAt: Number.NaN,
      periods: [],
      subject: link.from.name,
      link,
      partyName: link.from.name,
      why: sentences(
        `broker log: ${formatNumber(facts.shortLived)} of ${formatCount(facts.accepted, 'connection')} closed within ${formatDuration(facts.lifetimes.quantile(0.95))} (p95)`,
        polls > 0 ? `relay log: ${formatCount(polls, 'poll')}` : '',
        'this works, but slows down every poll',
      ),
    }),
  )
}

/**
 * Connections that ended before a login. They are port probes, unless the relay failed to connect at that very time and they come
 * from an address that logs in at other times, or no connection ever logs in: then they are evidence for the failure of the relay.
 */
function findPortProbes(
  context: DiagnosisContext,
  link: NetworkLink,
  log: ProgramLog<BrokerFacts>,
): void {
  const relay = viewOf(link, 'relay')
  let probes: PlacedProblem | undefined
  for (const [address, { logins, portProbes: history }] of log.facts.peers.all()) {
    if (history.count === 0) continue
    const problem = placed(history, 'broker-port-probe', log)
    const failure = context.found.find(
      ({ link: about, cause, periods }) =>
        about === link &&
        (cause === 'broker-refused' || cause === 'broker-connection-lost') &&
        relay?.problems.has(cause) === true &&
        overlapShare(problem.periods, periods, MINUTE) >= 0.5,
    )
    if (failure !== undefined && (logins > 0 || log.facts.authenticated === 0)) {
      failure.evidence.push(...problem.evidence)
      addSentence(
        failure,
        `broker log: ${withoutLogin(problem.count)}${address === '' ? '' : ` from ${address}`}${inBrackets(formatDetails(problem.details))}`,
      )
    } else if (probes === undefined) probes = problem
    else addProblem(probes, problem)
  }
  if (probes === undefined) return
  context.found.push(
    rawFinding({
      ...fromProblem(probes),
      severity: 'info',
      status: 'expected',
      recoveredAt: Number.NaN,
      periods: [],
      subject: link.to.name,
      component: link.to,
      link,
      why: sentences(
        `broker log: ${withoutLogin(probes.count)} ${formatTimes(probes.first, probes.last)}${inBrackets(formatDetails(probes.details))}`,
      ),
    }),
  )
}

function withoutLogin(count: number): string {
  return formatCount(count, 'connection without a login', 'connections without a login')
}
