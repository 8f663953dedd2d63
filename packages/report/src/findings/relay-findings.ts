import type { Relay, ProgramLog } from '../exchange/network.ts'
import { sideSource } from '../exchange/poll-links.ts'
import type { NetworkLink, NetworkComponent } from '../exchange/topology.ts'
import { NO_SHUTDOWN_MESSAGE } from '../facts/facts.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { addProblem, shifted, buildSideView, placeProblem } from '../timeline/side-view.ts'
import type { SideView, PlacedProblem, ProblemSummary } from '../timeline/side-view.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, fromProblem } from './raw-finding.ts'
import { SUSPENSION_MS } from './limits.ts'
import { relaySilences } from './silences.ts'
import { formatTime, formatCount, formatDetails, formatCrashes, formatDuration } from './figures.ts'

/** The relay itself: restarts, probes, errors nobody explains; and its link to the upstream. */
export function findRelayFailures(context: DiagnosisContext): void {
  for (const relay of context.network.relays) {
    const component = componentOfRelay(context, relay)
    restarts(context, relay, component)
    probes(context, relay, component)
    upstream(context, relay)
  }
  for (const log of context.network.logs) programErrors(context, log)
  suspensions(context)
}

function componentOfRelay(context: DiagnosisContext, relay: Relay): NetworkComponent | undefined {
  return context.topology.components.find(
    (component) =>
      component.role === 'relay' && component.logs.some((log) => log === relay.logs[0]),
  )
}

function restarts(
  context: DiagnosisContext,
  relay: Relay,
  component: NetworkComponent | undefined,
): void {
  for (const log of relay.logs) {
    const { facts, shift } = log
    const silences = relaySilences([log])
    // A pod that came while others of the relay had been there for a while takes the place of one.
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
    const died = facts.restarts.details.get(NO_SHUTDOWN_MESSAGE) ?? 0
    const count = begun.length + facts.restarts.count
    context.found.push(
      rawFinding({
        cause: 'relay-restarted',
        severity: 'warning',
        status: 'recovered',
        subject: component?.name ?? relay.name,
        component: component,
        first: first.from,
        last: last.to,
        recoveredAt: last.to,
        count,
        periods,
        partyName: relay.name,
        evidence: facts.startLines
          .map((line) => shifted(line, shift))
          .slice(begun.length === 0 ? -facts.restarts.count : 0),
        why: `${relay.name} was started ${formatCount(count, 'time')} within the window${formatCrashes(died, count)}.`,
      }),
    )
  }
}

function probes(
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
        component: component,
        first: view.first,
        last: view.last,
        count: expected,
        evidence: lines.slice(0, 2),
        why: `${formatCount(expected, 'line')} about a missing Authorization header stand beside health probes that were answered: probes carry no credentials and need none.`,
      }),
    )
  }
  const failing = view?.problems.get('probe-failing')
  if (view === undefined || failing === undefined) return
  const buildWhy = ({ count, first, last }: ProblemSummary): string =>
    `${formatCount(count, 'probe')} failed from ${formatTime(first)} to ${formatTime(last)}, ${formatCount(view.ok, 'probe')} passed.`
  context.found.push(
    rawFinding({
      ...fromProblem(failing),
      subject: relay.name,
      component: component,
      partyName: relay.name,
      why: buildWhy(failing),
      buildWhy,
    }),
  )
}

/** Polls of the upstream, and how long the collection has gone without one of type a. */
function upstream(context: DiagnosisContext, relay: Relay): void {
  const link = context.topology.links.find((one) => one.kind === 'upstream' && one.relay === relay)
  if (link === undefined) return
  for (const cause of ['upstream-unreachable', 'upstream-refused'] as const)
    upstreamProblem(context, relay, link, cause)
  for (const type of upstreamTypes(relay)) {
    // Only availability polls count as a sign of life; '' is a log that does not say.
    if (type === 'b') continue
    const view = upstreamAccount(relay, type)
    if (view !== undefined) suspension(context, relay, link, view, type)
  }
}

function upstreamTypes(relay: Relay): Set<string> {
  return new Set(relay.logs.flatMap(({ facts }) => [...facts.upstreams.keys()]))
}

