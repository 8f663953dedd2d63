import { mergePeriods, mergeSeries } from '../timeline/side-view.ts'
import type { NetworkLink } from '../exchange/topology.ts'
import { MAX_POLLS_PER_MINUTE } from '../facts/link-stats.ts'
import type { Period } from '../facts/problem-history.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import type { SideSource, SideView } from '../timeline/side-view.ts'
import { viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, fromProblem } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { formatTime, formatCount } from './figures.ts'

/** A pace that ends so shortly before the evidence does is still kept. */
const STILL_MS = 3 * MINUTE

/** Who polls, and how often: two pollers with one identity, and one that does not pause. */
export function findPollingPace(context: DiagnosisContext, link: NetworkLink): void {
  twoInstances(context, link)
  hammering(context, link)
}

function twoInstances(context: DiagnosisContext, link: NetworkLink): void {
  const finding = twoWorkers(link) ?? twoLogs(context, link) ?? twoRhythms(link)
  if (finding !== undefined) context.found.push(finding)
}

/** The relay says so: processes that call themselves differently poll in turns. */
function twoWorkers(link: NetworkLink): RawFinding | undefined {
  const view = viewOf(link, 'relay')
  const problem = view?.problems.get('two-instances')
  if (view === undefined || problem === undefined) return undefined
  const { first, last: to, count } = problem
  const over = to < view.last - STILL_MS
  return rawFinding({
    ...fromProblem(problem),
    ...lasting({ from: first, to, count, recoveredAt: over ? to : Number.NaN }),
    subject: link.from.name,
    link,
    partyName: link.from.name,
    why: `From ${formatTime(first)} to ${formatTime(to)} processes that call themselves differently polled in turns with the identity of ${link.from.name}, as the relay says: each task goes to one of them by chance.`,
  })
}

/** Two logs of one client tell of the same time. */
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
    const shorter = one.to < other.to ? one : other
    const from = Math.max(one.from, other.from)
    const { to } = shorter
    const stopped = shorter.log.facts.lastStop + shorter.log.shift >= to - SECOND
    const over = stopped || to < context.network.to - STILL_MS
    return rawFinding({
      cause: 'two-instances',
      ...lasting({ from, to, count: 2, recoveredAt: over ? to : Number.NaN }),
      subject: link.from.name,
      link,
      first: from,
      count: 2,
      partyName: link.from.name,
      evidence: [one, other].flatMap(({ log }) => log.facts.link.firstOk ?? []),
      why: `${one.log.source.file} and ${other.log.source.file} are logs of two instances that poll at the same time, from ${formatTime(from)} to ${formatTime(to)}, and both are ${link.from.name} to the relay: each task goes to one of them by chance.`,
    })
  }
  return undefined
}

/** The other side hears two rhythms at once. */
function twoRhythms(link: NetworkLink): RawFinding | undefined {
  const view = viewOf(link, 'relay') ?? viewOf(link, 'load-balancer')
  if (view === undefined) return undefined
  // Two replicas of a relay see every other poll each: only within one source does the rhythm mean something.
  const periods = placed(view.sources, ({ stats }) => stats.alternation.periods)
  const [first] = periods
  const last = ended(periods, view)
  if (first === undefined || last === undefined) return undefined
  const count = periods.reduce((sum, period) => sum + period.count, 0)
  return rawFinding({
    cause: 'two-instances',
    ...lasting(last),
    subject: link.from.name,
    link,
    first: first.from,
    count,
    periods: periods,
    confidence: 'likely',
    partyName: link.from.name,
    evidence: view.firstOk === undefined ? [] : [view.firstOk],
    why: `From ${formatTime(first.from)} to ${formatTime(last.to)} the times between polls alternate: ${formatCount(count, 'interval')} are like the one before the last and unlike the last, as two pollers with a rhythm of their own each make them.`,
  })
}

function hammering(context: DiagnosisContext, link: NetworkLink): void {
  const view = viewOf(link, 'relay') ?? viewOf(link, 'load-balancer') ?? viewOf(link, 'client')
  if (view === undefined) return
  const together = fastTogether(view)
  const periods = mergePeriods([
    ...placed(view.sources, ({ stats }) => stats.rate.periods),
    ...together.periods,
  ])
  const [first] = periods
  const last = ended(periods, view)
  if (first === undefined || last === undefined) return
  const highest = Math.max(together.highest, ...view.sources.map(({ stats }) => stats.rate.highest))
  context.found.push(
    rawFinding({
      cause: 'hammering',
      ...lasting(last),
      subject: link.from.name,
      link,
      first: first.from,
      count: periods.reduce((sum, { from, to }) => sum + Math.ceil((to - from) / MINUTE), 0),
      periods: periods,
      partyName: link.from.name,
      evidence: view.firstOk === undefined ? [] : [view.firstOk],
      why: `Up to ${highest} polls a minute that found nothing, where ${MAX_POLLS_PER_MINUTE} are the most that make sense, from ${formatTime(first.from)} to ${formatTime(last.to)}.`,
    }),
  )
}

/** What no source alone shows: replicas that share the polls of a client, and summaries. */
function fastTogether(view: SideView): { periods: Period[]; highest: number } {
  // Six summaries may fall into five minutes: one more than there are minutes.
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

/** Stretches of several sources on the common time line, those that touch as one. */
function placed(
  sources: readonly SideSource[],
  stretchesOf: (source: SideSource) => readonly Period[],
): Period[] {
  return mergePeriods(
    sources.flatMap((source) =>
      stretchesOf(source).map((one) => ({
        ...one,
        from: one.from + source.shift,
        to: one.to + source.shift,
      })),
    ),
  )
}

/** The last of them, over if the link went on after it; all before it are. */
function ended(periods: readonly Period[], view: SideView): Period | undefined {
  const last = periods.at(-1)
  for (const period of periods)
    if (period !== last || period.to < view.last - STILL_MS) period.recoveredAt = period.to
  return last
}

/** What keeps on is an error, what is over a warning. */
function lasting({
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
