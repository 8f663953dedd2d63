import type { Cause } from '../document/cause.ts'
import type { Relay, ProgramLog } from '../exchange/network.ts'
import type { NetworkLink, NetworkComponent } from '../exchange/topology.ts'
import type { Gap } from '../facts/heartbeat.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { exchangesWithin } from '../timeline/side-view.ts'
import { pollLinksOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, endOf } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { absorb } from './consequences.ts'
import { relaySilences } from './silences.ts'
import { formatTime, formatCount, formatDuration } from './figures.ts'

/** What those say who ask a relay that does not move: the connection stands, and no answer comes. */
const COMPLAINTS: readonly Cause[] = ['read-timeout', 'proxy-504', 'client-left']
/** Shorter pauses are over before a client gives up. */
const MIN_SILENCE_MS = 30 * SECOND
/** A relay that counts what it does not write says so every minute; more than that is silence. */
const MINUTE_LINES_MS = 75 * SECOND
const EDGE_MS = 5 * SECOND
/** Waking up takes a moment: time limits run out at once, connections are found broken. */
const WAKING_MS = 15 * SECOND
/** What waits for a poll that is held has been silent for as long before. */
const HOLDING_MS = MINUTE + EDGE_MS

/**
 * A relay that does not run for a while: it writes nothing, while those who ask it get no answer, nor anybody else one. Where nobody
 * complains, or others are answered, only lines are missing.
 */
export function findStalls(context: DiagnosisContext): void {
  for (const relay of context.network.relays) {
    const component = context.topology.components.find(({ logs }) =>
      logs.some((log) => log === relay.logs[0]),
    )
    const links = pollLinksOf(context).filter((link) => link.relay === relay)
    const stalls = silencesOfRelay(context, relay).flatMap((gap) => {
      const complaints = complaintsDuring(links, gap, clockRoom(context))
      return complaints > 0 && !answersDuring(context, links, gap) ? [{ ...gap, complaints }] : []
    })
    const [first] = stalls
    const last = stalls.at(-1)
    if (first === undefined || last === undefined) continue
    const ongoing = last.to === Number.POSITIVE_INFINITY
    const end = ongoing ? context.network.to : last.to
    const total = stalls.reduce((sum, { from, to }) => sum + Math.min(to, end) - from, 0)
    const complaints = stalls.reduce((sum, stall) => sum + stall.complaints, 0)
    context.found.push(
      rawFinding({
        cause: 'relay-stalled',
        severity: ongoing ? 'error' : 'warning',
        status: ongoing ? 'ongoing' : 'recovered',
        subject: relay.name,
        component: component,
        first: first.from,
        last: end,
        recoveredAt: ongoing ? Number.NaN : end,
        count: stalls.length,
        periods: stalls.map(({ from, to }) => ({
          from,
          to: Math.min(to, end),
          count: 1,
          recoveredAt: to === Number.POSITIVE_INFINITY ? Number.NaN : to,
        })),
        confidence: 'likely',
        partyName: relay.name,
        affects: new Set(links.map(({ id }) => id)),
        why: `${relay.name} wrote nothing for ${formatDuration(total)}${stalls.length > 1 ? ` in ${stalls.length} stretches` : ''} from ${formatTime(first.from)} to ${formatTime(end)}, ${formatCount(complaints, 'request')} got no answer in that time, and nobody else got one${ongoing ? '; it has not come back' : `; it goes on since ${formatTime(end)} as if nothing had been`}.`,
      }),
    )
  }
}

/** Times in which no replica wrote anything, though all were running and had something to write; the last may have no end. */
function silencesOfRelay(context: DiagnosisContext, relay: Relay): Gap[] {
  const { network } = context
  const limit = Math.max(...relay.logs.map(longestPause))
  const open = { from: relay.last, to: Number.POSITIVE_INFINITY, busy: false }
  // Logs that end so little apart may end at the same time.
  const atEnd = network.to - relay.last > 2 * MINUTE ? [open] : []
  return [...relaySilences(relay.logs, () => MIN_SILENCE_MS), ...atEnd].filter((gap) => {
    const length = Math.min(gap.to, network.to) - gap.from
    return (
      (length > limit || heartbeatsMissed(context, gap)) &&
      !relay.logs.some((log) => stoppedWithin(log, gap))
    )
  })
}

/** What a relay writes by the clock, whether anybody asks it or not, never leaves a longer pause. Ms; infinite where it writes nothing so. */
function longestPause({ facts }: Relay['logs'][number]): number {
  const { intervals } = facts.ownActivity
  const ticking =
    intervals.count < 5
      ? Number.POSITIVE_INFINITY
      : Math.max(MIN_SILENCE_MS, 2 * intervals.quantile(0.75))
  return Math.min(ticking, facts.logsSummaries ? MINUTE_LINES_MS : Number.POSITIVE_INFINITY)
}

/** The broker did not hear of it either. */
function heartbeatsMissed({ network }: DiagnosisContext, { from, to }: Gap): boolean {
  return network.brokers.some(({ facts, shift }) =>
    (facts.link.problems.get('broker-heartbeat-lost')?.periods ?? []).some(
      (period) => period.to + shift > from && period.from + shift < to,
    ),
  )
}

