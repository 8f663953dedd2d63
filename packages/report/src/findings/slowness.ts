import type { Cause } from '../vocabulary/cause.ts'
import type { NetworkLink } from '../network/topology.ts'
import { SLOW_MS } from '../facts/facts.ts'
import { mergeSeries } from '../timeline/side-view.ts'
import type { SideView } from '../timeline/side-view.ts'
import type { ProblemSummary } from '../timeline/placed-problem.ts'
import {
  formatCount,
  formatDuration,
  formatTime,
  formatTimes,
  sentences,
} from '../vocabulary/figures.ts'
import { absorb } from './consequences.ts'
import { viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { describeEnd, describeLatency, logsOf } from './phrases.ts'
import { fromProblem, rawFinding } from './raw-finding.ts'

/** How requests end that are not waited for. */
const GIVEN_UP: ReadonlySet<Cause> = new Set([
  'read-timeout',
  'client-left',
  'proxy-504',
  'connection-closed',
])

/** Adds a finding if responses are slow: since when, whether they become slower and slower, and on which side of the load balancer. */
export function findSlowness(context: DiagnosisContext, link: NetworkLink): void {
  const relay = viewOf(link, 'relay')
  const seen = (['relay', 'load-balancer', 'client'] as const)
    .flatMap((side) => {
      const view = viewOf(link, side)
      const problem = view?.problems.get('slow')
      return view === undefined || problem === undefined ? [] : [{ side, view, problem }]
    })
    .at(0)
  if (seen === undefined) return
  const { side, view, problem } = seen
  const relayFast = side !== 'relay' && relay !== undefined && relay.latency.count > 10
  const growth = growthOf(view)
  const buildWhy = (summary: ProblemSummary, end = describeEnd(summary)): string =>
    sentences(
      growth === undefined
        ? ''
        : `${logsOf(side)}: the median response time grew from ${formatDuration(growth.fromMs)} at ${formatTime(growth.from)} to ${formatDuration(growth.toMs)} at ${formatTime(growth.to)}`,
      `${logsOf(side)}: ${formatCount(summary.count, 'response')} slower than ${formatDuration(SLOW_MS.poll)} ${formatTimes(summary.first, summary.last)}`,
      end,
      `latency in the ${logsOf(side)}: ${describeLatency(view)}`,
      relayFast
        ? 'relay log: no slow responses, so the delay is between the client and the relay'
        : '',
    )
  const finding = rawFinding({
    ...fromProblem(problem),
    cause: 'slow',
    subject: link.from.name,
    link,
    party: relayFast ? 'network' : 'hub',
    partyName: relayFast ? null : link.to.name,
    confidence: 'likely',
    why: buildWhy(problem),
    buildWhy,
    ...(relayFast
      ? { action: 'Find out what delays requests between the client and the relay.' }
      : {}),
    ...(growth === undefined ? {} : { title: 'responses become slower and slower' }),
  })
  if (growth !== undefined) {
    finding.first = growth.from
    // Who waits no longer, and what gives up waiting.
    for (const other of context.found.filter(
      (one) => one.link === link && GIVEN_UP.has(one.cause) && one.first >= growth.from,
    )) {
      absorb(finding, other)
      context.found.splice(context.found.indexOf(other), 1)
    }
  }
  context.found.push(finding)
}

/** Parts of the time range whose medians are compared. */
const PARTS = 6
const MIN_GROWTH = 4

interface Growth {
  readonly from: number
  readonly fromMs: number
  readonly to: number
  readonly toMs: number
}

/** How the median response time grew over the whole time, if it grew in every part of it. */
function growthOf(view: SideView): Growth | undefined {
  const length = view.last - view.first
  const series = mergeSeries(view, view.first, view.last, length / (4 * PARTS))
  const medians = Array.from({ length: PARTS }, (_, part) => {
    const from = view.first + (length * part) / PARTS
    const slots = Array.from({ length: series.length }, (__, slot) => slot).filter((slot) => {
      const time = series.from + (slot + 0.5) * series.bucketMs
      return time >= from && time < from + length / PARTS
    })
    const known = slots
      .flatMap((slot) => series.quantile(slot, 0.5) ?? [])
      .toSorted((a, b) => a - b)
    return known[Math.floor(known.length / 2)] ?? Number.NaN
  })
  const [fromMs = Number.NaN] = medians
  const toMs = medians.at(-1) ?? Number.NaN
  const grows = medians.every((one, part) => part === 0 || one >= (medians[part - 1] ?? one))
  return grows && toMs >= MIN_GROWTH * Math.max(1, fromMs)
    ? { from: view.first, fromMs: rounded(fromMs), to: view.last, toMs: rounded(toMs) }
    : undefined
}

function rounded(ms: number): number {
  return Number(ms.toPrecision(2))
}
