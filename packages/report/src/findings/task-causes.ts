import type { Cause } from '../document/cause.ts'
import type { NetLink } from '../exchange/topology.ts'
import type { DiagnosisContext } from './context.ts'
import { endOf } from './finding-draft.ts'
import type { FindingDraft } from './finding-draft.ts'
import { TASK_TIME_MS } from './limits.ts'
import { absorb } from './consequences.ts'

/** What keeps a client from answering, whatever of it was found. */
export function keepsFromAnswering(finding: FindingDraft, link: NetLink): boolean {
  if (finding.severity === 'info') return false
  return hits(finding, link) || (HUB_CAUSES.has(finding.cause) && concernsHub(finding, link))
}

/** It is about this client's own way to the hub. */
export function hits(
  { cause, severity, link: own, affects }: FindingDraft,
  link: NetLink,
): boolean {
  if (EXPLAINS_NOTHING.has(cause) || severity === 'info') return false
  return own === link || affects.has(link.id)
}

/** The hub itself, its database or its broker failed: that hits all its clients. */
function concernsHub({ link, component }: FindingDraft, { hub, to }: NetLink): boolean {
  return (link?.hub !== undefined && link.hub === hub) || component === to
}

const HUB_CAUSES: ReadonlySet<Cause> = new Set<Cause>([
  'hub-restarted',
  'hub-stalled',
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
  'task-offered-again',
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
  finding: FindingDraft,
  mayExplain: (other: FindingDraft) => boolean,
): void {
  const roots = context.found.filter(mayExplain)
  const causes = finding.episodes.map(({ from, to }) =>
    roots.find((root) => overlaps(root, from - TASK_TIME_MS, to)),
  )
  const [root] = causes
  if (root === undefined || causes.includes(undefined)) context.found.push(finding)
  else absorb(root, finding)
}

function overlaps(root: FindingDraft, from: number, to: number): boolean {
  const stretches =
    root.episodes.length > 0
      ? root.episodes.map((episode) => ({ from: episode.from, to: endOf(episode) }))
      : [{ from: root.first, to: root.last }]
  return stretches.some((stretch) => stretch.from <= to && stretch.to >= from)
}
