import type { NetworkLink } from '../exchange/topology.ts'
import type { Period } from '../facts/problem-history.ts'
import { mergePeriods } from '../timeline/side-view.ts'
import { SLOW_MS } from '../facts/facts.ts'
import type { SideView, PlacedProblem, ProblemSummary } from '../timeline/side-view.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, endOf, fromProblem } from './raw-finding.ts'
import { MIN_FLAPS } from './limits.ts'
import { findPollingPace } from './polling-pace.ts'
import type { LinkGap } from './silences.ts'
import { formatTime, formatCount, formatPercent, formatDuration } from './figures.ts'

/** How links behave over time: flapping, two pollers with one identity, polling too fast, slow. */
export function findBehaviour(context: DiagnosisContext, gaps: readonly LinkGap[]): void {
  for (const link of pollLinksOf(context)) {
    flapping(context, link, gaps)
    findPollingPace(context, link)
    slow(context, link)
    unlisted(context, link)
  }
}

function flapping(context: DiagnosisContext, link: NetworkLink, gaps: readonly LinkGap[]): void {
  const causes = context.found.filter(
    (finding) =>
      finding.link === link &&
      !finding.cause.startsWith('task') &&
      finding.cause !== 'relay-error' &&
      finding.cause !== 'client-restarted',
  )
  const down: Period[] = [
    ...causes.flatMap(({ periods }) => periods),
    ...gaps
      .filter(
        (gap) => gap.link === link && (gap.finding === undefined || causes.includes(gap.finding)),
      )
      .map(({ from, to }) => ({ from, to, count: 0, recoveredAt: to })),
  ]
  const periods = mergePeriods(down)
  const over = periods.filter((period) => !Number.isNaN(period.recoveredAt))
  if (over.length < MIN_FLAPS) return
  const first = periods[0]
  const last = periods.at(-1)
  if (first === undefined || last === undefined) return
  const ongoing = Number.isNaN(last.recoveredAt)
  const total = periods.reduce((sum, period) => sum + endOf(period) - period.from, 0)
  const parties = causes.map(({ party }) => party).filter((party) => party !== undefined)
  context.found.push(
    rawFinding({
      cause: 'flapping',
      severity: ongoing ? 'error' : 'warning',
      status: ongoing ? 'ongoing' : 'recovered',
      subject: link.from.name,
      link,
      first: first.from,
      last: last.to,
      recoveredAt: last.recoveredAt,
      count: periods.length,
      periods: periods.slice(-20),
      confidence: 'certain',
      party: parties[0] === 'hub' ? 'hub' : 'network',
      partyName: null,
      evidence: causes.flatMap(({ evidence }) => evidence.slice(0, 1)),
      why: `Down ${formatCount(periods.length, 'time')} between ${formatTime(first.from)} and ${formatTime(endOf(last))}, ${formatDuration(total)} in all, and back each time${ongoing ? ' but the last' : ''}.`,
    }),
  )
}

function slow(context: DiagnosisContext, link: NetworkLink): void {
  const relay = viewOf(link, 'relay')
  const client = viewOf(link, 'client')
  const loadBalancer = viewOf(link, 'load-balancer')
  const atRelay = relay === undefined ? undefined : slowness(relay)
  const seen =
    atRelay ??
    (loadBalancer === undefined ? undefined : slowness(loadBalancer)) ??
    (client === undefined ? undefined : slowness(client))
  if (seen === undefined) return
  const relayFast = atRelay === undefined && relay !== undefined && relay.latency.count > 10
  const { problem, view } = seen
  const buildWhy = ({ count, first, last }: ProblemSummary): string =>
    `${formatCount(count, 'slow answer')} from ${formatTime(first)} to ${formatTime(last)}; 95 % took up to ${formatDuration(view.latency.quantile(0.95))}, the longest ${formatDuration(view.latency.max)}, where ${formatDuration(SLOW_MS.poll)} is the limit${relayFast ? '; the relay itself answers fast, so the way takes the time' : ''}.`
  context.found.push(
    rawFinding({
      ...fromProblem(problem),
      cause: 'slow',
      subject: link.from.name,
      link,
      party: relayFast ? 'network' : 'hub',
      partyName: relayFast ? null : link.to.name,
      confidence: 'likely',
      why: buildWhy(problem),
      buildWhy,
      ...(relayFast ? { action: 'Find out what holds up requests between client and relay.' } : {}),
    }),
  )
}

/** Slow stretches of an account, if it has any. */
function slowness(view: SideView): { problem: PlacedProblem; view: SideView } | undefined {
  const problem = view.problems.get('slow')
  return problem === undefined ? undefined : { problem, view }
}

function unlisted(context: DiagnosisContext, link: NetworkLink): void {
  if (link.poll?.expected !== false) return
  const view = viewOf(link, 'relay') ?? viewOf(link, 'client')
  if (view === undefined) return
  context.found.push(
    rawFinding({
      cause: 'unlisted-client',
      severity: 'warning',
      status: 'observed',
      subject: link.from.name,
      link,
      first: view.first,
      last: view.last,
      count: view.exchanges,
      evidence: view.firstOk === undefined ? [] : [view.firstOk],
      why: `${formatCount(view.exchanges, 'request')}, ${formatPercent(view.exchanges === 0 ? 0 : view.ok / view.exchanges)} answered, of a client the list does not name.`,
    }),
  )
}
