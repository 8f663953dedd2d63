import type { Analysis } from '../analysis.ts'
import type { RawFinding } from '../findings/raw-finding.ts'
import { gapLimit, holdsPolls } from '../findings/limits.ts'
import { hearingView } from '../findings/silences.ts'
import {
  formatTime,
  formatCount,
  formatPercent,
  formatDuration,
  formatNumber,
} from '../findings/figures.ts'
import type { NetworkLink } from '../exchange/topology.ts'
import { outcomeText } from '../facts/link-stats.ts'
import type { SideView } from '../timeline/side-view.ts'
import { chosen, evidenceOf, instant, instantOr } from './instants.ts'
import { linkSeries } from './link-series.ts'
import { mostAffectedSide } from './summary.ts'
import type { Latency, Link, LinkState, LinkView } from './report-document.ts'

/** The links of the document. `idOf` numbers the findings. */
export function linkSection(
  analysis: Analysis,
  idOf: (finding: RawFinding) => string,
  sourceIds: ReadonlyMap<number, string>,
): Link[] {
  const { topology, diagnosis, network } = analysis
  return topology.links.map((link) => {
    const findings = diagnosis.findings.filter(
      (finding) => finding.link === link || finding.affects.has(link.id),
    )
    const state = stateOf(link, findings, analysis)
    const gaps = diagnosis.gaps.filter((gap) => gap.link === link)
    const { tasks, results } = countTasks(link)
    const lines = link.views.flatMap(({ view }) => view.firstOk ?? [])
    return {
      id: link.id,
      kind: link.kind,
      from: link.from.id,
      to: link.to.id,
      name: link.name,
      state,
      explanation: explain(link, state, findings),
      expected: link.poll?.expected ?? null,
      tasks,
      results,
      views: link.views.map(({ side, view }) => linkView(side, view)),
      gaps: gaps
        .toSorted((a, b) => b.to - b.from - (a.to - a.from) || a.from - b.from)
        .slice(0, 20)
        .map((gap) => ({
          from: instantOr(gap.from, network.from),
          to: instantOr(gap.to, network.to),
          durationMs: Math.round(gap.to - gap.from),
          side: gap.side,
          finding:
            gap.finding !== undefined && diagnosis.findings.includes(gap.finding)
              ? idOf(gap.finding)
              : null,
        })),
      gapCount: gaps.length,
      series: linkSeries(link, network.from, network.to),
      findings: findings.map(idOf),
      evidence: chosen(lines, 4).map((line) => evidenceOf(line, sourceIds)),
    }
  })
}

/** State of a link by its findings and, where there are none, by what was seen to work. */
export function stateOf(
  link: NetworkLink,
  findings: readonly RawFinding[],
  analysis: Analysis,
): LinkState {
  const causes = findings.filter(({ severity }) => severity !== 'info')
  const has = (test: (finding: RawFinding) => boolean): boolean => causes.some(test)
  if (has(({ cause }) => cause === 'never-seen')) return 'never-seen'
  if (has(({ cause }) => cause === 'silent')) return 'silent'
  if (
    has(
      ({ status, severity, cause }) =>
        status === 'ongoing' && severity === 'error' && cause !== 'hammering' && cause !== 'slow',
    )
  ) {
    return 'failing'
  }
  const works = link.views.some(({ view }) => view.ok > 0)
  if (!works) return 'unknown'
  const bad = causes.filter(({ cause }) => cause !== 'unlisted-client')
  if (bad.some(({ status }) => status !== 'recovered')) return 'degraded'
  if (bad.length > 0) return 'recovered'
  if (link.kind === 'poll' && sourcesEnd(link, analysis)) return 'unknown'
  const { tasks, results } = countTasks(link)
  if (link.kind === 'poll' || link.kind === 'upstream')
    return tasks + results > 0 ? 'serving' : 'healthy-idle'
  return 'serving'
}

