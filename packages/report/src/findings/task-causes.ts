import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import type { NetworkLink } from '../network/topology.ts'
import type { DiagnosisContext } from './context.ts'
import { endOf } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { TASK_TIME_MS } from './limits.ts'
import { absorb } from './consequences.ts'

/** The finding may keep a client from answering tasks. */
export function blocksAnswers(finding: RawFinding, link: NetworkLink): boolean {
  if (finding.severity === 'info') return false
  const { explainsResults } = CAUSE_SHEET[finding.cause]
  return affectsLink(finding, link) || (explainsResults === 'relay' && concernsRelay(finding, link))
}

/** The finding concerns this client's own link to the relay. */
export function affectsLink(
  { cause, severity, link: own, affects }: RawFinding,
  link: NetworkLink,
): boolean {
  if (CAUSE_SHEET[cause].explainsResults === 'none' || severity === 'info') return false
  return own === link || affects.has(link.id)
}

/** The relay, its database or its broker failed, which affects all its clients. */
function concernsRelay({ link, component }: RawFinding, { relay, to }: NetworkLink): boolean {
  return (link?.relay !== undefined && link.relay === relay) || component === to
}

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
