import type { Analysis } from '../analysis.ts'
import type { RawFinding } from '../findings/raw-finding.ts'
import { gapLimit, holdsPolls } from '../findings/limits.ts'
import { titleOf } from '../findings/diagnose.ts'
import { hearingView } from '../findings/silences.ts'
import {
  formatTime,
  formatCount,
  formatPercent,
  formatDuration,
  formatNumber,
  roundLatency,
} from '../findings/figures.ts'
import type { NetworkLink } from '../exchange/topology.ts'
import { outcomeText } from '../facts/link-stats.ts'
import type { SideView } from '../timeline/side-view.ts'
import { selectLines, evidenceOf, instant, instantOr } from './instants.ts'
import { buildSeries } from './link-series.ts'
import type { Latency, Link, LinkState, LinkView } from './report-document.ts'

/** The links of the document. `idOf` numbers the findings. */
export function buildLinks(
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
      views: link.views.map(({ side, view }) => buildView(side, view)),
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
      series: buildSeries(link, network.from, network.to),
      findings: findings.map(idOf),
      evidence: selectLines(lines, 4).map((line) => evidenceOf(line, sourceIds)),
    }
  })
}

/** State of a link according to its findings; without findings, according to its exchanges. */
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

/** The logs end long before the time range does: what worked then may not work at its end. */
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

export function buildView(side: LinkView['side'], view: SideView): LinkView {
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
    pollIntervalMs: Number.isNaN(view.pollInterval) ? null : roundLatency(view.pollInterval),
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
    coarse ? Math.round(latency.quantile(q) / 1000) * 1000 : roundLatency(latency.quantile(q))
  return {
    count: latency.count,
    p50Ms: quantile(0.5),
    p90Ms: quantile(0.9),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
    maxMs: roundLatency(latency.max),
    resolutionMs: coarse ? 1000 : 1,
  }
}

/** Why the link has this state. Names the log of every figure, because the logs of two sides may differ. */
function explain(link: NetworkLink, state: LinkState, findings: readonly RawFinding[]): string {
  const [main, ...others] = sidesToShow(link)
  const worst = findings.find(({ severity }) => severity !== 'info')
  const cause =
    worst === undefined ? '' : worst.link === link ? worst.why : `Affected by: ${titleOf(worst)}.`
  if (main === undefined) return cause === '' ? 'No line in any log shows this link.' : cause
  const end =
    worst === undefined && state === 'unknown'
      ? ` until ${formatTime(main.view.last)}. No log covers the time after that`
      : `${formatPollInterval(link, main.view)}${formatP95(main.view)}`
  return [
    `${SIDE_LABEL[main.side]} log: ${formatSuccess(link, main.view)}${end}.`,
    ...others.map(({ side, view }) => `${SIDE_LABEL[side]} log: ${formatSuccess(link, view)}.`),
    cause,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

type Side = NetworkLink['views'][number]

/** The side with the most complete log first, then the sides that saw failures. */
function sidesToShow(link: NetworkLink): readonly Side[] {
  const seen = link.views.filter(({ view }) => view.exchanges > 0)
  const main = seen.find(({ side }) => side === hearingView(link)?.side) ?? seen[0]
  return main === undefined
    ? []
    : [main, ...seen.filter((one) => one !== main && one.view.ok < one.view.exchanges)]
}

/** `161 requests, all successful`. */
function formatSuccess({ kind }: NetworkLink, { exchanges, ok, unanswered }: SideView): string {
  const all = formatCount(exchanges, EXCHANGE_NOUN[kind])
  const noResponse = unanswered > 0 ? `, ${formatNumber(unanswered)} without a response` : ''
  if (ok === exchanges) return `${all}, ${ok === 1 ? '' : 'all '}successful${noResponse}`
  if (ok === 0) return `${all}, ${exchanges === 1 ? 'failed' : 'none successful'}${noResponse}`
  return `${formatNumber(ok)} of ${all} successful (${formatPercent(ok / exchanges)})${noResponse}`
}

function formatPollInterval({ kind }: NetworkLink, { pollInterval }: SideView): string {
  return kind === 'poll' && !Number.isNaN(pollInterval)
    ? `, one every ${formatDuration(roundLatency(pollInterval))}`
    : ''
}

function formatP95(view: SideView): string {
  const latency = latencyOf(view)
  if (latency === null) return ''
  if (holdsPolls(view)) return ', polls held by the relay'
  return latency.p95Ms === 0 && latency.resolutionMs >= 1000
    ? ', p95 below 1 s'
    : `, p95 ${formatDuration(latency.p95Ms)}`
}

const SIDE_LABEL: Readonly<Record<LinkView['side'], string>> = {
  client: 'Client',
  relay: 'Relay',
  'load-balancer': 'Load balancer',
  broker: 'Broker',
  database: 'Database',
  upstream: 'Upstream',
}

const EXCHANGE_NOUN: Readonly<Record<NetworkLink['kind'], string>> = {
  poll: 'request',
  'load-balancer': 'request',
  database: 'statement',
  broker: 'connection',
  upstream: 'exchange',
  cdm: 'connection',
}
