import { causesWhere } from '../vocabulary/causes/sheet.ts'
import type { Analysis } from '../analysis.ts'
import { unseenRelays } from '../network/topology.ts'
import { titleOf } from '../findings/raw-finding.ts'
import { formatCount, formatDuration } from '../vocabulary/figures.ts'
import { MINUTE } from '../read/timestamps.ts'
import { formatSpan } from './moment.ts'
import type { Caveat } from './report-document.ts'

const CAVEAT_ORDER = ['error', 'warning', 'info'] as const

/** What limits the evidence: missing logs, gaps, uncertain clocks. */
export function findCaveats(analysis: Analysis): Caveat[] {
  const { network, inputs } = analysis
  const caveats: Caveat[] = []
  const addCaveat = (kind: Caveat['kind'], severity: Caveat['severity'], text: string): void =>
    void caveats.push({ kind, severity, text })
  if (inputs.sources.every(({ events }) => events === 0) && inputs.kubernetes.length === 0)
    addCaveat('empty', 'error', 'No line was recognised in any source.')
  if (network.relays.length === 0)
    addCaveat(
      'missing-source',
      'error',
      'No relay log. What the clients log about the relay cannot be verified.',
    )
  else if (network.relays.every(({ logs }) => logs.every(({ facts }) => !facts.logsRequests))) {
    addCaveat(
      'level',
      'warning',
      'The relay log contains no requests because of its log level, so only warnings are included.',
    )
  }
  if (network.relays.length > 0)
    for (const { name } of unseenRelays(analysis.topology))
      addCaveat(
        'missing-source',
        'warning',
        `No log from a relay that clients poll (${name}). What the clients log about it cannot be verified.`,
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
    const one = without.length === 1
    addCaveat(
      'missing-source',
      all ? 'warning' : 'info',
      `No ${one ? 'log' : 'logs'} from ${formatCount(without.length, 'client')} (${names}${without.length > 5 ? ' …' : ''}). ${one ? 'Its' : 'Their'} side is known from the relay log only.`,
    )
  }
  const needsBroker = analysis.topology.links.some(
    ({ kind, views }) => kind === 'broker' && views.length === 0,
  )
  if (needsBroker && network.relays.length > 0)
    addCaveat('missing-source', 'warning', 'No broker log, and no other log mentions the broker.')
  for (const { logs, name } of network.links) {
    for (const { log } of logs) {
      if (!log.facts.logsPolls && log.facts.link.summaries.size === 0) {
        addCaveat(
          'level',
          'warning',
          `The log of ${name} (${log.source.file}) does not contain empty polls because of its log level.`,
        )
      }
      addOverlapCaveat(analysis, log, name, addCaveat)
    }
  }
  for (const { source, method, confidence, dateKnown, text } of analysis.clockOffsets) {
    if (!dateKnown) addCaveat('date', 'warning', `${source.file}: ${text}`)
    else if (confidence === 'possible' && method !== 'none')
      addCaveat('clock', 'warning', `${source.file}: ${text}`)
    else if (method === 'matched') addCaveat('clock', 'info', `${source.file}: ${text}`)
    if (source.zone.changes > 0)
      addCaveat(
        'clock',
        'info',
        `${source.file}: the time zone of its own timestamps changes within the log. The timestamps of the wrapper are used.`,
      )
  }
  for (const { path, problems } of inputs.files)
    for (const text of problems) addCaveat('gap', 'warning', `${path}: ${text}`)
  for (const cause of causesWhere(({ concerns }) => concerns === 'coverage')) {
    for (const finding of analysis.diagnosis.findings.filter((one) => one.cause === cause)) {
      addCaveat('gap', 'warning', `${titleOf(finding)}. ${finding.why}`)
    }
  }
  for (const { file, repeated } of inputs.sources) {
    if (repeated === 0) continue
    addCaveat(
      'limit',
      'info',
      `${formatCount(repeated, 'event')} in ${file} also ${repeated === 1 ? 'appears' : 'appear'} elsewhere in the logs and ${repeated === 1 ? 'is' : 'are'} counted once.`,
    )
  }
  if (inputs.overflowed)
    addCaveat(
      'limit',
      'warning',
      'Too many sources to keep apart. The remaining ones were read as one source.',
    )
  if (
    analysis.network.relays.some(({ logs }) => logs.some(({ facts }) => facts.clients.overflowed))
  ) {
    addCaveat(
      'limit',
      'warning',
      'Too many clients to follow individually. The remaining ones are not in this report.',
    )
  }
  return caveats.toSorted(
    (a, b) => CAVEAT_ORDER.indexOf(a.severity) - CAVEAT_ORDER.indexOf(b.severity),
  )
}

function addOverlapCaveat(
  { network }: Analysis,
  log: Analysis['network']['logs'][number],
  name: string,
  addCaveat: (kind: Caveat['kind'], severity: Caveat['severity'], text: string) => void,
): void {
  const relay = network.relays[0]
  if (relay === undefined) return
  const first = log.source.first + log.shift
  const last = log.source.last + log.shift
  const shared = Math.min(last, relay.last) - Math.max(first, relay.first)
  const shorter = Math.min(last - first, relay.last - relay.first)
  if (shared <= 0)
    addCaveat(
      'no-overlap',
      'error',
      `The logs of ${name} (${formatSpan(first, last, network)}) and the relay (${formatSpan(relay.first, relay.last, network)}) do not overlap, so they cannot be compared.`,
    )
  else if (shared < shorter / 2 && shorter > MINUTE)
    addCaveat(
      'no-overlap',
      'warning',
      `The logs of ${name} and the relay overlap for only ${formatDuration(shared)}.`,
    )
}
