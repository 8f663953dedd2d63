import type { Cause } from '../document/cause.ts'
import type { NetworkLink } from '../exchange/topology.ts'
import type { DiagnosisContext } from './context.ts'
import { endOf } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { TASK_TIME_MS } from './limits.ts'
import { absorb } from './consequences.ts'

/** What keeps a client from answering, whatever of it was found. */
export function blocksAnswers(finding: RawFinding, link: NetworkLink): boolean {
  if (finding.severity === 'info') return false
  return hits(finding, link) || (RELAY_CAUSES.has(finding.cause) && concernsRelay(finding, link))
}

/** It is about this client's own way to the relay. */
export function hits(
  { cause, severity, link: own, affects }: RawFinding,
  link: NetworkLink,
): boolean {
  if (EXPLAINS_NOTHING.has(cause) || severity === 'info') return false
  return own === link || affects.has(link.id)
}

/** The relay itself, its database or its broker failed: that hits all its clients. */
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

/** Beside these a client may work as it should, or they are themselves about tasks without an answer. */
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

/** Adds a finding unless all of it is a consequence of others: then the first of these takes it in. */
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
