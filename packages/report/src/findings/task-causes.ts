import type { Cause } from '../vocabulary/cause.ts'
import type { NetworkLink } from '../network/topology.ts'
import type { DiagnosisContext } from './context.ts'
import { endOf } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { TASK_TIME_MS } from './limits.ts'
import { absorb } from './consequences.ts'

/** The finding may keep a client from answering tasks. */
export function blocksAnswers(finding: RawFinding, link: NetworkLink): boolean {
  if (finding.severity === 'info') return false
  return (
    affectsLink(finding, link) || (RELAY_CAUSES.has(finding.cause) && concernsRelay(finding, link))
  )
}

/** The finding concerns this client's own link to the relay. */
export function affectsLink(
  { cause, severity, link: own, affects }: RawFinding,
  link: NetworkLink,
): boolean {
  if (EXPLAINS_NOTHING.has(cause) || severity === 'info') return false
  return own === link || affects.has(link.id)
}

/** The relay, its database or its broker failed, which affects all its clients. */
function concernsRelay({ link, component }: RawFinding, { relay, to }: NetworkLink): boolean {
  return (link?.relay !== undefined && link.relay === relay) || component === to
}

const RELAY_CAUSES: ReadonlySet<Cause> = new Set<Cause>([
  'relay-restarted',
  'relay-stalled',
  'database-failing',
  'broker-stopped',
  'broker-refused',
  'broker-auth-failed',
  'broker-connection-lost',
  'broker-heartbeat-lost',
  'broker-resource-alarm',
])

/** Causes that do not keep a client from answering, or that are themselves about unanswered tasks. */
const EXPLAINS_NOTHING: ReadonlySet<Cause> = new Set<Cause>([
  'task-not-answered',
  'task-handed-out-again',
  'two-instances',
  'unlisted-client',
  'hammering',
  'clock-skew',
  'log-gap',
  'source-ended-early',
  'unreadable-lines',
])

/** Adds a finding, unless other findings explain all of its periods: then it is added to the first of these. */
export function explainOrAdd(
  context: DiagnosisContext,
  finding: RawFinding,
  mayExplain: (other: RawFinding) => boolean,
): void {
  const roots = context.found.filter(mayExplain)
  const causes = finding.periods.map(({ from, to }) =>
    roots.find((root) => overlaps(root, from - TASK_TIME_MS, to)),
  )
  const [root] = causes
  if (root === undefined || causes.includes(undefined)) context.found.push(finding)
  else absorb(root, finding)
}

function overlaps(root: RawFinding, from: number, to: number): boolean {
  const periods =
    root.periods.length > 0
      ? root.periods.map((period) => ({ from: period.from, to: endOf(period) }))
      : [{ from: root.first, to: root.last }]
  return periods.some((period) => period.from <= to && period.to >= from)
}
