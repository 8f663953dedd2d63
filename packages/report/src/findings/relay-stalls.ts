import type { Cause } from '../vocabulary/cause.ts'
import { CAUSE_SHEET, causesWhere } from '../vocabulary/causes/sheet.ts'
import type { Relay, ProgramLog } from '../network/network.ts'
import type { NetworkLink, NetworkComponent } from '../network/topology.ts'
import type { Gap } from '../facts/heartbeat.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { exchangesWithin } from '../timeline/side-view.ts'
import type { ProblemSummary } from '../timeline/placed-problem.ts'
import { pollLinksOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, endOf } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { absorb } from './consequences.ts'
import { relaySilences } from './log-silences.ts'
import { formatCount, formatTime, sentences } from '../vocabulary/figures.ts'
import { describeSilence, logsOf } from './phrases.ts'

/** How requests to a relay that stalls end: the connection stays open, and no response arrives. */
const TIMEOUTS = causesWhere(({ inStall }) => inStall === 'timeout')
/** Shorter pauses are over before a client runs into its timeout. */
const MIN_SILENCE_MS = 30 * SECOND
/** A relay that logs summaries does so every minute; a longer pause is a silence. */
const SUMMARY_SILENCE_MS = 75 * SECOND
const EDGE_MS = 5 * SECOND
/** After a stall, expired timeouts and broken connections are logged for this long. */
const WAKING_MS = 15 * SECOND
/** A client whose poll is held has been silent for up to this long before. */
const HOLDING_MS = MINUTE + EDGE_MS

/**
 * Adds a finding for a relay that stopped for a while: it logs nothing while requests of its clients time out and none succeed. If no
 * request times out, or some succeed, only lines of the log are missing.
 */
export function findStalls(context: DiagnosisContext): void {
  for (const relay of context.network.relays) {
    const component = context.topology.components.find(({ logs }) =>
      logs.some((log) => log === relay.logs[0]),
    )
    const links = pollLinksOf(context).filter((link) => link.relay === relay)
    const stalls = silencesOfRelay(context, relay).flatMap((gap) => {
      const timeouts = timeoutsDuring(links, gap, clockRoom(context))
      return timeouts > 0 && !answersDuring(context, links, gap) ? [{ ...gap, timeouts }] : []
    })
    const [first] = stalls
    const last = stalls.at(-1)
    if (first === undefined || last === undefined) continue
    const ongoing = last.to === Number.POSITIVE_INFINITY
    const end = ongoing ? context.network.to : last.to
    const timeouts = stalls.reduce((sum, stall) => sum + stall.timeouts, 0)
    const periods = stalls.map(({ from, to }) => ({
      from,
      to: Math.min(to, end),
      count: 1,
      recoveredAt: to === Number.POSITIVE_INFINITY ? Number.NaN : to,
    }))
    const others = otherLogs(links)
    const buildWhy = (
      { recoveredAt }: ProblemSummary,
      state = Number.isNaN(recoveredAt)
        ? 'not resumed by the end of the logs'
        : `the relay resumed at ${formatTime(recoveredAt)}`,
    ): string =>
      sentences(
        `relay log: nothing logged ${describeSilence(periods)}`,
        `${others}: ${formatCount(timeouts, 'request')} failed in that time and none succeeded`,
        state,
      )
    const recoveredAt = ongoing ? Number.NaN : end
    context.found.push(
      rawFinding({
        cause: 'relay-stalled',
        severity: ongoing ? 'error' : 'warning',
        status: ongoing ? 'ongoing' : 'recovered',
        subject: relay.name,
        component,
        first: first.from,
        last: end,
        recoveredAt,
        count: stalls.length,
        periods,
        confidence: 'likely',
        partyName: relay.name,
        affects: new Set(links.map(({ id }) => id)),
        why: buildWhy({
          first: first.from,
          last: end,
          recoveredAt,
          count: stalls.length,
          periods,
          periodCount: stalls.length,
          evidence: [],
        }),
        buildWhy,
      }),
    )
  }
}

/** The logs of clients and load balancers that show how requests ended. */
function otherLogs(links: readonly NetworkLink[]): string {
  const sides = links.flatMap(({ views }) => views.map(({ side }) => side))
  return logsOf(...sides.filter((side) => side !== 'relay'))
}

