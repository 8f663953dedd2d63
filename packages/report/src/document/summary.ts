import type { Analysis } from '../analysis.ts'
import type { RawCheck } from '../checklist/checklist.ts'
import type { PollLink } from '../exchange/network.ts'
import { titleOf } from '../findings/diagnose.ts'
import type { RawFinding } from '../findings/raw-finding.ts'
import { formatCount, formatPercent, formatDuration, formatNumber } from '../findings/figures.ts'
import type { SideView } from '../timeline/side-view.ts'
import { formatMoment } from './moment.ts'
import type { NumberRow, Verdict } from './report-document.ts'

/** Healthy only when every essential check has passed; one without evidence makes it unknown, whatever else looks good. */
export function verdictOf(
  findings: readonly RawFinding[],
  checks: readonly RawCheck[],
  { sources }: Analysis['inputs'],
): Verdict {
  // That lines could not be read is a finding; of the network it says nothing.
  if (sources.every(({ events }) => events === 0)) return 'unknown'
  const bad = findings.filter(({ severity }) => severity !== 'info')
  if (bad.some(({ severity }) => severity === 'error')) return 'unhealthy'
  const unproven = checks.some(({ essential, state }) => essential && state === 'unknown')
  if (bad.length > 0)
    return bad.every(({ status }) => status === 'recovered') && !unproven ? 'recovered' : 'degraded'
  return unproven ? 'unknown' : 'healthy'
}

/** The verdict in a sentence: what is wrong and since when, the worst first, before how much of it there is. */
export function sentenceOf(
  verdict: Verdict,
  analysis: Analysis,
  checks: readonly RawCheck[],
): string {
  const { diagnosis, network } = analysis
  const bad = diagnosis.findings.filter(({ severity }) => severity !== 'info')
  const shown = bad.slice(0, 2).map((finding) => titleAndTime(finding, network))
  const rest = bad.length - shown.length
  const problems = `${shown.join('; ')}${rest > 0 ? `; and ${formatCount(rest, 'more problem')}` : ''}.`
  const unknown = checks.filter(({ essential, state }) => essential && state === 'unknown')
  switch (verdict) {
    case 'healthy':
      return `Stable: all ${formatNumber(requestsOf(analysis).all)} requests of ${formatCount(network.links.length, 'client')} were answered, and no failure is in any source.`
    case 'unknown':
      return `There is not enough evidence${doubts(unknown)}.`
    case 'recovered':
      return `Everything works at the end of the window; ${bad.length === 1 ? 'one problem' : `${bad.length} problems`} came and went: ${problems}`
    case 'degraded':
    case 'unhealthy':
      return problems
    default:
      return verdict satisfies never
  }
}

function titleAndTime(finding: RawFinding, network: Analysis['network']): string {
  const { first, recoveredAt, status } = finding
  const title = titleOf(finding)
  if (Number.isNaN(first)) return title
  const start = formatMoment(first, network)
  if (status === 'recovered' && !Number.isNaN(recoveredAt))
    return `${title}, from ${start} to ${formatMoment(recoveredAt, network)}`
  return status === 'ongoing' ? `${title}, since ${start}` : `${title}, first at ${start}`
}

function doubts(unknown: readonly RawCheck[]): string {
  const shown = unknown
    .slice(0, 2)
    .map(
      ({ title, detail }) =>
        `“${title}” (${detail.replace(/\.$/, '').replace(/^./, (letter) => letter.toLowerCase())})`,
    )
  const rest = unknown.length - shown.length
  if (rest > 0) return ` for ${shown.join(', ')} and ${formatCount(rest, 'more check')}`
  return shown.length === 0 ? '' : ` for ${shown.join(' and ')}`
}

/** The side of a link that saw most of it fail; the relay where none did. What never reached the relay, only the client tells. */
export function mostAffectedSide({
  relayView,
  client,
}: Pick<PollLink, 'relayView' | 'client'>): SideView | undefined {
  if (relayView === undefined || client === undefined) return relayView ?? client
  return answeredShare(client) < answeredShare(relayView) ? client : relayView
}

function answeredShare({ ok, exchanges }: SideView): number {
  return exchanges === 0 ? 1 : ok / exchanges
}

function requestsOf({ network }: Analysis): { readonly all: number; readonly ok: number } {
  const views = network.links.flatMap((link) => mostAffectedSide(link) ?? [])
  return {
    all: views.reduce((sum, { exchanges }) => sum + exchanges, 0),
    ok: views.reduce((sum, { ok }) => sum + ok, 0),
  }
}

export function numbersOf(analysis: Analysis): NumberRow[] {
  const { network, diagnosis } = analysis
  const { all, ok } = requestsOf(analysis)
  const rows: NumberRow[] = []
  if (all > 0)
    rows.push({
      label: 'requests answered',
      value: `${formatNumber(ok)} of ${formatNumber(all)} (${formatPercent(ok / all)})`,
    })
  if (network.links.length > 0) {
    const listed = network.links.filter(({ expected }) => expected === true).length
    const seen = network.links.filter(
      ({ client, relayView }) => client !== undefined || relayView !== undefined,
    ).length
    rows.push({ label: 'clients', value: `${seen} seen${listed > 0 ? `, ${listed} listed` : ''}` })
  }
  const relay = network.links
    .flatMap(({ relayView }) => relayView ?? [])
    .toSorted((a, b) => b.latency.count - a.latency.count)[0]
  if (relay !== undefined && relay.latency.count > 0)
    rows.push({
      label: '95 % of answers',
      value: `within ${formatDuration(Number(relay.latency.quantile(0.95).toPrecision(3)))}`,
    })
  const logs = network.relays.flatMap((one) => one.logs)
  const received = logs.reduce((sum, { facts }) => sum + facts.tasks.count('received'), 0)
  const submitted = logs.reduce((sum, { facts }) => sum + facts.tasks.count('submitted'), 0)
  if (received + submitted > 0)
    rows.push({
      label: 'tasks',
      value: `${formatNumber(received)} received, ${formatNumber(submitted)} submitted`,
    })
  const count = (wanted: RawFinding['severity']): number =>
    diagnosis.findings.filter(({ severity }) => severity === wanted).length
  const problems = [
    [count('error'), 'serious'],
    [count('warning'), 'lesser'],
  ] as const
  const words = problems.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`)
  rows.push({ label: 'problems', value: words.join(', ') || 'none' })
  return rows
}
