import type { Incident, IncidentKind } from '../kubernetes/incident.ts'
import type { KubernetesFile } from '../kubernetes/kubernetes-file.ts'
import { componentOfPod } from '../network/pod-component.ts'
import type { NetworkComponent } from '../network/topology.ts'
import { MINUTE } from '../read/timestamps.ts'
import type { Cause } from '../vocabulary/cause.ts'
import type { Party } from '../vocabulary/judgement.ts'
import type { Role } from '../vocabulary/role.ts'
import {
  formatCount,
  formatList,
  formatNumber,
  inBrackets,
  sentences,
} from '../vocabulary/figures.ts'
import { absorb } from './consequences.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'

/** Clocks differ, and a restart takes a while. */
const ROOM_MS = 2 * MINUTE
/** So many restarts do not end by themselves. */
const MIN_REPEATED = 3
const MAX_LINES = 4

/** Source ID of a file that is not a log. IDs of logs are not negative. */
export function kubernetesSourceId(index: number): number {
  return -1 - index
}

const PARTY: Readonly<Partial<Record<Role, Party>>> = {
  client: 'site',
  cdm: 'site',
  'load-balancer': 'network',
  upstream: 'upstream',
}

/** The restarts themselves, as the log of the component shows them. */
const RESTARTS: ReadonlySet<Cause> = new Set([
  'client-restarted',
  'relay-restarted',
  'broker-stopped',
])
/** What other logs show of a client that restarts. */
const ABSENCE: ReadonlySet<Cause> = new Set(['interrupted', 'flapping', 'silent'])
/** What requests meet while a component is away. */
const WHILE_AWAY: ReadonlySet<Cause> = new Set([
  'connection-refused',
  'connection-closed',
  'read-timeout',
  'connect-timeout',
  'proxy-502',
  'proxy-503',
  'proxy-504',
  'probe-failing',
  'database-failing',
  'broker-refused',
  'broker-connection-lost',
  'relay-stalled',
])
const OF_CERTIFICATE: ReadonlySet<Cause> = new Set([
  'tls-expired',
  'tls-untrusted',
  'tls-wrong-name',
  'tls-failed',
])

/** Incidents of one kind at one component. */
interface Group {
  readonly kind: IncidentKind
  readonly subject: string
  readonly role: Role
  readonly component: NetworkComponent | undefined
  readonly incidents: {
    readonly incident: Incident
    readonly file: KubernetesFile
    readonly source: number
  }[]
}

/** The better explanations first: a pod that runs out of memory also restarts. */
const STRONGEST_FIRST: readonly IncidentKind[] = [
  'out-of-memory',
  'pod-evicted',
  'image-pull-failing',
  'crash-loop',
  'probe-failing',
  'target-unhealthy',
  'certificate-not-renewed',
  'pod-restarted',
]

/** Adds what Kubernetes, the load balancer and cert-manager report. What the logs show of it is added to these findings. */
export function findIncidents(context: DiagnosisContext): void {
  const groups = groupsOf(context)
  const explained = new Set<string>()
  for (const kind of STRONGEST_FIRST) {
    for (const group of groups.filter((one) => one.kind === kind)) {
      const isOfPod = kind !== 'certificate-not-renewed' && kind !== 'target-unhealthy'
      if (isOfPod && explained.has(group.subject)) continue
      const finding = findingOf(group, context)
      if (finding === undefined) continue
      if (isOfPod) explained.add(group.subject)
      fold(finding, group, context)
      context.found.push(finding)
    }
  }
}

function groupsOf(context: DiagnosisContext): Group[] {
  const groups = new Map<string, Group>()
  context.kubernetes.forEach((file, index) => {
    for (const incident of file.incidents) {
      if (!isInRange(incident, context)) continue
      const { kind, name, namespace } = incident
      const { component, role } = componentOfPod(context.topology, {
        name,
        namespace,
        labels: file.labels,
      })
      const isOfPod = kind !== 'certificate-not-renewed' && kind !== 'target-unhealthy'
      // Other pods of the cluster do not belong to the network.
      if (isOfPod && role === 'unknown') continue
      const subject =
        kind === 'target-unhealthy'
          ? balancerName(context)
          : isOfPod && component !== undefined
            ? component.name
            : name
      const key = `${kind} ${subject}`
      const group = groups.get(key) ?? { kind, subject, component, role, incidents: [] }
      groups.set(key, group)
      group.incidents.push({ incident, file, source: kubernetesSourceId(index) })
    }
  })
  return [...groups.values()]
}

/** The only load balancer of the network by its name. */
function balancerName({ topology }: DiagnosisContext): string {
  const balancers = topology.components.filter(({ role }) => role === 'load-balancer')
  const [only] = balancers
  return balancers.length === 1 && only !== undefined ? only.name : 'load balancer'
}

/** Events of another day explain nothing. */
function isInRange(
  { first, last }: Incident,
  { network: { from, to } }: DiagnosisContext,
): boolean {
  return !(last < from - ROOM_MS) && !(first > to + ROOM_MS)
}

