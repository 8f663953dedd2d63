import type { Analysis } from '../analysis.ts'
import type { RawCheck } from '../checklist/checklist.ts'
import type { PollLink } from '../network/network.ts'
import { titleOf } from '../findings/raw-finding.ts'
import type { RawFinding } from '../findings/raw-finding.ts'
import {
  formatCount,
  formatPercent,
  formatDuration,
  formatNumber,
  roundLatency,
} from '../vocabulary/figures.ts'
import type { SideView } from '../timeline/side-view.ts'
import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import { formatMoment, formatSpan } from './moment.ts'
import type { NumberRow, Verdict } from './report-document.ts'

/** `healthy` only if every essential check passed. A single one without evidence makes it `unknown`. */
export function decideVerdict(
  findings: readonly RawFinding[],
  checks: readonly RawCheck[],
  { sources, kubernetes }: Analysis['inputs'],
): Verdict {
  // Unrecognised lines are findings about the logs, not about the network.
  if (sources.every(({ events }) => events === 0) && kubernetes.length === 0) return 'unknown'
  const bad = findings.filter(({ severity }) => severity !== 'info')
  if (bad.some(({ severity }) => severity === 'error')) return 'unhealthy'
  const unproven = checks.some(({ essential, state }) => essential && state === 'unknown')
  if (bad.length > 0)
    return bad.every(({ status }) => status === 'recovered') && !unproven ? 'recovered' : 'degraded'
  return unproven ? 'unknown' : 'healthy'
}

const MAX_NAMED = 2

/** The verdict in one or two sentences. Names the most severe problem first. */
export function writeSentence(
  verdict: Verdict,
  analysis: Analysis,
  checks: readonly RawCheck[],
): string {
  const problems = analysis.diagnosis.findings.filter(({ severity }) => severity !== 'info')
  switch (verdict) {
    case 'healthy':
      return describeSuccess(analysis)
    case 'unknown':
      return describeMissingEvidence(checks)
    case 'recovered':
      return `Everything works at the end of the logs. Earlier ${problems.length === 1 ? 'problem' : 'problems'}: ${describeProblems(problems, analysis)}.`
    case 'degraded':
    case 'unhealthy':
      return `${describeProblems(problems, analysis, ', recovered')}.`
    default:
      return verdict satisfies never
  }
}

function describeSuccess(analysis: Analysis): string {
  const { all, ok } = countRequests(analysis)
  const clients = `from ${formatCount(analysis.network.links.length, 'client')}`
  if (ok < all || analysis.network.unknownLogins.length > 0)
    return `${formatNumber(ok)} of ${formatCount(all, 'request')} ${clients} succeeded (${formatPercent(ok / all)}), and every essential check passed.`
  const requests = all === 1 ? 'The only request' : `All ${formatNumber(all)} requests`
  return `${requests} ${clients} succeeded, and no log contains a failure.`
}

/** Names the first findings: those about the network, if there are any, before those about the logs. */
function describeProblems(
  problems: readonly RawFinding[],
  { network }: Analysis,
  recoveredNote = '',
): string {
  const ofNetwork = problems.filter(({ cause }) => CAUSE_SHEET[cause].concerns === 'network')
  const named = (ofNetwork.length > 0 ? ofNetwork : problems).slice(0, MAX_NAMED)
  return listAll(
    named.map((finding) => formatTitleAndTime(finding, network, recoveredNote)),
    problems.length - named.length,
    'more finding',
  )
}

function formatTitleAndTime(
  finding: RawFinding,
  timeRange: Analysis['network'],
  recoveredNote: string,
): string {
  const { first, last, recoveredAt, status } = finding
  const title = titleOf(finding)
  if (Number.isNaN(first)) return title
  if (status === 'ongoing') return withNote(title, `since ${formatMoment(first, timeRange)}`)
  const end = Number.isNaN(recoveredAt) ? last : recoveredAt
  const note = status === 'recovered' ? recoveredNote : ''
  return withNote(title, `${formatSpan(first, end, timeRange)}${note}`)
}

