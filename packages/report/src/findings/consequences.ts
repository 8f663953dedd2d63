import type { Relay, Network } from '../network/network.ts'
import type { Period } from '../facts/problem-history.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { mergePeriods, onlyPeriods } from '../timeline/placed-problem.ts'
import type { RawFinding } from './raw-finding.ts'

/** A consequence may be logged this long before or after its root: clocks differ, and a period ends with its last failure. */
const ROOM_MS = 10 * SECOND
/** Periods of a root with shorter pauses count as one: not every client tries all the time. */
const PAUSE_MS = 2 * MINUTE

/**
 * Moves the periods of a finding that lie within those of a root cause into that root. The finding keeps its other periods; true if
 * none are left.
 */
export function foldInto(
  roots: readonly RawFinding[],
  finding: RawFinding,
  network: Network,
): boolean {
  const relay = relayOf(finding, network)
  for (const root of roots) {
    const rootRelay = relayOf(root, network)
    if (root === finding || (relay !== undefined && rootRelay !== undefined && relay !== rootRelay))
      continue
    const outages = mergePeriods(root.periods, PAUSE_MS)
    const covered = (period: Period): boolean => outages.some((one) => contains(one, period))
    const rest = finding.periods.filter((period) => !covered(period))
    if (rest.length === finding.periods.length) continue
    absorb(root, finding)
    if (rest.length === 0) return true
    keepOnly(finding, rest)
  }
  return false
}

function contains(outage: Period, period: Period): boolean {
  const end = Number.isNaN(outage.recoveredAt) ? Number.POSITIVE_INFINITY : outage.recoveredAt
  return period.from >= outage.from - ROOM_MS && period.to <= end + ROOM_MS
}

function keepOnly(finding: RawFinding, rest: Period[]): void {
  const summary = onlyPeriods(finding, rest)
  Object.assign(finding, summary)
  if (!Number.isNaN(finding.recoveredAt) && finding.status === 'ongoing') {
    finding.status = 'recovered'
    finding.severity = 'warning'
  }
  if (finding.buildWhy !== undefined) finding.why = finding.buildWhy(summary)
}

/** Adds the lines and the affected links of a consequence to its root. */
export function absorb(root: RawFinding, consequence: RawFinding): void {
  for (const cause of [consequence.cause, ...consequence.absorbed]) root.absorbed.add(cause)
  if (consequence.link !== undefined && consequence.link !== root.link)
    root.affects.add(consequence.link.id)
  for (const id of consequence.affects) root.affects.add(id)
  root.evidence = [...root.evidence, ...consequence.evidence.slice(0, 2)]
}

function relayOf({ link, component }: RawFinding, { relays }: Network): Relay | undefined {
  return link?.relay ?? relays.find(({ logs }) => logs.some((log) => component?.logs.includes(log)))
}
