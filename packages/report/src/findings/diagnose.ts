import type { KubernetesFile } from '../kubernetes/kubernetes-file.ts'
import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import type { Network } from '../network/network.ts'
import type { Topology } from '../network/topology.ts'
import { compareText } from '../read/input-files.ts'
import { findAddressFailures } from './address-failures.ts'
import { findBehaviour } from './behaviour.ts'
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
import { findIncidents } from './incident-findings.ts'
import { findTaskFailures } from './task-findings.ts'
import { findUnknownLogins } from './unknown-logins.ts'

export interface Diagnosis {
  /** Errors, warnings, infos; within each, what is wrong with the evidence comes last, the rest by time. */
  readonly findings: readonly RawFinding[]
  readonly gaps: readonly LinkGap[]
}

/**
 * Finds what is wrong, why, and who must act. The order of the finders matters: root causes are found before their consequences, and
 * a consequence is added to its root and not listed.
 */
export function diagnose(
  network: Network,
  topology: Topology,
  kubernetes: readonly KubernetesFile[],
): Diagnosis {
  const context: DiagnosisContext = { network, topology, kubernetes, found: [] }
  findStalls(context)
  findServiceFailures(context)
  findRelayFailures(context)
  findLogGaps(context)
  findPollFailures(context)
  findAddressFailures(context)
  findServerErrors(context)
  const gaps = findSilences(context)
  findBehaviour(context, gaps)
  findNeverSeen(context)
  findUnknownLogins(context)
  findTaskFailures(context)
  findLateBeginnings(context)
  findEarlyEnds(context)
  absorbIntoStalls(context)
  findIncidents(context)
  findUnreadable(context)
  findClockSkew(context)
  for (const finding of context.found) reopenRecurring(finding, network.to)
  const findings = withoutConsequences(context)
  return { findings: findings.toSorted(bySeverity), gaps }
}

function findNeverSeen(context: DiagnosisContext): void {
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
            ? 'No log contains a request from this client, and there is no relay log.'
            : 'Neither the relay log nor any other log contains a request from this client.',
      }),
    )
  }
}

function isRoot({ cause }: RawFinding): boolean {
  return CAUSE_SHEET[cause].bringsAbout.length > 0
}

/** Adds consequences to their roots. Consequences that are themselves roots come last, so that they still explain theirs. */
function withoutConsequences({ found, network }: DiagnosisContext): RawFinding[] {
  const gone = new Set<RawFinding>()
  for (const finding of [...found.filter((one) => !isRoot(one)), ...found.filter(isRoot)]) {
    const roots = found.filter(
      (root) => CAUSE_SHEET[root.cause].bringsAbout.includes(finding.cause) && !gone.has(root),
    )
    if (foldInto(roots, finding, network)) gone.add(finding)
  }
  return found.filter((finding) => !gone.has(finding))
}

const SEVERITY_ORDER = ['error', 'warning', 'info'] as const

/** The finding concerns the evidence only. A log that ends because its program stopped concerns the network. */
export function isAboutEvidence({ cause, party }: Pick<RawFinding, 'cause' | 'party'>): boolean {
  return CAUSE_SHEET[cause].concerns !== 'network' && party !== 'hub'
}

export function bySeverity(a: RawFinding, b: RawFinding): number {
  return (
    SEVERITY_ORDER.indexOf(a.severity) - SEVERITY_ORDER.indexOf(b.severity) ||
    Number(isAboutEvidence(a)) - Number(isAboutEvidence(b)) ||
    byTime(a.first, b.first) ||
    compareText(a.cause, b.cause) ||
    compareText(a.subject, b.subject) ||
    compareText(a.link?.id ?? '', b.link?.id ?? '')
  )
}

/** Earlier times first, unknown ones last. */
function byTime(a: number, b: number): number {
  const unknown = Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return unknown !== 0 || Number.isNaN(a) ? unknown : a - b
}