/** Polls of one type. A relay that names no type writes of few polls: that its results are taken shows the upstream as well. */
function upstreamAccount(relay: Relay, type: string): SideView | undefined {
  return buildSideView(
    relay.logs.flatMap((log) => {
      const { upstreams, submissions } = log.facts
      const stats = [upstreams.get(type), type === '' ? submissions : undefined]
      return stats.flatMap((stats) => (stats === undefined ? [] : [sideSource(stats, log)]))
    }),
  )
}

function upstreamProblem(
  context: DiagnosisContext,
  relay: Relay,
  link: NetworkLink,
  cause: 'upstream-unreachable' | 'upstream-refused',
): void {
  let problem: PlacedProblem | undefined
  // Polls of one type say nothing of those of another.
  for (const type of upstreamTypes(relay)) {
    const own = upstreamAccount(relay, type)?.problems.get(cause)
    if (problem === undefined) problem = own
    else if (own !== undefined) addProblem(problem, own)
  }
  if (problem === undefined) return
  const details = formatDetails(problem.details)
  // A relay that writes no successful polls shows the end of a problem only by no longer complaining.
  const quiet = relay.last - problem.last
  const calm =
    Number.isNaN(problem.recoveredAt) &&
    quiet >
      Math.max(5 * MINUTE, ((problem.last - problem.first) / Math.max(1, problem.count - 1)) * 5)
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      ...(calm ? { severity: 'warning', status: 'observed' } : {}),
      subject: relay.name,
      link,
      confidence: calm ? 'likely' : 'certain',
      partyName: cause === 'upstream-refused' ? relay.name : link.to.name,
      why: `${formatCount(problem.count, 'failed poll')} of the upstream from ${formatTime(problem.first)} to ${formatTime(problem.last)}${details === '' ? '' : ` (${details})`}${calm ? `; none in the ${formatDuration(quiet)} after, but no line shows a success either` : Number.isNaN(problem.recoveredAt) ? '; still so when the evidence ends' : `; works again since ${formatTime(problem.recoveredAt)}`}.`,
    }),
  )
}

function suspension(
  context: DiagnosisContext,
  relay: Relay,
  link: NetworkLink,
  view: SideView,
  type: string,
): void {
  const seen = Number.isNaN(view.lastOk) ? Math.max(relay.first, view.first) : view.lastOk
  const silence = relay.last - seen
  // A relay that does not write its polls proves nothing by writing none, unless it writes that they fail.
  const tells =
    type === 'a' ? view.exchanges > 0 : view.failed >= 3 && relay.last - view.last < 10 * MINUTE
  if (!tells || silence < SUSPENSION_MS / 2) return
  const left = SUSPENSION_MS - silence
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
      why: `No availability poll reached the upstream for ${formatDuration(silence)}, since ${formatTime(seen)}: ${left <= 0 ? 'after 30 minutes the upstream suspends the collection' : `the upstream suspends the collection in ${formatDuration(left)}`}.`,
    }),
  )
}

function suspensions(context: DiagnosisContext): void {
  for (const log of context.network.upstreams) {
    if (log.facts.suspended.count === 0) continue
    const problem = placeProblem('upstream-suspension', log.facts.suspended, log.shift)
    const known = context.found.find(({ cause }) => cause === 'upstream-suspension')
    if (known !== undefined) {
      known.evidence.push(...problem.evidence)
      continue
    }
    const link = context.topology.links.find(({ kind }) => kind === 'upstream')
    context.found.push(
      rawFinding({
        ...fromProblem(problem),
        subject: link?.from.name ?? 'the collection',
        link,
        partyName: link?.from.name ?? null,
        why: `The upstream itself says so, at ${formatTime(problem.first)}.`,
      }),
    )
  }
}

/** Server errors of a relay that no client's finding tells of; to be run after the links were judged. */
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
          why: `${formatCount(problem.count, 'request')} answered with an error of the relay’s own from ${formatTime(problem.first)} to ${formatTime(problem.last)}, whose is not known.`,
        }),
      )
    }
  }
}

/** Error lines that fit no cause are counted, never dropped. */
function programErrors(context: DiagnosisContext, log: ProgramLog): void {
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
      component: component,
      confidence: 'possible',
      party: site ? 'site' : 'hub',
      partyName: component?.name ?? null,
      why: `${formatCount(errors.count, 'error line')} from ${formatTime(problem.first)} to ${formatTime(problem.last)} that fit no cause this report knows.`,
    }),
  )
}
