import type { Analysis } from '../analysis.ts'
import { unseenRelays } from '../exchange/topology.ts'
import { titleOf } from '../findings/diagnose.ts'
import { formatCount, formatDuration } from '../findings/figures.ts'
import { MINUTE } from '../read/timestamps.ts'
import { formatMoment } from './moment.ts'
import type { Caveat } from './report-document.ts'

const CAVEAT_ORDER = ['error', 'warning', 'info'] as const

/** What the reader must know first: what is missing, what does not fit together. */
export function caveatsOf(analysis: Analysis): Caveat[] {
  const { network, inputs } = analysis
  const caveats: Caveat[] = []
  const say = (kind: Caveat['kind'], severity: Caveat['severity'], text: string): void =>
    void caveats.push({ kind, severity, text })
  if (inputs.sources.every(({ events }) => events === 0))
    say('empty', 'error', 'No line of a known format in any source.')
  if (network.relays.length === 0)
    say('missing-source', 'error', 'No relay log: what clients say of the relay cannot be checked.')
  else if (network.relays.every(({ logs }) => logs.every(({ facts }) => !facts.logsRequests))) {
    say(
      'level',
      'warning',
      'The relay’s log has no requests in it (its level hides them): only its warnings can be told.',
    )
  }
  if (network.relays.length > 0)
    for (const { name } of unseenRelays(analysis.topology))
      say(
        'missing-source',
        'warning',
        `No log of a relay that clients poll (${name}): what they say of it cannot be checked.`,
      )
  const without = network.links.filter(
    ({ logs, relayView }) => logs.length === 0 && relayView !== undefined,
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
      `No log of ${formatCount(without.length, 'client')} (${names}${without.length > 5 ? ' …' : ''}): what happened on that side is told by the relay only.`,
    )
  }
  const needsBroker = analysis.topology.links.some(
    ({ kind, views }) => kind === 'broker' && views.length === 0,
  )
  if (needsBroker && network.relays.length > 0)
    say('missing-source', 'warning', 'No broker log, and no line about the broker elsewhere.')
  for (const { logs, name } of network.links) {
    for (const { log } of logs) {
      if (!log.facts.logsPolls && log.facts.link.summaries.size === 0) {
        say(
          'level',
          'warning',
          `The log of ${name} (${log.source.file}) does not write polls that find nothing (its level hides them).`,
        )
      }
      overlapCaveat(analysis, log, name, say)
    }
  }
  for (const { source, method, certainty, dateKnown, text } of analysis.clockOffsets) {
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
  for (const { path, problems } of inputs.files)
    for (const text of problems) say('gap', 'warning', `${path}: ${text}`)
  for (const cause of ['log-gap', 'source-began-late', 'source-ended-early'] as const) {
    for (const finding of analysis.diagnosis.findings.filter((one) => one.cause === cause)) {
      say('gap', 'warning', `${titleOf(finding)}. ${finding.why}`)
    }
  }
  for (const { file, repeated } of inputs.sources) {
    if (repeated === 0) continue
    say(
      'limit',
      'info',
      `${formatCount(repeated, 'event')} of ${file} stand in another file or another part of it as well, and count once.`,
    )
  }
  if (inputs.overflowed)
    say(
      'limit',
      'warning',
      'There were more sources than are kept apart; the rest was read as one.',
    )
  if (
    analysis.network.relays.some(({ logs }) => logs.some(({ facts }) => facts.clients.overflowed))
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
  log: Analysis['network']['logs'][number],
  name: string,
  say: (kind: Caveat['kind'], severity: Caveat['severity'], text: string) => void,
): void {
  const relay = network.relays[0]
  if (relay === undefined) return
  const at = (time: number): string => formatMoment(time, network)
  const first = log.source.first + log.shift
  const last = log.source.last + log.shift
  const shared = Math.min(last, relay.last) - Math.max(first, relay.first)
  const shorter = Math.min(last - first, relay.last - relay.first)
  if (shared <= 0)
    say(
      'no-overlap',
      'error',
      `The log of ${name} (${at(first)} to ${at(last)}) and that of the relay (${at(relay.first)} to ${at(relay.last)}) do not overlap: they cannot be compared.`,
    )
  else if (shared < shorter / 2 && shorter > MINUTE)
    say(
      'no-overlap',
      'warning',
      `The log of ${name} and that of the relay overlap for ${formatDuration(shared)} only.`,
    )
}
