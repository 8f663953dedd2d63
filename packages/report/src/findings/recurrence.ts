import type { RawFinding } from './raw-finding.ts'
import { formatCount, formatDuration, sentences } from '../vocabulary/figures.ts'

/** Fewer periods do not show a pattern. */
const MIN_PERIODS = 4

/**
 * Reopens a problem that returned again and again until the end of the logs: that a success followed its last period does not end it,
 * because one followed every period. It stays recovered if it has been absent clearly longer than ever before.
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
  const state = `not recovered: the problem returned ${formatCount(pauses.length, 'time')}, usually within ${formatDuration(typical)}, and the logs end too soon after the last time`
  finding.why =
    finding.buildWhy?.({ ...finding, periodCount: periods.length }, state) ??
    sentences(finding.why, state)
}
