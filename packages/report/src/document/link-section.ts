import type { Analysis } from '../analysis.ts'
import type { RawFinding } from '../findings/raw-finding.ts'
import { gapLimit } from '../findings/limits.ts'
import { mainView } from '../findings/silences.ts'
import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import { roundLatency } from '../vocabulary/figures.ts'
import type { NetworkLink } from '../network/topology.ts'
import { outcomeText } from '../facts/link-stats.ts'
import type { SideView } from '../timeline/side-view.ts'
import { selectLines, evidenceOf, instant, instantOr } from './instants.ts'
import { latencyOf } from './latency.ts'
import { explainState } from './link-explanation.ts'
import { buildSeries } from './link-series.ts'
import type { Link, LinkState, LinkView } from './report-document.ts'

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
      explanation: explainState(link, state, findings),
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

/** The worst that a finding makes of its link. */
function worst(finding: RawFinding): LinkState | 'unaffected' {
  return CAUSE_SHEET[finding.cause].linkState
}

/** State of a link according to its findings; without findings, according to its exchanges. */
export function stateOf(
  link: NetworkLink,
  findings: readonly RawFinding[],
  analysis: Analysis,
): LinkState {
  const causes = findings.filter(({ severity }) => severity !== 'info')
  const has = (test: (finding: RawFinding) => boolean): boolean => causes.some(test)
  if (has((finding) => worst(finding) === 'never-seen')) return 'never-seen'
  if (has((finding) => worst(finding) === 'silent')) return 'silent'
  if (
    has(
      (finding) =>
        finding.status === 'ongoing' &&
        finding.severity === 'error' &&
        worst(finding) === 'failing',
    )
  ) {
    return 'failing'
  }
  const works = link.views.some(({ view }) => view.ok > 0)
  if (!works) return 'unknown'
  const bad = causes.filter((finding) => worst(finding) !== 'unaffected')
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
  const heard = mainView(link)
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
