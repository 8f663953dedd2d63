import { mergeSeries } from '../timeline/side-view.ts'
import { mergePeriods } from '../timeline/placed-problem.ts'
import type { NetworkLink } from '../network/topology.ts'
import { MAX_POLLS_PER_MINUTE } from '../facts/link-stats.ts'
import type { Period } from '../facts/problem-history.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import type { SideSource, SideView } from '../timeline/side-view.ts'
import type { ProblemSummary } from '../timeline/placed-problem.ts'
import { viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, fromProblem } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { formatCount, formatTimes, sentences } from '../vocabulary/figures.ts'
import { describeEnd, logsOf } from './phrases.ts'

/** Polling that ends this shortly before the logs do counts as ongoing. */
const ONGOING_MS = 3 * MINUTE

/** Adds findings about clients that poll from two processes, or too fast. */
export function findPollingProblems(context: DiagnosisContext, link: NetworkLink): void {
  findTwoInstances(context, link)
  findHammering(context, link)
}

function findTwoInstances(context: DiagnosisContext, link: NetworkLink): void {
  const finding = twoWorkers(link) ?? twoLogs(context, link) ?? twoIntervals(link)
  if (finding !== undefined) context.found.push(finding)
}

/** The relay logged that processes with different worker IDs poll one node in turns. */
function twoWorkers(link: NetworkLink): RawFinding | undefined {
  const view = viewOf(link, 'relay')
  const problem = view?.problems.get('two-instances')
  if (view === undefined || problem === undefined) return undefined
  const { first, last: to, count } = problem
  const over = to < view.last - ONGOING_MS
  const period = { from: first, to, count, recoveredAt: over ? to : Number.NaN }
  return withWhy(
    {
      ...fromProblem(problem),
      ...stateOf(period),
      subject: link.from.name,
      link,
      partyName: link.from.name,
    },
    ({ first: from, last }) =>
      `relay log: processes with different worker IDs polled as ${link.from.name} ${formatTimes(from, last)}`,
    EACH_TASK,
  )
}

const EACH_TASK = 'each task goes to one of the two processes at random'

/** Builds the explanation from what was seen; how it ended comes second, the note last. */
function withWhy(
  fields: Omit<Parameters<typeof rawFinding>[0], 'why'>,
  what: (summary: ProblemSummary) => string,
  note = '',
): RawFinding {
  const buildWhy = (summary: ProblemSummary, end = describeEnd(summary)): string =>
    sentences(what(summary), end, note)
  const finding = rawFinding({ ...fields, why: '', buildWhy })
  finding.why = buildWhy({ ...finding, periodCount: finding.periods.length })
  return finding
}

/** Two logs of one client overlap in time. */
function twoLogs(context: DiagnosisContext, link: NetworkLink): RawFinding | undefined {
  const logs = (link.poll?.logs ?? [])
    .filter(({ log }) => log.facts.link.exchanges >= 5)
    .map(({ log }) => ({
      log,
      from: log.facts.link.first + log.shift,
      to: log.facts.link.last + log.shift,
    }))
    .toSorted((a, b) => a.from - b.from)
  for (const [index, one] of logs.entries()) {
    const other = logs
      .slice(index + 1)
      .find(({ from, to }) => Math.min(to, one.to) - Math.max(from, one.from) > 2 * MINUTE)
    if (other === undefined) continue
    const files = [...new Set([one, other].map(({ log }) => log.source.file))]
    const shorter = one.to < other.to ? one : other
    const from = Math.max(one.from, other.from)
    const { to } = shorter
    const stopped = shorter.log.facts.lastStop + shorter.log.shift >= to - SECOND
    const over = stopped || to < context.network.to - ONGOING_MS
    return withWhy(
      {
        cause: 'two-instances',
        ...stateOf({ from, to, count: 2, recoveredAt: over ? to : Number.NaN }),
        subject: link.from.name,
        link,
        first: from,
        count: 2,
        partyName: link.from.name,
        evidence: [one, other].flatMap(({ log }) => log.facts.link.firstOk ?? []),
      },
      ({ first, last }) =>
        `client logs: two processes polled as ${link.from.name} ${formatTimes(first, last)} (${files.join(', ')})`,
      EACH_TASK,
    )
  }
  return undefined
}

