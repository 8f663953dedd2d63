import type { Network } from '../exchange/network.ts'
import type { Topology } from '../exchange/topology.ts'
import { compareText } from '../read/input-files.ts'
import { findBehaviour } from './behaviour.ts'
import { CAUSE_CATALOGUE } from './cause-catalogue.ts'
import { foldInto } from './consequences.ts'
import { pollLinksOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { findRelayFailures, findServerErrors } from './relay-findings.ts'
import { absorbIntoStalls, findStalls } from './relay-stalls.ts'
import { findPollFailures } from './poll-failures.ts'
import { reopenRecurring } from './recurrence.ts'
import { findServiceFailures } from './service-findings.ts'
import { findSilences } from './silences.ts'
import type { LinkGap } from './silences.ts'
import { findLateBeginnings } from './late-beginnings.ts'
import { findClockSkew, findEarlyEnds, findLogGaps, findUnreadable } from './source-findings.ts'
import { findTaskFailures } from './task-findings.ts'

export interface Diagnosis {
  /** Errors first, then warnings, then information; within each by time and name. */
  readonly findings: readonly RawFinding[]
  readonly gaps: readonly LinkGap[]
}

/**
 * From what is known to what is wrong, why, and who has to act. Order matters: what others may be a consequence of is found
 * first; what a root cause explains is added to it and does not stand on its own.
 */
export function diagnose(network: Network, topology: Topology): Diagnosis {
  const context: DiagnosisContext = { network, topology, found: [] }
  findStalls(context)
  findServiceFailures(context)
  findRelayFailures(context)
  findLogGaps(context)
  findPollFailures(context)
  findServerErrors(context)
  const gaps = findSilences(context)
  findBehaviour(context, gaps)
  neverSeen(context)
  findTaskFailures(context)
  findLateBeginnings(context)
  findEarlyEnds(context)
  absorbIntoStalls(context)
  findUnreadable(context)
  findClockSkew(context)
  for (const finding of context.found) reopenRecurring(finding, network.to)
  const findings = withoutConsequences(context)
  return { findings: findings.toSorted(bySeverity), gaps }
}

function neverSeen(context: DiagnosisContext): void {
  for (const link of pollLinksOf(context)) {
    if (link.poll?.expected !== true || link.views.some(({ view }) => view.exchanges > 0)) continue
    context.found.push(
      rawFinding({
        cause: 'never-seen',
        severity: 'error',
        status: 'ongoing',
        subject: link.from.name,
        link,
        first: context.network.from,
        last: context.network.to,
        count: 0,
        confidence: link.relay === undefined ? 'possible' : 'certain',
        partyName: link.from.name,
        why:
          link.relay === undefined
            ? 'It is on the list, and no source mentions it; but there is no relay log either.'
            : 'It is on the list, and neither the relay’s log nor any other source mentions it in this window.',
      }),
    )
  }
}

/** What each of these brings with it when it happens. */
const CONSEQUENCES: readonly (readonly [
  root: readonly string[],
  consequence: readonly string[],
])[] = [
  [
    ['database-failing', 'broker-refused', 'broker-auth-failed', 'broker-connection-lost'],
    ['relay-error', 'probe-failing'],
  ],
  // Our relay answers 503 without its database, and a balancer takes a relay out of service that is not ready.
  [['database-failing'], ['proxy-503']],
  [['database-slow', 'database-failing'], ['slow']],
  // Nobody listens while a relay is being started.
  [
    ['relay-restarted'],
    ['broker-connection-lost', 'connection-refused', 'connection-closed', 'proxy-502', 'proxy-503'],
  ],
  [['broker-stopped'], ['broker-refused', 'broker-connection-lost']],
]

function withoutConsequences({ found, network }: DiagnosisContext): RawFinding[] {
  const gone = new Set<RawFinding>()
  for (const [roots, consequences] of CONSEQUENCES) {
    const causes = found.filter((finding) => roots.includes(finding.cause) && !gone.has(finding))
    for (const finding of found) {
      if (!consequences.includes(finding.cause)) continue
      if (foldInto(causes, finding, network)) gone.add(finding)
    }
  }
  return found.filter((finding) => !gone.has(finding))
}

const SEVERITY_ORDER = ['error', 'warning', 'info'] as const

function bySeverity(a: RawFinding, b: RawFinding): number {
  return (
    SEVERITY_ORDER.indexOf(a.severity) - SEVERITY_ORDER.indexOf(b.severity) ||
    (a.first || 0) - (b.first || 0) ||
    compareText(a.cause, b.cause) ||
    compareText(a.subject, b.subject) ||
    compareText(a.link?.id ?? '', b.link?.id ?? '')
  )
}

export function titleOf(finding: RawFinding): string {
  return `${finding.subject}: ${CAUSE_CATALOGUE[finding.cause].title}`
}