/** Times in which no replica logged anything although all were running and had something to log; the last may have no end. */
function silencesOfRelay(context: DiagnosisContext, relay: Relay): Gap[] {
  const { network } = context
  const limit = Math.max(...relay.logs.map(longestPause))
  const open = { from: relay.last, to: Number.POSITIVE_INFINITY, busy: false }
  // Logs whose ends differ by less than this may end at the same time.
  const atEnd = network.to - relay.last > 2 * MINUTE ? [open] : []
  return [...relaySilences(relay.logs, () => MIN_SILENCE_MS), ...atEnd].filter((gap) => {
    const length = Math.min(gap.to, network.to) - gap.from
    return (
      (length > limit || heartbeatsMissed(context, gap)) &&
      !relay.logs.some((log) => stoppedWithin(log, gap))
    )
  })
}

/** The longest pause that the periodic lines of a relay leave, ms; infinite if it logs nothing periodically. */
function longestPause({ facts }: Relay['logs'][number]): number {
  const { intervals } = facts.ownActivity
  const ticking =
    intervals.count < 5
      ? Number.POSITIVE_INFINITY
      : Math.max(MIN_SILENCE_MS, 2 * intervals.quantile(0.75))
  return Math.min(ticking, facts.logsSummaries ? SUMMARY_SILENCE_MS : Number.POSITIVE_INFINITY)
}

/** The broker missed heartbeats of the relay as well. */
function heartbeatsMissed({ network }: DiagnosisContext, { from, to }: Gap): boolean {
  return network.brokers.some(({ facts, shift }) =>
    (facts.link.problems.get('broker-heartbeat-lost')?.periods ?? []).some(
      (period) => period.to + shift > from && period.from + shift < to,
    ),
  )
}

/** The relay shut down or restarted in this time, so it did not run at all. */
function stoppedWithin({ facts, shift }: Relay['logs'][number], { from, to }: Gap): boolean {
  const stop = facts.lastStop + shift
  return (
    (stop >= from - 10 * SECOND && stop <= to) ||
    facts.startLines.some(({ time }) => time + shift >= from && time + shift <= to + MINUTE)
  )
}

/** Requests that timed out in this time according to clients and load balancer; 0 if a connection was refused. */
function timeoutsDuring(links: readonly NetworkLink[], { from, to }: Gap, room: number): number {
  const during = (link: NetworkLink, causes: ReadonlySet<Cause>): number[] =>
    link.views
      .filter(({ side }) => side !== 'relay')
      .map(({ view }) =>
        [...causes]
          .flatMap((cause) => view.problems.get(cause)?.periods ?? [])
          .filter((period) => period.to > from - room && period.from < to + EDGE_MS + room)
          .reduce((sum, { count }) => sum + count, 0),
      )
  if (links.some((link) => during(link, new Set(['connection-refused'])).some((n) => n > 0)))
    return 0
  // Client and load balancer log the same requests.
  return links.reduce((sum, link) => sum + Math.max(0, ...during(link, TIMEOUTS)), 0)
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

/** How far clocks may differ, ms: 0 if all were aligned with the relay's, else up to a minute. */
function clockRoom({ network }: DiagnosisContext): number {
  const { loadBalancers, brokers, links } = network
  const clients = links.flatMap(({ logs }) => logs.map(({ log }) => log))
  return [...clients, ...loadBalancers, ...brokers].every(({ aligned }) => aligned) ? 0 : MINUTE
}

/** A gap in a log that a stall of the relay explains. */
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

/** Adds findings to the stall of a relay that explains them. */
export function absorbIntoStalls(context: DiagnosisContext): void {
  const stalls = context.found.filter(({ cause }) => cause === 'relay-stalled')
  const room = clockRoom(context)
  for (const finding of stalls.length === 0 ? [] : context.found.slice()) {
    const { inStall } = CAUSE_SHEET[finding.cause]
    if (inStall === null) continue
    const lead = inStall === 'last-line' ? HOLDING_MS : EDGE_MS
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

/** The finding concerns this relay, or a service whose relay is unknown. */
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