/** The intervals between polls alternate between two values. */
function twoIntervals(link: NetworkLink): RawFinding | undefined {
  const side = viewOf(link, 'relay') === undefined ? 'load-balancer' : 'relay'
  const view = viewOf(link, side)
  if (view === undefined) return undefined
  // Each of two replicas of a relay sees every other poll: intervals are comparable within one source only.
  const periods = placed(view.sources, ({ stats }) => stats.alternation.periods)
  const [first] = periods
  const last = closePeriods(periods, view)
  if (first === undefined || last === undefined) return undefined
  const count = periods.reduce((sum, period) => sum + period.count, 0)
  return withWhy(
    {
      cause: 'two-instances',
      ...stateOf(last),
      subject: link.from.name,
      link,
      first: first.from,
      count,
      periods,
      confidence: 'likely',
      partyName: link.from.name,
      evidence: view.firstOk === undefined ? [] : [view.firstOk],
    },
    (summary) =>
      `${logsOf(side)}: polls alternate between two intervals ${formatTimes(summary.first, summary.last)} (${formatCount(summary.count, 'time')}), as two processes with the same credentials would poll`,
  )
}

function findHammering(context: DiagnosisContext, link: NetworkLink): void {
  const side = (['relay', 'load-balancer', 'client'] as const).find(
    (one) => viewOf(link, one) !== undefined,
  )
  const view = side === undefined ? undefined : viewOf(link, side)
  if (side === undefined || view === undefined) return
  const together = fastTogether(view)
  const periods = mergePeriods([
    ...placed(view.sources, ({ stats }) => stats.rate.periods),
    ...together.periods,
  ])
  const [first] = periods
  const last = closePeriods(periods, view)
  if (first === undefined || last === undefined) return
  const highest = Math.max(together.highest, ...view.sources.map(({ stats }) => stats.rate.highest))
  context.found.push(
    withWhy(
      {
        cause: 'hammering',
        ...stateOf(last),
        subject: link.from.name,
        link,
        first: first.from,
        count: periods.reduce((sum, { from, to }) => sum + Math.ceil((to - from) / MINUTE), 0),
        periods,
        partyName: link.from.name,
        evidence: view.firstOk === undefined ? [] : [view.firstOk],
      },
      (summary) =>
        `${logsOf(side)}: up to ${formatCount(highest, 'empty poll')} per minute ${formatTimes(summary.first, summary.last)}; more than ${MAX_POLLS_PER_MINUTE} are too many`,
    ),
  )
}

/** Fast polling that no source alone shows: replicas that share the polls of a client, and summaries. */
function fastTogether(view: SideView): { periods: Period[]; highest: number } {
  // Five minutes may contain six summaries: one more than there are minutes.
  const width = view.summarised ? 5 * MINUTE : MINUTE
  const series = mergeSeries(view, view.first, view.last, width)
  const minutes = series.bucketMs / MINUTE
  const empty = series.statuses().find(([status]) => status === 204)?.[1]
  const periods: Period[] = []
  let highest = 0
  for (let slot = 0; slot < series.length; slot++) {
    const rate = Math.floor((empty?.[slot] ?? 0) / (minutes + (view.summarised ? 1 : 0)))
    highest = Math.max(highest, rate)
    if (rate <= MAX_POLLS_PER_MINUTE) continue
    const from = Math.max(view.first, series.from + slot * series.bucketMs)
    const to = Math.min(view.last, from + series.bucketMs)
    periods.push({ from, to, count: minutes, recoveredAt: Number.NaN })
  }
  return { periods, highest }
}

/** Periods of several sources on the common time line; those that touch are merged. */
function placed(
  sources: readonly SideSource[],
  periodsOf: (source: SideSource) => readonly Period[],
): Period[] {
  return mergePeriods(
    sources.flatMap((source) =>
      periodsOf(source).map((one) => ({
        ...one,
        from: one.from + source.shift,
        to: one.to + source.shift,
      })),
    ),
  )
}

/** Sets the ends of the periods and returns the last one, which is ongoing if the link has no polls after it. */
function closePeriods(periods: readonly Period[], view: SideView): Period | undefined {
  const last = periods.at(-1)
  for (const period of periods)
    if (period !== last || period.to < view.last - ONGOING_MS) period.recoveredAt = period.to
  return last
}

/** An ongoing problem is an error, a past one a warning. */
function stateOf({
  to,
  recoveredAt,
}: Period): Pick<RawFinding, 'severity' | 'status' | 'last' | 'recoveredAt'> {
  const over = !Number.isNaN(recoveredAt)
  return {
    severity: over ? 'warning' : 'error',
    status: over ? 'recovered' : 'ongoing',
    last: to,
    recoveredAt,
  }
}
