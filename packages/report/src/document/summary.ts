import type { Analysis } from '../analysis.ts'
import type { CheckDraft } from '../checklist/checklist.ts'
import { titleOf } from '../findings/diagnose.ts'
import type { FindingDraft } from '../findings/finding-draft.ts'
import { clockWord, countWord, percentWord, spanWord, thousands } from '../findings/words.ts'
import { MINUTE } from '../read/timestamps.ts'
import type { Caveat, Link, NumberRow, ReportDocument, Verdict } from './report-document.ts'

/** Healthy only when every essential check has passed; one without evidence makes it unknown, whatever else looks good. */
export function verdictOf(
  findings: readonly FindingDraft[],
  checks: readonly CheckDraft[],
): Verdict {
  const bad = findings.filter(({ severity }) => severity !== 'info')
  if (bad.some(({ severity }) => severity === 'error')) return 'unhealthy'
  const unproven = checks.some(({ essential, state }) => essential && state === 'unknown')
  if (bad.length > 0)
    return bad.every(({ status }) => status === 'recovered') && !unproven ? 'recovered' : 'degraded'
  return unproven ? 'unknown' : 'healthy'
}

export function sentenceOf(
  verdict: Verdict,
  analysis: Analysis,
  checks: readonly CheckDraft[],
): string {
  const { diagnosis, network } = analysis
  const bad = diagnosis.findings.filter(({ severity }) => severity !== 'info')
  const clients = network.links.length
  const requests = network.links.reduce(
    (sum, link) => sum + ((link.hubView ?? link.client)?.exchanges ?? 0),
    0,
  )
  const [worst] = bad
  const unknown = checks.filter(({ essential, state }) => essential && state === 'unknown')
  switch (verdict) {
    case 'healthy':
      return `Stable: all ${thousands(requests)} requests of ${countWord(clients, 'client')} were answered, and no failure is in any source.`
    case 'unknown':
      return `Could not tell: ${unknown.map(({ title, detail }) => `“${title}” has no evidence (${detail.replace(/\.$/, '').toLowerCase()})`).join('; ') || 'no evidence'}.`
    case 'recovered':
      return `Everything works at the end of the window; ${countWord(bad.length, 'problem')} came and went${bad.length > 1 ? ', such as' : ':'} ${worst === undefined ? '' : titleOf(worst)} at ${clockWord(worst?.first ?? Number.NaN)}.`
    case 'degraded':
    case 'unhealthy': {
      const errors = bad.filter(({ severity }) => severity === 'error').length
      const since =
        worst === undefined || Number.isNaN(worst.first) ? '' : `, since ${clockWord(worst.first)}`
      return `${countWord(bad.length, 'problem')}${errors > 0 ? `, ${errors} of them serious` : ''}: ${worst === undefined ? '' : titleOf(worst)}${since}${bad.length > 1 ? `; and ${bad.slice(1, 3).map(titleOf).join('; ')}` : ''}.`
    }
    default:
      return verdict satisfies never
  }
}

export function numbersOf({ network, diagnosis }: Analysis): NumberRow[] {
  const accounts = network.links
    .map((link) => link.hubView ?? link.client)
    .filter((account) => account !== undefined)
  const all = accounts.reduce((sum, { exchanges }) => sum + exchanges, 0)
  const ok = accounts.reduce((sum, account) => sum + account.ok, 0)
  const rows: NumberRow[] = []
  if (all > 0)
    rows.push({
      label: 'requests answered',
      value: `${thousands(ok)} of ${thousands(all)} (${percentWord(ok / all)})`,
    })
  if (network.links.length > 0) {
    const listed = network.links.filter(({ expected }) => expected === true).length
    const seen = network.links.filter(
      ({ client, hubView }) => client !== undefined || hubView !== undefined,
    ).length
    rows.push({ label: 'clients', value: `${seen} seen${listed > 0 ? `, ${listed} listed` : ''}` })
  }
  const hub = network.links
    .flatMap(({ hubView }) => hubView ?? [])
    .toSorted((a, b) => b.latency.count - a.latency.count)[0]
  if (hub !== undefined && hub.latency.count > 0)
    rows.push({
      label: 'hub latency p95',
      value: spanWord(Number(hub.latency.quantile(0.95).toPrecision(3))),
    })
  const told = network.hubs.flatMap((one) => one.told)
  const received = told.reduce((sum, { facts }) => sum + facts.tasks.count('received'), 0)
  const submitted = told.reduce((sum, { facts }) => sum + facts.tasks.count('submitted'), 0)
  if (received + submitted > 0)
    rows.push({
      label: 'tasks',
      value: `${thousands(received)} received, ${thousands(submitted)} submitted`,
    })
  const bad = diagnosis.findings.filter(({ severity }) => severity !== 'info').length
  rows.push({ label: 'problems', value: String(bad) })
  return rows
}

const CAVEAT_ORDER = ['error', 'warning', 'info'] as const

