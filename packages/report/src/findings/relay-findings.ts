import type { Cause } from '../vocabulary/cause.ts'
import type { Relay, ProgramLog } from '../network/network.ts'
import { sideSource } from '../network/poll-links.ts'
import type { NetworkLink, NetworkComponent } from '../network/topology.ts'
import { NO_SHUTDOWN_MESSAGE } from '../facts/facts.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { buildSideView } from '../timeline/side-view.ts'
import { addProblem, shifted, placeProblem } from '../timeline/placed-problem.ts'
import type { SideView } from '../timeline/side-view.ts'
import type { PlacedProblem, ProblemSummary } from '../timeline/placed-problem.ts'
import type { DiagnosisContext } from './context.ts'
import { addSentence, rawFinding, fromProblem } from './raw-finding.ts'
import { SUSPENSION_MS } from './limits.ts'
import { relaySilences } from './log-silences.ts'
import {
  formatCount,
  formatOccurrences,
  formatReasons,
  formatDuration,
  formatNumber,
  formatTime,
  formatTimes,
  inBrackets,
  sentences,
} from '../vocabulary/figures.ts'
import { describeEnd, describeRestarts, logsOf } from './phrases.ts'
import { findCrashes } from './relay-crashes.ts'

/** Findings about a relay itself (restarts, probes, unexplained errors) and about its link to the upstream. */
export function findRelayFailures(context: DiagnosisContext): void {
  for (const relay of context.network.relays) {
    const component = componentOfRelay(context, relay)
    findCrashes(context, relay, component)
    findRestarts(context, relay, component)
    findProbes(context, relay, component)
    findUpstreamFailures(context, relay)
  }
  for (const log of context.network.logs) findUnexplainedErrors(context, log)
  findSuspensions(context)
}

function componentOfRelay(context: DiagnosisContext, relay: Relay): NetworkComponent | undefined {
  return context.topology.components.find(
    (component) =>
      component.role === 'relay' && component.logs.some((log) => log === relay.logs[0]),
  )
}

function findRestarts(
  context: DiagnosisContext,
  relay: Relay,
  component: NetworkComponent | undefined,
): void {
  for (const log of relay.logs) {
    const { facts, shift } = log
    const silences = relaySilences([log])
    // A pod that starts while other pods of the relay have been running for a while replaces one of them.
    const begun =
      facts.starts > facts.restarts.count && facts.firstStart + shift > relay.first + MINUTE
        ? [{ from: facts.firstStart, to: facts.firstStart, count: 1, recoveredAt: Number.NaN }]
        : []
    const periods = [...begun, ...facts.restarts.periods].map((one) => {
      const to = one.to + shift
      const gap = silences.find((other) => to >= other.from - SECOND && to <= other.to + MINUTE)
      const from = Math.min(gap?.from ?? to, one.from + shift)
      return { from, to, count: one.count, recoveredAt: to }
    })
    const [first] = periods
    const last = periods.at(-1)
    if (first === undefined || last === undefined) continue
    const crashes = facts.restarts.details.get(NO_SHUTDOWN_MESSAGE) ?? 0
    const count = begun.length + facts.restarts.count
    context.found.push(
      rawFinding({
        cause: 'relay-restarted',
        severity: 'warning',
        status: 'recovered',
        subject: component?.name ?? relay.name,
        component,
        first: first.from,
        last: last.to,
        recoveredAt: last.to,
        count,
        periods,
        partyName: relay.name,
        evidence: facts.startLines
          .map((line) => shifted(line, shift))
          .slice(begun.length === 0 ? -facts.restarts.count : 0),
        why: sentences(`relay log: ${describeRestarts(count, crashes, first.to, last.to)}`),
      }),
    )
  }
}

