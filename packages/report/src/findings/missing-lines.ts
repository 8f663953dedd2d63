import type { ProgramLog } from '../network/network.ts'
import type { NetworkLink, Side } from '../network/topology.ts'
import type { ClientTable } from '../facts/facts.ts'
import type { LinkStats } from '../facts/link-stats.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { exchangesWithin, sourceExchangesWithin } from '../timeline/side-view.ts'
import type { SideSource } from '../timeline/side-view.ts'
import { pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { silenceLimit, silencesOf } from './log-silences.ts'

/** Fewer exchanges than this may lie at the edges of a silence. */
export const MIN_MISSING = 3
/** Offsets of a clock that could not be compared, ms: a conclusion must hold for all of them. */
const ANY_CLOCK = [-60, -50, -40, -30, -20, -10, 0, 10, 20, 30, 40, 50, 60].map((s) => s * SECOND)

export interface TimeSpan {
  readonly from: number
  readonly to: number
}

/**
 * Times in which lines of a source are missing. A relay and an upstream log periodically, so their own interval shows it. Other programs
 * log only what passes through them, so the other side must show that something did.
 */
export function findMissingTimes(context: DiagnosisContext, log: ProgramLog): TimeSpan[] {
  const { role } = log.facts
  const byClock = role === 'relay' || role === 'upstream'
  const own = silenceLimit(log)
  return silencesOf(log, minGapOf(log)).filter((silence) => {
    if (startedWithin(log, silence)) return false
    return (byClock && silence.to - silence.from > own) || lacksLines(context, log, silence)
  })
}

/** A shorter silence proves nothing: a log is as dense as its program is busy. */
function minGapOf(log: ProgramLog): number {
  const { medianInterval } = log.source.heartbeat
  const interval = isSummarised(log) ? MINUTE : medianInterval
  return Math.max(30 * SECOND, Number.isNaN(interval) ? 0 : 2.5 * interval)
}

/** The program started in this time, so it had not been running. */
function startedWithin({ facts, shift }: ProgramLog, { from, to }: TimeSpan): boolean {
  return facts.startLines.some(({ time }) => time + shift >= from && time + shift <= to + MINUTE)
}

/** Other logs show exchanges of this time that this source should contain. */
export function lacksLines(context: DiagnosisContext, log: ProgramLog, time: TimeSpan): boolean {
  const written = exchangesWritten(log)
  if (written === 0) return false
  const { source, shift } = log
  if (log.facts.role === 'broker' && !churnsAround(log, log.facts.link, time)) return false
  const shown = (from: number, to: number): number => shownByOthers(context, log, from, to)
  const span = { from: source.first + shift, to: source.last + shift }
  // Exchanges that never reach this source are not missing: polls of another pod, responses that need no broker.
  const gaps = silencesOf(log, minGapOf(log))
  const elsewhere = gaps.reduce((n, { from, to }) => n - shown(from, to), shown(span.from, span.to))
  const length = gaps.reduce((ms, { from, to }) => ms - (to - from), span.to - span.from)
  const never = (Math.max(0, elsewhere - written) / length) * (time.to - time.from)
  const offsets = log.aligned ? [0] : ANY_CLOCK
  const fewest = Math.min(...offsets.map((ms) => shown(time.from + ms, time.to + ms)))
  return fewest - never >= MIN_MISSING
}

/** Connections were opened and closed right before and after: without any, a broker logs nothing. */
function churnsAround(
  { source, shift }: ProgramLog,
  stats: LinkStats,
  { from, to }: TimeSpan,
): boolean {
  const { bucketMs } = stats.series
  const room = Math.max(5 * MINUTE, 2 * bucketMs)
  const candidate = { stats, shift, source: source.sourceId }
  const churns = (a: number, b: number): boolean =>
    sourceExchangesWithin(candidate, a, b, 'all') >= MIN_MISSING
  return (
    (from < source.first + shift || churns(from - room, from + bucketMs)) &&
    (to > source.last + shift || churns(to - bucketMs, to + room))
  )
}

/** How many exchanges a source logs that other sources log as well; 0 if it does not log each of them. */
function exchangesWritten({ facts }: ProgramLog): number {
  switch (facts.role) {
    case 'client':
      return facts.logsPolls || facts.link.summaries.size > 0 ? facts.link.totals().exchanges : 0
    case 'relay':
      return facts.logsRequests ? exchangesOf(facts.clients) : 0
    case 'load-balancer':
      return exchangesOf(facts.clients)
    case 'broker':
      // It logs a poll if the poll opens a connection of its own.
      return facts.shortLived < 10 ? 0 : facts.shortLived
    case 'database':
    case 'upstream':
      return 0
    default:
      return facts satisfies never
  }
}

function exchangesOf(clients: ClientTable): number {
  return clients.all().reduce((sum, { stats }) => sum + stats.totals().exchanges, 0)
}

function isSummarised({ facts }: ProgramLog): boolean {
  if (facts.role === 'client') return facts.link.summaries.size > 0
  return facts.role === 'relay' && facts.clients.all().some(({ stats }) => stats.summaries.size > 0)
}

/** Exchanges that passed through the program of this source according to other sources. */
function shownByOthers(
  context: DiagnosisContext,
  log: ProgramLog,
  from: number,
  to: number,
): number {
  return pollLinksOf(context).reduce((sum, link) => sum + shownOn(link, log, from, to), 0)
}

function shownOn(link: NetworkLink, log: ProgramLog, from: number, to: number): number {
  const within = (side: Side, which: 'good' | 'all'): number => {
    const view = viewOf(link, side)
    return view === undefined ? 0 : exchangesWithin(view, from, to, which)
  }
  const { sourceId } = log.source
  const partsOf = (side: Side): readonly SideSource[] => viewOf(link, side)?.sources ?? []
  const hasOwnLog = (side: Side): boolean => partsOf(side).some(({ source }) => source === sourceId)
  switch (log.facts.role) {
    case 'client': {
      if (!hasOwnLog('client')) return 0
      const others = partsOf('client').filter(({ source }) => source !== sourceId)
      const theirs = others.reduce(
        (sum, source) => sum + sourceExchangesWithin(source, from, to, 'all'),
        0,
      )
      return Math.max(
        0,
        within(viewOf(link, 'relay') === undefined ? 'load-balancer' : 'relay', 'all') - theirs,
      )
    }
    case 'load-balancer':
      return hasOwnLog('load-balancer')
        ? Math.max(within('relay', 'all'), within('client', 'good'))
        : 0
    case 'broker':
      // A rejected poll does not reach the broker.
      return within('relay', 'good')
    case 'relay':
      // Requests that failed on the client's side may never have reached the relay; replicas share requests.
      return hasOwnLog('relay') && link.relay?.logs.length === 1
        ? Math.max(within('load-balancer', 'good'), within('client', 'good'))
        : 0
    case 'database':
    case 'upstream':
      return 0
    default:
      return log.facts satisfies never
  }
}