function findingOf(group: Group, context: DiagnosisContext): RawFinding | undefined {
  const { kind, subject, component, role, incidents } = group
  const cause = causeOf(kind, role)
  if (cause === undefined) return undefined
  const all = incidents.map(({ incident }) => incident)
  // An event object counts for itself; a pod counts all its restarts.
  const events = all.filter(({ isEvent }) => isEvent).reduce((sum, one) => sum + one.count, 0)
  const count =
    kind === 'target-unhealthy' ? all.length : Math.max(events, ...all.map((one) => one.count))
  const times = all
    .flatMap(({ first, last }) => [first, last])
    .filter((time) => !Number.isNaN(time))
  const first = times.length === 0 ? Number.NaN : Math.min(...times)
  const last = times.length === 0 ? Number.NaN : Math.max(...times)
  const lasting = kind === 'target-unhealthy' || kind === 'certificate-not-renewed'
  const ongoing =
    all.some(({ current }) => current) ||
    lasting ||
    (kind === 'out-of-memory' && count >= MIN_REPEATED)
  const link = context.topology.links.find((one) => one.kind === 'poll' && one.from === component)
  return rawFinding({
    cause,
    severity: ongoing && kind !== 'certificate-not-renewed' ? 'error' : 'warning',
    status: ongoing ? 'ongoing' : 'observed',
    subject,
    link,
    component,
    first,
    last,
    count,
    periods: all
      .filter((one) => !Number.isNaN(one.first))
      .map((one) => ({ from: one.first, to: one.last, count: one.count, recoveredAt: Number.NaN }))
      .toSorted((a, b) => a.from - b.from),
    party: PARTY[role] ?? 'hub',
    partyName: role === 'client' ? (component?.name ?? null) : null,
    evidence: incidents.slice(0, MAX_LINES).map(({ incident, file, source }) => ({
      source,
      file: file.path,
      line: incident.line,
      time: incident.last,
      text: file.quotes.get(incident.line) ?? '',
    })),
    why: describe(all, incidents, count),
  })
}

function causeOf(kind: IncidentKind, role: Role): Cause | undefined {
  if (kind !== 'pod-restarted') return kind
  if (role === 'client') return 'client-restarted'
  return role === 'relay' ? 'relay-restarted' : undefined
}

function describe(all: readonly Incident[], incidents: Group['incidents'], count: number): string {
  const details = [...new Set(all.map(({ detail }) => detail).filter((text) => text !== ''))]
  const names = [...new Set(all.map(({ name }) => name))]
  const formats = [...new Set(incidents.map(({ file }) => file.format))]
  const shown = names.slice(0, 3).join(', ')
  const more = names.length > 3 ? ` and ${formatNumber(names.length - 3)} more` : ''
  const what = details.slice(0, 3).join(', ')
  const often =
    count === 1 || names.length === count
      ? ''
      : `${what === '' ? '' : ', '}${formatCount(count, 'time')}`
  return sentences(
    `according to ${formatList(formats)}: ${shown}${more}${inBrackets(`${what}${often}`)}`,
  )
}

/** Moves what the logs show of an incident into its finding: cause and consequence are one finding, with one party. */
function fold(
  root: RawFinding,
  group: Group,
  { found, topology, network }: DiagnosisContext,
): void {
  const restarts = found.filter(
    (one) => RESTARTS.has(one.cause) && concerns(one, group, topology.links),
  )
  const periods = [...root.periods, ...restarts.flatMap((one) => one.periods)]
  const away = (finding: RawFinding): boolean =>
    finding.periods.length > 0 &&
    finding.periods.every((period) =>
      periods.some((one) => period.from <= one.to + ROOM_MS && period.to >= one.from - ROOM_MS),
    )
  const current = group.incidents.some(({ incident }) => incident.current)
  const isAbsence = (one: RawFinding): boolean =>
    ABSENCE.has(one.cause) &&
    (away(one) ||
      (group.role === 'client' &&
        (one.cause === 'silent' ? current : one.periods.length <= root.count)))
  const untimed = periods.length === 0
  const consequences = found.filter((one) => {
    if (!concerns(one, group, topology.links)) return false
    if (group.kind === 'certificate-not-renewed') return OF_CERTIFICATE.has(one.cause)
    if (group.kind === 'target-unhealthy')
      return one.cause === 'proxy-502' || one.cause === 'proxy-503'
    return (
      restarts.includes(one) ||
      isAbsence(one) ||
      (WHILE_AWAY.has(one.cause) && (untimed || away(one)))
    )
  })
  for (const one of consequences) {
    absorb(root, one)
    found.splice(found.indexOf(one), 1)
  }
  const [timed] = consequences
    .filter((one) => !Number.isNaN(one.first))
    .toSorted((a, b) => a.first - b.first)
  if (timed === undefined) return
  const ends = consequences.map(({ last }) => last).filter((time) => !Number.isNaN(time))
  root.first = Number.isNaN(root.first) ? timed.first : Math.min(root.first, timed.first)
  root.last = Math.max(...ends, Number.isNaN(root.last) ? -Infinity : root.last)
  root.count = Math.max(
    root.count,
    ...consequences.filter((one) => restarts.includes(one)).map((one) => one.count),
  )
  root.periods = periods.toSorted((a, b) => a.from - b.from)
  if (consequences.some(({ status }) => status === 'ongoing')) {
    root.status = 'ongoing'
    root.severity = 'error'
  } else if (root.status === 'observed' && network.to - root.last > ROOM_MS)
    root.status = 'recovered'
  root.link ??= timed.link
}

/** The finding is about the component of the incident, or about a link that ends there. */
function concerns(
  finding: RawFinding,
  { kind, role, component }: Group,
  links: DiagnosisContext['topology']['links'],
): boolean {
  if (kind === 'certificate-not-renewed' || kind === 'target-unhealthy')
    return finding.link?.kind === 'poll'
  if (component === undefined) return false
  if (finding.component === component || finding.link?.from === component)
    return role !== 'relay' || finding.link?.to === component || finding.component === component
  if (role === 'client') return false
  return links.some(
    (link) => link.to === component && (link === finding.link || finding.affects.has(link.id)),
  )
}