function findProbes(
  context: DiagnosisContext,
  relay: Relay,
  component: NetworkComponent | undefined,
): void {
  const view = buildSideView(relay.logs.map((log) => sideSource(log.facts.probes, log)))
  const expected = relay.logs.reduce((sum, { facts }) => sum + facts.probesWithoutCredentials, 0)
  if (view !== undefined && expected > 0) {
    const lines = relay.logs.flatMap(({ facts, shift }) =>
      facts.probeLines.map((line) => shifted(line, shift)),
    )
    context.found.push(
      rawFinding({
        cause: 'health-probe',
        severity: 'info',
        status: 'expected',
        subject: relay.name,
        component,
        first: view.first,
        last: view.last,
        count: expected,
        evidence: lines.slice(0, 2),
        why: sentences(
          `relay log: ${formatCount(expected, 'line')} "Missing Authorization Header" next to successful health probes, which need no credentials`,
        ),
      }),
    )
  }
  const failing = view?.problems.get('probe-failing')
  if (view === undefined || failing === undefined) return
  const buildWhy = (summary: ProblemSummary, end = describeEnd(summary)): string =>
    sentences(
      `relay log: ${formatOccurrences(summary, 'failed health probe')}, ${formatNumber(view.ok)} successful in total`,
      end,
    )
  context.found.push(
    rawFinding({
      ...fromProblem(failing),
      subject: relay.name,
      component,
      partyName: relay.name,
      why: buildWhy(failing),
      buildWhy,
    }),
  )
}

/** Failed polls of the upstream, and the time without an availability poll (type a). */
function findUpstreamFailures(context: DiagnosisContext, relay: Relay): void {
  const link = context.topology.links.find((one) => one.kind === 'upstream' && one.relay === relay)
  if (link === undefined) return
  for (const cause of ['upstream-unreachable', 'upstream-refused'] as const)
    addUpstreamFinding(context, relay, link, cause)
  for (const type of upstreamTypes(relay)) {
    // Only availability polls keep a collection from being suspended; '' is a log that names no type.
    if (type === 'b') continue
    const view = upstreamView(relay, type)
    if (view !== undefined) findSuspensionRisk(context, relay, link, view, type)
  }
}

function upstreamTypes(relay: Relay): Set<string> {
  return new Set(relay.logs.flatMap(({ facts }) => [...facts.upstreams.keys()]))
}

/** Polls of one type. A relay that names no type logs few polls, so its submissions count as well. */
function upstreamView(relay: Relay, type: string): SideView | undefined {
  return buildSideView(
    relay.logs.flatMap((log) => {
      const { upstreams, submissions } = log.facts
      const stats = [upstreams.get(type), type === '' ? submissions : undefined]
      return stats.flatMap((stats) => (stats === undefined ? [] : [sideSource(stats, log)]))
    }),
  )
}

function addUpstreamFinding(
  context: DiagnosisContext,
  relay: Relay,
  link: NetworkLink,
  cause: 'upstream-unreachable' | 'upstream-refused',
): void {
  let problem: PlacedProblem | undefined
  // A success of one type does not end the failure of the other.
  for (const type of upstreamTypes(relay)) {
    const own = upstreamView(relay, type)?.problems.get(cause)
    if (problem === undefined) problem = own
    else if (own !== undefined) addProblem(problem, own)
  }
  if (problem === undefined) return
  const details = inBrackets(formatReasons(problem.details))
  // A relay that logs no successful polls shows the end of a problem only by logging no more failures.
  const quiet = relay.last - problem.last
  const calm =
    Number.isNaN(problem.recoveredAt) &&
    quiet >
      Math.max(5 * MINUTE, ((problem.last - problem.first) / Math.max(1, problem.count - 1)) * 5)
  const state = `no further failure in ${formatDuration(quiet)}, but no success either`
  const buildWhy = (summary: ProblemSummary, end = calm ? state : describeEnd(summary)): string =>
    sentences(`relay log: ${formatOccurrences(summary, 'failed upstream poll')}${details}`, end)
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      ...(calm ? { severity: 'warning', status: 'observed' } : {}),
      subject: relay.name,
      link,
      confidence: calm ? 'likely' : 'certain',
      partyName: cause === 'upstream-refused' ? relay.name : link.to.name,
      why: buildWhy(problem),
      buildWhy,
    }),
  )
}

const UPSTREAM_FAILS: ReadonlySet<Cause> = new Set(['upstream-unreachable', 'upstream-refused'])

