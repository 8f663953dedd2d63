import type { Relay, Network } from '../exchange/network.ts'
import type { Period } from '../facts/problem-history.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { mergePeriods, onlyPeriods } from '../timeline/side-view.ts'
import type { RawFinding } from './raw-finding.ts'

/** A consequence is seen while its root lasts, give or take what clocks are apart and a streak takes to be one. */
const ROOM_MS = 10 * SECOND
/** A root that comes and goes with pauses no longer than this is there all the time: not everybody looks at it always. */
const PAUSE_MS = 2 * MINUTE

/**
 * Takes from a finding the stretches that lie within those of a root cause and adds them to that; what the finding has beside
 * them stays its own. True if nothing is left.
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
    const spells = mergePeriods(root.periods, PAUSE_MS)
    const covered = (period: Period): boolean => spells.some((spell) => contains(spell, period))
    const rest = finding.periods.filter((period) => !covered(period))
    if (rest.length === finding.periods.length) continue
    absorb(root, finding)
    if (rest.length === 0) return true
    keepOnly(finding, rest)
  }
  return false
}

function contains(spell: Period, period: Period): boolean {
  const end = Number.isNaN(spell.recoveredAt) ? Number.POSITIVE_INFINITY : spell.recoveredAt
  return period.from >= spell.from - ROOM_MS && period.to <= end + ROOM_MS
}

function keepOnly(finding: RawFinding, rest: Period[]): void {
  const trouble = onlyPeriods(finding, rest)
  Object.assign(finding, trouble)
  if (!Number.isNaN(finding.recoveredAt) && finding.status === 'ongoing') {
    finding.status = 'recovered'
    finding.severity = 'warning'
  }
  if (finding.buildWhy !== undefined) finding.why = finding.buildWhy(trouble)
}

/** Takes over the lines of a finding that is a consequence, and remembers whom it hit. */
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