/** Nothing is known of the last part of the window: what worked before may not work now. */
function sourcesEnd(link: NetworkLink, { network }: Analysis): boolean {
  const last = Math.max(
    ...link.views.map(({ view }) => view.last).filter((time) => !Number.isNaN(time)),
    0,
  )
  const heard = hearingView(link)
  const limit = heard === undefined ? Number.NaN : gapLimit(heard.view)
  return (
    network.to - last >
    Math.max(Number.isNaN(limit) ? 0 : 2 * limit, (network.to - network.from) / 4)
  )
}

function countTasks(link: NetworkLink): { tasks: number; results: number } {
  if (link.kind === 'upstream') {
    const logs = link.relay?.logs ?? []
    return {
      tasks: logs.reduce((sum, { facts }) => sum + facts.tasks.count('received'), 0),
      results: logs.reduce((sum, { facts }) => sum + facts.tasks.count('submitted'), 0),
    }
  }
  return {
    tasks: Math.max(0, ...link.views.map(({ view }) => view.tasks)),
    results: Math.max(0, ...link.views.map(({ view }) => view.answers)),
  }
}

export function linkView(side: LinkView['side'], view: SideView): LinkView {
  const { exchanges, ok, failed } = view
  return {
    side,
    exchanges,
    succeeded: ok,
    failed,
    unanswered: view.unanswered,
    successRate: exchanges === 0 ? null : ok / exchanges,
    statuses: [...view.statuses]
      .toSorted((a, b) => b[1] - a[1] || a[0] - b[0])
      .map(([status, count]) => ({ status: status === 0 ? 'ok' : outcomeText(status), count })),
    latency: latencyOf(view),
    pollIntervalMs: Number.isNaN(view.pollInterval) ? null : rounded(view.pollInterval),
    first: instant(view.first),
    last: instant(view.last),
    lastSuccess: instant(view.lastOk),
    summarised: view.summarised,
  }
}

function latencyOf({ latency, sources }: SideView): Latency | null {
  if (latency.count === 0) return null
  const coarse = sources.every(({ stats }) => stats.series.wholeSeconds)
  const quantile = (q: number): number =>
    coarse ? Math.round(latency.quantile(q) / 1000) * 1000 : rounded(latency.quantile(q))
  return {
    count: latency.count,
    p50Ms: quantile(0.5),
    p90Ms: quantile(0.9),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
    maxMs: rounded(latency.max),
    resolutionMs: coarse ? 1000 : 1,
  }
}

/** Three digits are more than the histogram knows. */
export function rounded(ms: number): number {
  return ms === 0 ? 0 : Number(ms.toPrecision(3))
}

function explain(link: NetworkLink, state: LinkState, findings: readonly RawFinding[]): string {
  const worst = findings.find(({ severity }) => severity !== 'info')
  const heard = (hearingView(link) ?? link.views[0])?.view
  const view = link.poll === undefined ? heard : (mostAffectedSide(link.poll) ?? heard)
  if (view === undefined || view.exchanges === 0) {
    return worst?.why ?? 'No line in any source shows this link.'
  }
  const what = WHAT[link.kind]
  const side = view !== heard ? ', as the client’s own log tells' : ''
  const numbers =
    view.ok === view.exchanges
      ? `All ${formatCount(view.exchanges, what)} went well`
      : `${formatNumber(view.ok)} of ${formatCount(view.exchanges, what)} went well (${formatPercent(view.ok / view.exchanges)}${side})`
  const speed =
    view.latency.count === 0
      ? ''
      : holdsPolls(view)
        ? ', answers held back until there is work'
        : `, 95 % within ${formatDuration(rounded(view.latency.quantile(0.95)))}`
  const rhythm =
    link.kind === 'poll' && !Number.isNaN(view.pollInterval)
      ? `, every ${formatDuration(rounded(view.pollInterval))}`
      : ''
  if (worst !== undefined) return `${numbers}${rhythm}${speed}. ${worst.why}`
  if (state === 'unknown')
    return `${numbers} until ${formatTime(view.last)}; nothing is known of the time after.`
  return `${numbers}${rhythm}${speed}.`
}

const WHAT: Readonly<Record<NetworkLink['kind'], string>> = {
  poll: 'request',
  'load-balancer': 'request',
  database: 'statement',
  broker: 'connection',
  upstream: 'exchange',
  cdm: 'connection',
}