function findSuspensionRisk(
  context: DiagnosisContext,
  relay: Relay,
  link: NetworkLink,
  view: SideView,
  type: string,
): void {
  const seen = Number.isNaN(view.lastOk) ? Math.max(relay.first, view.first) : view.lastOk
  const silence = relay.last - seen
  // If a relay does not log its polls, their absence proves nothing, unless it logs that they fail.
  const isKnown =
    type === 'a' ? view.exchanges > 0 : view.failed >= 3 && relay.last - view.last < 10 * MINUTE
  if (!isKnown || silence < SUSPENSION_MS / 2) return
  const left = SUSPENSION_MS - silence
  const reason = context.found.find(
    (finding) =>
      finding.link === link && finding.status === 'ongoing' && UPSTREAM_FAILS.has(finding.cause),
  )
  if (left > 0 && reason !== undefined) {
    addSentence(
      reason,
      `the upstream suspends a collection after ${formatDuration(SUSPENSION_MS)} without an availability poll; ${formatDuration(left)} remain`,
    )
    return
  }
  context.found.push(
    rawFinding({
      cause: 'upstream-suspension',
      severity: left <= 0 ? 'error' : 'warning',
      status: 'ongoing',
      subject: relay.name,
      link,
      first: seen,
      last: relay.last,
      partyName: relay.name,
      confidence: left <= 0 ? 'likely' : 'certain',
      evidence: view.firstOk === undefined ? [] : [view.firstOk],
      ...(left > 0 ? { title: 'collection about to be suspended by the upstream' } : {}),
      why: sentences(
        `relay log: no successful availability poll for ${formatDuration(silence)}, since ${formatTime(seen)}`,
        `the upstream suspends a collection after ${formatDuration(SUSPENSION_MS)} without one${left > 0 ? `; ${formatDuration(left)} remain` : ''}`,
      ),
    }),
  )
}

function findSuspensions(context: DiagnosisContext): void {
  for (const log of context.network.upstreams) {
    if (log.facts.suspended.count === 0) continue
    const problem = placeProblem('upstream-suspension', log.facts.suspended, log.shift)
    const known = context.found.find(({ cause }) => cause === 'upstream-suspension')
    const suspensions = `upstream log: ${formatCount(problem.count, 'suspension')} of the collection ${formatTimes(problem.first, problem.last)}`
    if (known !== undefined) {
      known.evidence.push(...problem.evidence)
      delete known.title
      addSentence(known, suspensions)
      continue
    }
    const link = context.topology.links.find(({ kind }) => kind === 'upstream')
    context.found.push(
      rawFinding({
        ...fromProblem(problem),
        subject: link?.from.name ?? 'the collection',
        link,
        partyName: link?.from.name ?? null,
        why: sentences(suspensions, describeEnd(problem)),
      }),
    )
  }
}

/** Server errors of a relay that no finding of a client covers. To be called after the finders of the links. */
export function findServerErrors(context: DiagnosisContext): void {
  for (const relay of context.network.relays) {
    const known = context.found.some(
      ({ cause, link, component }) =>
        (cause === 'relay-error' || cause === 'probe-failing' || cause === 'database-failing') &&
        (link?.relay === relay || component === componentOfRelay(context, relay)),
    )
    for (const { facts, shift } of known ? [] : relay.logs) {
      if (facts.serverErrors.count === 0) continue
      const problem = placeProblem('relay-error', facts.serverErrors, shift)
      context.found.push(
        rawFinding({
          ...fromProblem(problem),
          severity: 'warning',
          status: 'observed',
          subject: relay.name,
          component: componentOfRelay(context, relay),
          partyName: relay.name,
          why: sentences(
            `relay log: ${formatCount(problem.count, 'request')} answered with a server error ${formatTimes(problem.first, problem.last)}`,
            'the log does not show which client was affected',
          ),
        }),
      )
    }
  }
}

/** Error lines that match no cause are counted and never dropped. */
function findUnexplainedErrors(context: DiagnosisContext, log: ProgramLog): void {
  const { errors } = log.facts
  if (errors.count === 0) return
  const problem = placeProblem('unexplained-errors', errors, log.shift)
  const component = context.topology.components.find((one) => one.logs.includes(log))
  const site = log.facts.role === 'client'
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      severity: 'warning',
      status: 'observed',
      recoveredAt: Number.NaN,
      periods: [],
      subject: component?.name ?? log.source.file,
      component,
      confidence: 'possible',
      party: site ? 'site' : 'hub',
      partyName: component?.name ?? null,
      why: sentences(
        `${logsOf(log.facts.role)}: ${formatCount(errors.count, 'error line')} of unknown cause ${formatTimes(problem.first, problem.last)}`,
      ),
    }),
  )
}
