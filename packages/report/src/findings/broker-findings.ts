import type { Cause } from '../document/cause.ts'
import type { ProgramLog } from '../exchange/network.ts'
import type { NetworkLink } from '../exchange/topology.ts'
import type { BrokerFacts } from '../facts/facts.ts'
import type { ProblemHistory } from '../facts/problem-history.ts'
import { MINUTE } from '../read/timestamps.ts'
import { addProblem, endAt, largest, placeProblem } from '../timeline/side-view.ts'
import type { PlacedProblem } from '../timeline/side-view.ts'
import { viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, fromProblem, overlapShare } from './raw-finding.ts'
import { addLinkFinding, problemOn, recoveryWords } from './link-problem.ts'
import {
  formatTime,
  formatCount,
  formatDetails,
  formatPercent,
  formatDuration,
  formatNumber,
} from './figures.ts'

/** The link of a relay to its broker, and the broker itself. */
export function findBrokerFailures(context: DiagnosisContext, link: NetworkLink): void {
  const brokers = context.network.brokers.filter((log) => link.to.logs.includes(log))
  for (const cause of [
    'broker-refused',
    'broker-heartbeat-lost',
    'broker-connection-lost',
  ] as const) {
    addLinkFinding(context, link, cause, link.from.name)
  }
  brokerLogins(context, link, brokers)
  for (const log of brokers) {
    stops(context, link, log)
    refusedOperations(context, link, log)
    alarms(context, link, log)
    churn(context, link, log)
    findPortProbes(context, link, log)
  }
}

/** The broker by its own words: stopped in order, or begun anew without a word before. */
function stops(context: DiagnosisContext, link: NetworkLink, log: ProgramLog<BrokerFacts>): void {
  if (log.facts.stops.count === 0) return
  const problem = placed(log.facts.stops, 'broker-stopped', log)
  const ongoing = Number.isNaN(problem.recoveredAt)
  const { count, first, last, recoveredAt } = problem
  const how = formatDetails(problem.details)
  const down =
    count === 1
      ? `It ${how} at ${formatTime(first)}`
      : `It went down ${count} times from ${formatTime(first)} to ${formatTime(last)} (${how})`
  const up = ongoing
    ? 'nothing shows that it is up again'
    : `up again at ${formatTime(recoveredAt)}${count === 1 ? `, after ${formatDuration(recoveredAt - first)}` : ''}`
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      // While it is down, whatever the relay says of it until the end of the window is a consequence.
      periods: problem.periods.map((period) =>
        Number.isNaN(period.recoveredAt) ? { ...period, to: context.network.to } : period,
      ),
      subject: link.to.name,
      link,
      component: link.to,
      partyName: link.to.name,
      why: `${down}; ${up}.`,
    }),
  )
}

function refusedOperations(
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
      why: `${formatCount(problem.count, 'operation')} refused from ${formatTime(problem.first)} to ${formatTime(problem.last)} (${formatDetails(problem.details)}).`,
    }),
  )
}

/** A refused login is over when that same user gets in. */
function brokerLogins(
  context: DiagnosisContext,
  link: NetworkLink,
  brokers: readonly ProgramLog<BrokerFacts>[],
): void {
  const problem = problemOn(context, link, 'broker-auth-failed')
  if (problem === undefined) return
  // Others who get in say nothing of those who do not.
  if (stillRefused(brokers)) endAt(problem, Number.NaN)
  const users = formatDetails(problem.details)
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      subject: link.name,
      link,
      partyName: link.from.name,
      why: `${formatCount(problem.count, 'login')} refused from ${formatTime(problem.first)} to ${formatTime(problem.last)}${users === '' ? '' : `, user ${users}`}${recoveryWords(problem)}.`,
    }),
  )
}

/** Somebody who used to get in does not any more; or nobody of those who were refused ever did, though others do. */
function stillRefused(brokers: readonly ProgramLog<BrokerFacts>[]): boolean {
  // A cluster lets in by one node who was refused by another.
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

function alarms(context: DiagnosisContext, link: NetworkLink, log: ProgramLog<BrokerFacts>): void {
  if (log.facts.alarms.count === 0) return
  const problem = placed(log.facts.alarms, 'broker-resource-alarm', log)
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      subject: link.to.name,
      link,
      component: link.to,
      partyName: link.from.name,
      why: `${formatDetails(problem.details)} alarm at ${formatTime(problem.first)}${Number.isNaN(problem.recoveredAt) ? '; it was not cleared in this window' : `; cleared at ${formatTime(problem.recoveredAt)}, after ${formatDuration(problem.recoveredAt - problem.first)}`}. While it lasts, publishers are blocked.`,
    }),
  )
}

function churn(context: DiagnosisContext, link: NetworkLink, log: ProgramLog<BrokerFacts>): void {
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
      why: `${formatNumber(facts.shortLived)} of ${formatCount(facts.accepted, 'connection')} were closed again within ${formatDuration(facts.lifetimes.quantile(0.95))}${polls > 0 ? `, beside ${formatNumber(polls)} polls (${formatPercent(Math.min(1, facts.accepted / polls))})` : ''}. It works, and costs time at every poll.`,
    }),
  )
}

/**
 * Connections that ended before a login: port probes. They are the relay's own, and lines of its trouble, where it says at that very
 * time that it cannot connect, from an address it logs in from at other times, or while nobody logs in at all.
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
    const trouble = context.found.find(
      ({ link: about, cause, periods }) =>
        about === link &&
        (cause === 'broker-refused' || cause === 'broker-connection-lost') &&
        relay?.problems.has(cause) === true &&
        overlapShare(problem.periods, periods, MINUTE) >= 0.5,
    )
    if (trouble !== undefined && (logins > 0 || log.facts.authenticated === 0)) {
      trouble.evidence.push(...problem.evidence)
      trouble.why += ` The broker saw ${formatCount(problem.count, 'connection')} of ${address} end before a login (${formatDetails(problem.details)}).`
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
      why: `${formatCount(probes.count, 'connection')} that ended before a login, from ${formatTime(probes.first)} to ${formatTime(probes.last)} (${formatDetails(probes.details)}).`,
    }),
  )
}
