import type { RawFinding } from './raw-finding.ts'
import { formatCount, formatDuration } from './figures.ts'

/** Fewer stretches show no pattern. */
const MIN_PERIODS = 4

/**
 * What came back again and again until the evidence ends is not over because the last time was followed by a success: that was so every
 * time. It counts as ongoing unless it has stayed away for clearly longer than it ever did.
 */
export function reopenRecurring(finding: RawFinding, end: number): void {
  const { periods, status, severity } = finding
  const last = periods.at(-1)
  if (
    status !== 'recovered' ||
    severity === 'info' ||
    last === undefined ||
    periods.length < MIN_PERIODS
  )
    return
  const pauses = periods.slice(1).map(({ from }, index) => from - (periods[index]?.to ?? from))
  const longest = Math.max(...pauses)
  if (end - last.to > 1.5 * longest) return
  finding.status = 'ongoing'
  finding.severity = 'error'
  finding.recoveredAt = Number.NaN
  last.recoveredAt = Number.NaN
  const typical = pauses.toSorted((a, b) => a - b)[Math.floor(pauses.length / 2)] ?? Number.NaN
  finding.why = `${finding.why.replace(/\.$/, '')}; but it came back ${formatCount(pauses.length, 'time')}, mostly within ${formatDuration(typical)}, and the evidence ends too soon after to call it over.`
}
