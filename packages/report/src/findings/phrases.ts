import type { NetworkLink, Side } from '../network/topology.ts'
import type { Cause } from '../vocabulary/cause.ts'
import { SECOND } from '../read/timestamps.ts'
import type { SideView } from '../timeline/side-view.ts'
import type { ProblemSummary } from '../timeline/placed-problem.ts'
import {
  formatCount,
  formatDuration,
  formatList,
  formatNumber,
  formatTime,
  formatTimes,
} from '../vocabulary/figures.ts'
import { endOf } from './raw-finding.ts'

/** In the order in which a poll passes them. */
const LOG_NAMES: Readonly<Record<Side, string>> = {
  client: 'client log',
  'load-balancer': 'load balancer log',
  relay: 'relay log',
  broker: 'broker log',
  database: 'database log',
  upstream: 'upstream log',
}

/** `client log`, `client log and relay log` */
export function logsOf(...sides: readonly Side[]): string {
  const order = Object.keys(LOG_NAMES)
  const sorted = [...new Set(sides)].toSorted((a, b) => order.indexOf(a) - order.indexOf(b))
  return formatList(sorted.map((side) => LOG_NAMES[side]))
}

/** The logs that show a problem of a link. */
export function logsWith({ views }: NetworkLink, cause: Cause): string {
  return logsOf(...views.filter(({ view }) => view.problems.has(cause)).map(({ side }) => side))
}

/** How a problem ended: the standard words for it, and how long it lasted. */
export function describeEnd(
  {
    first,
    periods,
    periodCount,
    recoveredAt,
  }: Pick<ProblemSummary, 'first' | 'periods' | 'periodCount' | 'recoveredAt'>,
  open = 'ongoing at the end of the logs',
): string {
  if (Number.isNaN(recoveredAt)) return open
  const recovered = `recovered at ${formatTime(recoveredAt)}`
  if (periodCount <= 1) {
    const lasted = recoveredAt - first
    return lasted >= SECOND ? `${recovered}, after ${formatDuration(lasted)}` : recovered
  }
  const total = periods.reduce((sum, period) => sum + endOf(period) - period.from, 0)
  // Of many periods the first ones are not kept.
  const known = periods.length === periodCount && total >= SECOND
  return `${recovered}; ${formatCount(periodCount, 'period')}${known ? `, ${formatDuration(total)} in total` : ''}`
}

/** `from 06:39:59 to 06:46:01 (6 min 2 s)`, `from … to … (6 min 2 s in total, in 3 periods)` */
export function describeSilence(periods: readonly { from: number; to: number }[]): string {
  const total = periods.reduce((sum, { from, to }) => sum + to - from, 0)
  const times = formatTimes(
    Math.min(...periods.map(({ from }) => from)),
    Math.max(...periods.map(({ to }) => to)),
  )
  const several = periods.length > 1 ? ` in total, in ${formatCount(periods.length, 'period')}` : ''
  return `${times} (${formatDuration(total)}${several})`
}

/** `3 restarts from … to …, 2 of them without a shutdown message` */
export function describeRestarts(
  restarts: number,
  crashes: number,
  first: number,
  last: number,
): string {
  const how =
    crashes === 0
      ? ''
      : restarts === 1
        ? ', without a shutdown message before it'
        : `, ${crashes === restarts ? 'each' : `${formatNumber(crashes)} of them`} without a shutdown message`
  return `${formatCount(restarts, 'restart')} ${formatTimes(first, last)}${how}`
}

/** `p95 146 ms, maximum 2.1 s` */
export function describeLatency({ latency }: Pick<SideView, 'latency'>): string {
  return `p95 ${formatDuration(latency.quantile(0.95))}, maximum ${formatDuration(latency.max)}`
}