/** It was told to stop, or has been started since: then it was not there at all. */
function stoppedWithin({ facts, shift }: Relay['logs'][number], { from, to }: Gap): boolean {
  const stop = facts.lastStop + shift
  return (
    (stop >= from - 10 * SECOND && stop <= to) ||
    facts.startLines.some(({ time }) => time + shift >= from && time + shift <= to + MINUTE)
  )
}

/** Requests of the relay's clients, as they or the balancer tell, that got no answer in this time; 0 where somebody found nobody there. */
function complaintsDuring(links: readonly NetworkLink[], { from, to }: Gap, room: number): number {
  const during = (link: NetworkLink, causes: readonly Cause[]): number[] =>
    link.views
      .filter(({ side }) => side !== 'relay')
      .map(({ view }) =>
        causes
          .flatMap((cause) => view.problems.get(cause)?.periods ?? [])
          .filter((period) => period.to > from - room && period.from < to + EDGE_MS + room)
          .reduce((sum, { count }) => sum + count, 0),
      )
  if (links.some((link) => during(link, ['connection-refused']).some((n) => n > 0))) return 0
  // Client and balancer tell of the same requests.
  return links.reduce((sum, link) => sum + Math.max(0, ...during(link, COMPLAINTS)), 0)
}

function answersDuring(
  context: DiagnosisContext,
  links: readonly NetworkLink[],
  { from, to }: Gap,
): boolean {
  const edge = EDGE_MS + clockRoom(context)
  return links.some(({ views }) =>
    views.some(({ side, view }) => {
      if (side === 'relay') return false
      if (to === Number.POSITIVE_INFINITY) return view.lastOk > from + edge
      return exchangesWithin(view, from + edge, to - edge, 'good') > 0
    }),
  )
}

/** How far apart clocks may be: none to speak of where all were held against the relay's, else up to a minute. */
function clockRoom({ network }: DiagnosisContext): number {
  const { loadBalancers, brokers, links } = network
  const clients = links.flatMap(({ logs }) => logs.map(({ log }) => log))
  return [...clients, ...loadBalancers, ...brokers].every(({ aligned }) => aligned) ? 0 : MINUTE
}

/** A hole in a log that comes from its relay's standing still. */
export function isFromStall(
  context: DiagnosisContext,
  log: ProgramLog,
  gap: { from: number; to: number },
): boolean {
  const room = clockRoom(context)
  return context.found.some(
    (finding) =>
      finding.cause === 'relay-stalled' &&
      (log.facts.role !== 'relay' || finding.component?.logs.includes(log) === true) &&
      isWithin([gap], finding, HOLDING_MS + room, WAKING_MS + room),
  )
}

/** Findings that are what others saw of a relay's standing still. */
export function absorbIntoStalls(context: DiagnosisContext): void {
  const stalls = context.found.filter(({ cause }) => cause === 'relay-stalled')
  const room = clockRoom(context)
  for (const finding of stalls.length === 0 ? [] : context.found.slice()) {
    const lead = LEADING.has(finding.cause) ? HOLDING_MS : EDGE_MS
    if (lead === EDGE_MS && !CONSEQUENCES.has(finding.cause)) continue
    const periods = finding.periods.map((period) => ({ from: period.from, to: period.to }))
    if (periods.length === 0) periods.push({ from: finding.first, to: finding.last })
    const root = stalls.find(
      (stall) =>
        stall.component !== undefined &&
        concerns(finding, stall.component, stall.affects) &&
        isWithin(periods, stall, lead + room, WAKING_MS + room),
    )
    if (root === undefined) continue
    absorb(root, finding)
    context.found.splice(context.found.indexOf(finding), 1)
  }
}

/** Nothing was heard, or written: that began with the last thing heard before. */
const LEADING: ReadonlySet<Cause> = new Set<Cause>([
  'interrupted',
  'silent',
  'log-gap',
  'source-ended-early',
])
const CONSEQUENCES: ReadonlySet<Cause> = new Set<Cause>([
  ...COMPLAINTS,
  'connect-timeout',
  'connection-closed',
  'proxy-502',
  'proxy-503',
  'slow',
  'relay-error',
  'probe-failing',
  'unexplained-errors',
  'upstream-unreachable',
  'database-failing',
  'database-slow',
  'broker-refused',
  'broker-heartbeat-lost',
  'broker-connection-lost',
])

/** It is about this relay, or about something of which nobody knows which relay it belongs to. */
function concerns(
  { link, component, affects }: RawFinding,
  relayComponent: NetworkComponent,
  clients: ReadonlySet<string>,
): boolean {
  if (link === undefined) {
    return component === relayComponent || [...affects].some((id) => clients.has(id))
  }
  if (link.from === relayComponent || link.to === relayComponent || clients.has(link.id))
    return true
  return link.relay === undefined && link.kind !== 'poll'
}

function isWithin(
  periods: readonly { from: number; to: number }[],
  stall: RawFinding,
  before: number,
  after: number,
): boolean {
  return periods.every(({ from, to }) =>
    stall.periods.some((period) => {
      const ongoing = Number.isNaN(period.recoveredAt)
      return (
        from >= period.from - before &&
        from < endOf(period) + after &&
        (ongoing || to <= period.to + after)
      )
    }),
  )
}
