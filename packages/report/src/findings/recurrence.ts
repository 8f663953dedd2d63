import { DAY, HOUR, MINUTE } from '../read/timestamps.ts'
import type { RawFinding } from './raw-finding.ts'
import { endOf } from './raw-finding.ts'
import { formatCount, formatDuration, sentences } from '../vocabulary/figures.ts'

/** Fewer periods do not show a pattern. */
const MIN_PERIODS = 4
/** Days on which a problem has to occur for a daily pattern. */
const MIN_DAYS = 3
/** A job that starts every day at one time starts within this. */
const SAME_TIME_MS = 15 * MINUTE
/** A problem that is over this soon does not go on from one day to the next. */
const MAX_DAILY_MS = 2 * HOUR

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
    periods.length < MIN_DAYS
  )
    return
  const daily = dailyTime(finding)
  if (daily !== undefined) {
    const { buildWhy } = finding
    const pattern = `every day at about ${daily} UTC (${formatCount(periods.length, 'time')}), and recovered each time: probably a job or a roll-out at that time`
    finding.why = sentences(finding.why, pattern)
    if (buildWhy !== undefined)
      finding.buildWhy = (rest, end) => sentences(buildWhy(rest, end), pattern)
    if (finding.party === undefined || finding.party === 'network') {
      finding.party = 'hub'
      finding.partyName = finding.link?.to.name ?? null
    }
    finding.action = `Find out what happens every day at ${daily} UTC, such as a roll-out, a backup or a restart, and make it interrupt nothing.`
    return
  }
  if (periods.length < MIN_PERIODS) return
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

/** The time of day, `02:00`, at which a problem occurred on every day; undefined if there is no such pattern. */
function dailyTime({ periods }: RawFinding): string | undefined {
  if (periods.some((period) => endOf(period) - period.from > MAX_DAILY_MS)) return undefined
  const [first] = periods
  if (first === undefined) return undefined
  // In days from the first one, so that a pattern around midnight is one.
  const offsets = periods.map(({ from }) => {
    const since = from - first.from
    return since - Math.round(since / DAY) * DAY
  })
  const days = new Set(periods.map(({ from }) => Math.round((from - first.from) / DAY)))
  if (offsets.some((offset) => Math.abs(offset) > SAME_TIME_MS) || days.size < MIN_DAYS)
    return undefined
  // Every day, not now and then.
  if (Math.max(...days) + 1 > days.size * 1.5) return undefined
  const middle = offsets.toSorted((a, b) => a - b)[Math.floor(offsets.length / 2)] ?? 0
  // Polls notice it a little later than it began.
  const at = Math.round((first.from + middle) / (5 * MINUTE)) * 5 * MINUTE
  return new Date(at).toISOString().slice(11, 16)
}