/** What the reader must know first: what is missing, what does not fit together. */
export function caveatsOf(analysis: Analysis): Caveat[] {
  const { network, inputs } = analysis
  const caveats: Caveat[] = []
  const say = (kind: Caveat['kind'], severity: Caveat['severity'], text: string): void =>
    void caveats.push({ kind, severity, text })
  if (inputs.sources.every(({ events }) => events === 0))
    say('empty', 'error', 'No line of a known format in any source.')
  if (network.hubs.length === 0)
    say('missing-source', 'error', 'No hub log: what clients say of the hub cannot be checked.')
  else if (network.hubs.every(({ told }) => told.every(({ facts }) => !facts.writesRequests))) {
    say(
      'level',
      'warning',
      'The hub’s log has no requests in it (its level hides them): only its warnings can be told.',
    )
  }
  const without = network.links.filter(
    ({ logs, hubView }) => logs.length === 0 && hubView !== undefined,
  )
  if (without.length > 0) {
    const names = without
      .slice(0, 5)
      .map(({ name }) => name)
      .join(', ')
    const all = without.length === network.links.length
    say(
      'missing-source',
      all ? 'warning' : 'info',
      `No log of ${countWord(without.length, 'client')} (${names}${without.length > 5 ? ' …' : ''}): what happened on that side is told by the hub only.`,
    )
  }
  const needsBroker = analysis.topology.links.some(
    ({ kind, views }) => kind === 'broker' && views.length === 0,
  )
  if (needsBroker && network.hubs.length > 0)
    say('missing-source', 'warning', 'No broker log, and no line about the broker elsewhere.')
  for (const { logs, name } of network.links) {
    for (const { told } of logs) {
      if (!told.facts.writesPolls && told.facts.link.summaries.size === 0) {
        say(
          'level',
          'warning',
          `The log of ${name} (${told.source.file}) does not write polls that find nothing (its level hides them).`,
        )
      }
      overlapCaveat(analysis, told, name, say)
    }
  }
  for (const { source, method, certainty, dateKnown, text } of analysis.placements) {
    if (!dateKnown) say('date', 'warning', `${source.file}: ${text}`)
    else if (certainty === 'possible' && method !== 'none')
      say('clock', 'warning', `${source.file}: ${text}`)
    else if (method === 'matched') say('clock', 'info', `${source.file}: ${text}`)
    if (source.zone.changes > 0)
      say(
        'clock',
        'info',
        `${source.file}: the zone of its own times changes within the log; the wrapper’s times are used.`,
      )
  }
  for (const { path, troubles } of inputs.files)
    for (const text of troubles) say('gap', 'warning', `${path}: ${text}`)
  for (const cause of ['log-gap', 'source-ended-early'] as const) {
    for (const finding of analysis.diagnosis.findings.filter((one) => one.cause === cause)) {
      say('gap', 'warning', `${titleOf(finding)}. ${finding.why}`)
    }
  }
  if (inputs.overflowed)
    say(
      'limit',
      'warning',
      'There were more sources than are kept apart; the rest was read as one.',
    )
  if (
    analysis.network.hubs.some(({ told }) => told.some(({ facts }) => facts.clients.overflowed))
  ) {
    say(
      'limit',
      'warning',
      'There were more clients than are followed one by one; the rest is not in this report.',
    )
  }
  return caveats.toSorted(
    (a, b) => CAVEAT_ORDER.indexOf(a.severity) - CAVEAT_ORDER.indexOf(b.severity),
  )
}

function overlapCaveat(
  { network }: Analysis,
  told: Analysis['network']['told'][number],
  name: string,
  say: (kind: Caveat['kind'], severity: Caveat['severity'], text: string) => void,
): void {
  const hub = network.hubs[0]
  if (hub === undefined) return
  const first = told.source.first + told.shift
  const last = told.source.last + told.shift
  const shared = Math.min(last, hub.last) - Math.max(first, hub.first)
  const shorter = Math.min(last - first, hub.last - hub.first)
  if (shared <= 0)
    say(
      'no-overlap',
      'error',
      `The log of ${name} (${clockWord(first)} to ${clockWord(last)}) and that of the hub (${clockWord(hub.first)} to ${clockWord(hub.last)}) do not overlap: they cannot be compared.`,
    )
  else if (shared < shorter / 2 && shorter > MINUTE)
    say(
      'no-overlap',
      'warning',
      `The log of ${name} and that of the hub overlap for ${spanWord(shared)} only.`,
    )
}

export function conclusionOf(
  verdict: Verdict,
  sentence: string,
  analysis: Analysis,
  checks: readonly CheckDraft[],
  links: readonly Link[],
): ReportDocument['conclusion'] {
  const supported = checks
    .filter(({ state }) => state === 'passed')
    .map(({ title, number }) => `${title}: ${number}.`)
  const proven = links.filter(
    ({ kind, state }) => kind === 'poll' && (state === 'healthy-idle' || state === 'serving'),
  )
  if (proven.length > 0)
    supported.push(`Working links: ${proven.map(({ name }) => name).join(', ')}.`)
  const notSupported = [
    ...checks
      .filter(({ state }) => state === 'unknown')
      .map(({ title, detail }) => `${title}: unknown. ${detail}`),
    ...links
      .filter(({ state }) => state === 'unknown')
      .map(({ name, explanation }) => `${name}: unknown. ${explanation}`),
    ...analysis.network.links.flatMap(({ logs, name }) =>
      logs
        .filter(({ match }) => match?.ambiguous === true)
        .map(
          () =>
            `The clock of ${name}: its polls are so regular that a skew by a multiple of their rhythm would look the same.`,
        ),
    ),
  ]
  const text: Readonly<Record<Verdict, string>> = {
    healthy:
      'The evidence supports that every link works: each essential check has passed with lines to prove it.',
    recovered: 'The evidence supports that the problems of this window are over.',
    degraded: 'The evidence supports that the network works in part; see the findings.',
    unhealthy:
      'The evidence shows problems that are not over; see the findings for who has to act.',
    unknown: 'The evidence does not suffice for a verdict; what is missing is listed here.',
  }
  return { text: `${text[verdict]} ${sentence}`, supported, notSupported }
}