/** Adds a note in brackets, or to the brackets at the end of the title. */
function withNote(title: string, note: string): string {
  return title.endsWith(')') ? `${title.slice(0, -1)}, ${note})` : `${title} (${note})`
}

function describeMissingEvidence(checks: readonly RawCheck[]): string {
  const unknown = checks.filter(({ essential, state }) => essential && state === 'unknown')
  if (unknown.length === 0) return 'There is not enough evidence.'
  const named = unknown.slice(0, MAX_NAMED).map(({ title, detail }) => {
    const reason = detail.replace(/\.$/, '').replace(/^./, (letter) => letter.toLowerCase())
    return `"${title}" (${reason})`
  })
  return `There is not enough evidence for ${listAll(named, unknown.length - named.length, 'more check')}.`
}

/** `a, b and 3 more findings`. */
function listAll(items: readonly string[], rest: number, noun: string): string {
  const all = rest > 0 ? [...items, formatCount(rest, noun)] : items
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1) ?? ''}`
}

/** The side with the lowest success rate, else the relay. Only the client logs requests that never reach the relay. */
export function mostAffectedSide({
  relayView,
  client,
}: Pick<PollLink, 'relayView' | 'client'>): SideView | undefined {
  if (relayView === undefined || client === undefined) return relayView ?? client
  return successShare(client) < successShare(relayView) ? client : relayView
}

function successShare({ ok, exchanges }: SideView): number {
  return exchanges === 0 ? 1 : ok / exchanges
}

function countRequests({ network }: Analysis): { readonly all: number; readonly ok: number } {
  const views = network.links.flatMap((link) => mostAffectedSide(link) ?? [])
  return {
    all: views.reduce((sum, { exchanges }) => sum + exchanges, 0),
    ok: views.reduce((sum, { ok }) => sum + ok, 0),
  }
}

export function buildNumbers(analysis: Analysis): NumberRow[] {
  const { network, diagnosis } = analysis
  const { all, ok } = countRequests(analysis)
  const rows: NumberRow[] = []
  if (all > 0)
    rows.push({
      label: 'successful requests',
      value: `${formatNumber(ok)} of ${formatNumber(all)} (${formatPercent(ok / all)})`,
    })
  if (network.links.length > 0) {
    const listed = network.links.filter(({ expected }) => expected === true).length
    const seen = network.links.filter(
      ({ client, relayView }) => client !== undefined || relayView !== undefined,
    ).length
    rows.push({
      label: 'clients',
      value: `${seen} seen${listed > 0 ? `, ${listed} expected` : ''}`,
    })
  }
  const relay = network.links
    .flatMap(({ relayView }) => relayView ?? [])
    .toSorted((a, b) => b.latency.count - a.latency.count)[0]
  if (relay !== undefined && relay.latency.count > 0)
    rows.push({
      label: 'p95 response time of the relay',
      value: formatDuration(roundLatency(relay.latency.quantile(0.95))),
    })
  const logs = network.relays.flatMap((one) => one.logs)
  const received = logs.reduce((sum, { facts }) => sum + facts.tasks.count('received'), 0)
  const submitted = logs.reduce((sum, { facts }) => sum + facts.tasks.count('submitted'), 0)
  if (received + submitted > 0)
    rows.push({
      label: 'tasks',
      value: `${formatNumber(received)} received, ${formatCount(submitted, 'result')} submitted`,
    })
  const count = (wanted: RawFinding['severity']): number =>
    diagnosis.findings.filter(({ severity }) => severity === wanted).length
  const counts = [
    [count('error'), 'error'],
    [count('warning'), 'warning'],
  ] as const
  const found = counts.filter(([n]) => n > 0).map(([n, noun]) => formatCount(n, noun))
  rows.push({ label: 'findings', value: found.join(', ') || 'no errors or warnings' })
  return rows
}
