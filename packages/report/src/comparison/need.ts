import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import type { ComparedReport, ReportFinding, ReportLink } from './compared-report.ts'
import type { Failure } from './failures.ts'

/** Fewer successes than this prove nothing. */
const MIN_SUCCESSES = 10
const MIN_RESULTS = 3
/** How unlikely the successes must be if the failure still occurred as often as before. */
const CHANCE = 0.01
/** A failure that comes and goes must stay away for this many times its usual distance. */
export const DISTANCES = 3
/** A failure with nearly no success in between blocks the link: any log of the link shows that it is over. */
const BLOCKING_SHARE = 0.95

/** What proves that a failure is gone. */
export interface Need {
  readonly successes: number
  readonly durationMs: number
  /** Why it must last that long; '' if the number of successes is enough. */
  readonly reason: 'recurring' | 'once' | ''
  /** The failure left no success in between, so the log of either side proves its end. */
  readonly blocking: boolean
  /** Results of tasks are counted, not polls. */
  readonly results: boolean
}

export function needOf(
  failure: Failure,
  link: ReportLink | undefined,
  before: ComparedReport,
): Need {
  const { cause, status, periods, count } = failure
  const { fails, outage, reached } = CAUSE_SHEET[cause]
  if (
    fails.some((check) => check === 'task-results' || check === 'submission' || check === 'tasks')
  )
    return { successes: MIN_RESULTS, durationMs: 0, reason: '', blocking: true, results: true }
  const between = link === undefined ? 0 : successesBetween(link, failure)
  const share = count / Math.max(1, count + between)
  const isPollOutcome = reached !== null
  const chance =
    isPollOutcome && share > 0 && share < 1
      ? Math.ceil(Math.log(CHANCE) / Math.log(1 - share))
      : MIN_SUCCESSES
  const distance = distanceOf(periods)
  const recurring = periods.length > 1
  const once = !recurring && status !== 'ongoing'
  return {
    successes: Math.max(MIN_SUCCESSES, chance),
    durationMs: recurring ? DISTANCES * distance : once ? before.timeRange.durationMs : 0,
    reason: recurring ? 'recurring' : once ? 'once' : '',
    blocking: outage && (isPollOutcome ? share >= BLOCKING_SHARE : true),
    results: false,
  }
}

/** Mean time from the beginning of one period to the beginning of the next; 0 with a single one. */
export function distanceOf(periods: ReportFinding['periods']): number {
  const first = periods[0]
  const last = periods.at(-1)
  if (first === undefined || last === undefined || periods.length < 2) return 0
  return (Date.parse(last.from) - Date.parse(first.from)) / (periods.length - 1)
}

/** Successes of the link while the failure occurred. */
function successesBetween(link: ReportLink, { first, last }: Failure): number {
  return first === null || last === null
    ? 0
    : successesIn(link, Date.parse(first), Date.parse(last))
}

/** Successes in the buckets of the link that lie within a time. */
export function successesIn({ series }: ReportLink, from: number, to: number): number {
  if (series === null) return 0
  const start = Date.parse(series.from)
  return series.ok.reduce((sum, n, at) => {
    const begin = start + at * series.bucketMs
    return begin >= from && begin + series.bucketMs <= to ? sum + n : sum
  }, 0)
}
