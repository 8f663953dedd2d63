import type { Relay, ProgramLog } from '../exchange/network.ts'
import type { NetworkLink } from '../exchange/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Gap } from '../facts/heartbeat.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { NO_SHUTDOWN_MESSAGE } from '../facts/facts.ts'
import { shifted, placeProblem } from '../timeline/side-view.ts'
import type { SideView } from '../timeline/side-view.ts'
import { about, pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, endOf, fromProblem } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { gapLimit, TASK_TIME_MS } from './limits.ts'
import { formatTime, formatCount, formatCrashes, formatDuration } from './figures.ts'

/** A client that is away for longer than this is missed. */
const LONG_AWAY_MS = 30 * SECOND

/** A time nothing was heard of a link, and what was found to explain it. */
export interface LinkGap extends Gap {
  readonly link: NetworkLink
  readonly side: 'relay' | 'client' | 'load-balancer'
  finding: RawFinding | undefined
}

/** The side that can tell whether a client was heard of: the relay, else the balancer, else the client itself. */
export function hearingView(
  link: NetworkLink,
): { side: LinkGap['side']; view: SideView } | undefined {
  for (const side of ['relay', 'load-balancer', 'client'] as const) {
    const view = viewOf(link, side)
    if (view !== undefined && view.exchanges > 0) return { side, view }
  }
  return undefined
}

/** Gaps of every poll link against its own rhythm, longest patience first; explained ones carry their finding. */
export function findSilences(context: DiagnosisContext): LinkGap[] {
  for (const link of pollLinksOf(context)) restarted(context, link)
  const gaps = pollLinksOf(context).flatMap(gapsOfLink)
  for (const gap of gaps) gap.finding = explanation(context, gap)
  for (const relay of context.network.relays) sharedGaps(context, relay, gaps)
  for (const gap of gaps) if (gap.finding === undefined) gap.finding = ownGap(context, gap, gaps)
  for (const link of pollLinksOf(context)) endOfLink(context, link)
  return gaps
}

/** The client began anew in its own log: one that stopped in order and was soon back did no harm. */
function restarted(context: DiagnosisContext, link: NetworkLink): void {
  for (const { log } of link.poll?.logs ?? []) {
    const { restarts } = log.facts
    if (restarts.count === 0) continue
    const problem = placeProblem('client-restarted', restarts, log.shift)
    const died = restarts.details.get(NO_SHUTDOWN_MESSAGE) ?? 0
    const longest = Math.max(...problem.periods.map(({ from, to }) => to - from))
    context.found.push(
      rawFinding({
        ...fromProblem(problem),
        severity: died > 0 || longest >= LONG_AWAY_MS ? 'warning' : 'info',
        subject: link.from.name,
        link,
        partyName: link.from.name,
        why: `${link.from.name} was started ${formatCount(restarts.count, 'time')} within the window${formatCrashes(died, restarts.count)}; it was away for ${formatDuration(longest)}${restarts.count === 1 ? '' : ' at the longest'}.`,
      }),
    )
  }
}

function gapsOfLink(link: NetworkLink): LinkGap[] {
  const heard = hearingView(link)
  if (heard === undefined) return []
  const limit = gapLimit(heard.view)
  if (Number.isNaN(limit)) return []
  const workedOn = (viewOf(link, 'client')?.gaps ?? []).filter(({ busy }) => busy)
  return (
    heard.view.gaps
      .filter(({ from, to, busy }) => to - from > (busy ? limit + TASK_TIME_MS : limit))
      // Its own log says that it worked on a task: whether that took too long is the task's matter.
      .filter((gap) => !workedOn.some(({ from, to }) => covers(from, to, gap)))
      .map((gap) => ({ ...gap, link, side: heard.side, finding: undefined }))
  )
}

/** A finding about this link that covers the gap. */
function explanation(context: DiagnosisContext, gap: LinkGap): RawFinding | undefined {
  return about(context, gap.link).find(
    (finding) =>
      finding.cause !== 'slow' &&
      finding.periods.some((period) => covers(period.from, endOf(period), gap)),
  )
}

/** [from, to], widened, covers most of the gap. */
function covers(from: number, to: number, gap: Gap): boolean {
  const margin = 75 * SECOND
  const shared = Math.min(to + margin, gap.to) - Math.max(from - margin, gap.from)
  return shared >= (gap.to - gap.from) * 0.6
}

/** Everybody fell silent at once: then it is not the clients. */
function sharedGaps(context: DiagnosisContext, relay: Relay, gaps: readonly LinkGap[]): void {
  const links = pollLinksOf(context).filter(
    (link) => link.relay === relay && (viewOf(link, 'relay')?.exchanges ?? 0) > 0,
  )
  const mine = gaps.filter((gap) => links.includes(gap.link))
  for (const gap of mine) {
    const together = mine.filter((other) => sameTime(gap, other))
    const silent = new Set(together.map(({ link }) => link))
    const active = links.filter((link) => activeAround(link, gap))
    const root =
      together.find(({ finding }) => finding !== undefined && isShared(finding))?.finding ??
      sharedFinding(context, gap)
    if (root !== undefined && active.length > 1 && silent.size >= active.length * 0.8) {
      for (const other of together) attach(root, other)
      continue
    }
    if (gap.finding !== undefined || silent.size < 2 || silent.size < active.length * 0.8) continue
    const finding = sharedSilence(context, relay, together)
    context.found.push(finding)
    for (const other of together) attach(finding, other)
  }
}

function attach(finding: RawFinding, gap: LinkGap): void {
  if (gap.finding !== undefined) return
  gap.finding = finding
  if (finding.link !== gap.link) finding.affects.add(gap.link.id)
}

/** A cause that hits everybody who takes the same way. */
function isShared({ cause }: RawFinding): boolean {
  return (
    cause.startsWith('proxy-5') ||
    cause === 'relay-restarted' ||
    cause === 'relay-stalled' ||
    cause === 'connection-refused' ||
    cause === 'connection-closed' ||
    cause === 'relay-error' ||
    cause === 'log-gap' ||
    cause === 'connect-timeout' ||
    cause === 'read-timeout' ||
    cause === 'database-failing'
  )
}

function sharedFinding(context: DiagnosisContext, gap: LinkGap): RawFinding | undefined {
  return context.found.find(
    (finding) =>
      isShared(finding) &&
      finding.periods.some((period) => covers(period.from, endOf(period), gap)),
  )
}

function sameTime(a: Gap, b: Gap): boolean {
  const shared = Math.min(a.to, b.to) - Math.max(a.from, b.from)
  return shared >= 0.5 * Math.max(a.to - a.from, b.to - b.from)
}

function activeAround(link: NetworkLink, gap: Gap): boolean {
  const view = viewOf(link, 'relay')
  return view !== undefined && view.first < gap.to && view.last >= gap.from - MINUTE
}

function sharedSilence(
  context: DiagnosisContext,
  relay: Relay,
  gaps: readonly LinkGap[],
): RawFinding {
  const from = Math.min(...gaps.map((gap) => gap.from))
  const to = Math.max(...gaps.map((gap) => gap.to))
  const component = context.topology.components.find(({ logs }) =>
    logs.some((log) => log === relay.logs[0]),
  )
  return rawFinding({
    cause: 'interrupted',
    severity: 'warning',
    status: 'recovered',
    subject: `all clients of ${relay.name}`,
    component: component,
    link: undefined,
    first: from,
    last: to,
    recoveredAt: to,
    periods: [{ from, to, count: 1, recoveredAt: to }],
    confidence: 'likely',
    party: 'network',
    partyName: null,
    why: `None of ${formatCount(gaps.length, 'client')} was heard of for ${formatDuration(to - from)} from ${formatTime(from)}, while the relay itself went on writing: what lies before the relay is the likely place.`,
    action: 'Look at the balancer and the network before the relay at that time.',
    next: ['Get the balancer’s log for these minutes.'],
    affects: new Set(gaps.map(({ link }) => link.id)),
  })
}

/** A gap of one client alone. */
function ownGap(
  context: DiagnosisContext,
  gap: LinkGap,
  all: readonly LinkGap[],
): RawFinding | undefined {
  const existing = context.found.find(
    (finding) => finding.cause === 'interrupted' && finding.link === gap.link,
  )
  const { link, from, to } = gap
  if (existing !== undefined) {
    existing.count++
    existing.last = Math.max(existing.last, to)
    existing.recoveredAt = Math.max(existing.recoveredAt, to)
    existing.periods.push({ from, to, count: 1, recoveredAt: to })
    return existing
  }
  const own = all.filter((other) => other.link === link && other.finding === undefined)
  const heard = hearingView(link)
  const total = own.reduce((sum, other) => sum + other.to - other.from, 0)
  const restart = startWithin(link, from, to)
  const finding = rawFinding({
    cause: restart === undefined ? 'interrupted' : 'client-restarted',
    severity: 'warning',
    status: 'recovered',
    subject: link.from.name,
    link,
    first: from,
    last: to,
    recoveredAt: to,
    periods: [{ from, to, count: 1, recoveredAt: to }],
    confidence: restart === undefined ? 'likely' : 'certain',
    partyName: link.from.name,
    evidence: restart === undefined ? [] : [restart],
    why: `${link.from.name} is heard of every ${formatDuration(heard?.view.medianInterval ?? Number.NaN)}, but not for ${formatDuration(total)}${own.length > 1 ? ` in ${own.length} stretches` : ''} from ${formatTime(from)}${restart === undefined ? `; it works again since ${formatTime(to)}. ${link.poll?.logs.length === 0 ? 'Its own log is not among the sources.' : 'Its own log does not say why.'}` : '; then it was started.'}`,
  })
  context.found.push(finding)
  return finding
}

/** The line with which a client says that it starts, within a time. */
function startWithin(link: NetworkLink, from: number, to: number): RawEvidence | undefined {
  for (const { log } of link.poll?.logs ?? []) {
    const { shift } = log
    const line = log.facts.startLines.find(
      (start) => start.time + shift >= from - 2_000 && start.time + shift <= to + 2_000,
    )
    if (line !== undefined) return shifted(line, shift)
  }
  return undefined
}

/** What came first and what came last: a link that begins late or falls silent. */
function endOfLink(context: DiagnosisContext, link: NetworkLink): void {
  const { relay } = link
  const view = viewOf(link, 'relay')
  if (relay === undefined || view === undefined) return
  const limit = gapLimit(view)
  const patience = Number.isNaN(limit) ? 5 * MINUTE : limit
  const silence = relay.last - view.last
  if (silence > patience + (view.busy ? TASK_TIME_MS : 0)) silent(context, link, view, relay)
  if (view.first - relay.first > Math.max(2 * patience, 3 * MINUTE))
    lateBeginning(context, link, view, relay)
}

function silent(context: DiagnosisContext, link: NetworkLink, view: SideView, relay: Relay): void {
  const known = about(context, link).find(
    ({ status, last }) => status === 'ongoing' && last >= view.last - 2 * MINUTE,
  )
  const root = context.found.find(
    (finding) =>
      isShared(finding) &&
      finding.status === 'ongoing' &&
      Math.abs(finding.first - view.last) < 3 * MINUTE,
  )
  if (root !== undefined && root.link !== link) {
    root.affects.add(link.id)
    return
  }
  // The client itself says why it does not get through.
  if (known !== undefined && known.last > view.last + 5 * SECOND) return
  const client = viewOf(link, 'client')
  const stopped = client !== undefined && client.last <= view.last + MINUTE
  context.found.push(
    rawFinding({
      cause: 'silent',
      severity: 'error',
      status: 'ongoing',
      subject: link.from.name,
      link,
      first: view.last,
      last: relay.last,
      periods: [{ from: view.last, to: relay.last, count: 1, recoveredAt: Number.NaN }],
      confidence: Number.isNaN(gapLimit(view)) ? 'likely' : 'certain',
      partyName: link.from.name,
      evidence: lastLines(link, stopped),
      why: `Last heard of at ${formatTime(view.last)}, ${formatDuration(relay.last - view.last)} before the relay’s log ends${Number.isNaN(view.medianInterval) ? '' : `, though it was heard of every ${formatDuration(view.medianInterval)}`}${stopped ? '; its own log stops at the same time' : client === undefined ? '; its own log is not among the sources' : `; its own log goes on until ${formatTime(client.last)}`}.`,
    }),
  )
}

function lastLines(link: NetworkLink, stopped: boolean): RawEvidence[] {
  if (!stopped) return []
  return (link.poll?.logs ?? []).flatMap(({ log }) =>
    log.facts.errors.evidence.lines().map((line) => shifted(line, log.shift)),
  )
}

function lateBeginning(
  context: DiagnosisContext,
  link: NetworkLink,
  view: SideView,
  relay: Relay,
): void {
  const started = startWithin(link, relay.first, view.first + 5 * SECOND)
  const covered = about(context, link).some((finding) =>
    finding.periods.some((period) =>
      covers(period.from, endOf(period), { from: relay.first, to: view.first, busy: false }),
    ),
  )
  if (covered) return
  context.found.push(
    rawFinding({
      cause: started === undefined ? 'interrupted' : 'client-restarted',
      severity: 'warning',
      status: 'recovered',
      subject: link.from.name,
      link,
      first: relay.first,
      last: view.first,
      recoveredAt: view.first,
      periods: [{ from: relay.first, to: view.first, count: 1, recoveredAt: view.first }],
      confidence: started === undefined ? 'possible' : 'certain',
      partyName: link.from.name,
      evidence: started === undefined ? [] : [started],
      why: `First heard of at ${formatTime(view.first)}, ${formatDuration(view.first - relay.first)} after the relay’s log begins${started === undefined ? '' : '; it was started then'}.`,
    }),
  )
}

/** Times in which a relay wrote nothing at all, in any replica. */
export function relaySilences(logs: readonly ProgramLog[], limitOf = silenceLimit): Gap[] {
  const [first, ...rest] = logs.map((log) => sourceGaps(log, limitOf(log)))
  return (first ?? []).filter((gap) =>
    rest.every((gaps) =>
      gaps.some((other) => other.from <= gap.from + SECOND && other.to >= gap.to - SECOND),
    ),
  )
}

/** Times in which a source, against its own rhythm, says nothing. */
export function sourceGaps(log: ProgramLog, limit = silenceLimit(log)): Gap[] {
  return Number.isNaN(limit) ? [] : silencesOf(log, limit)
}

/** Times longer than `limit`, ms, in which a source says nothing. */
export function silencesOf({ source, shift }: ProgramLog, limit: number): Gap[] {
  return source.heartbeat
    .gapsLongerThan(limit)
    .map(({ from, to, busy }) => ({ from: from + shift, to: to + shift, busy }))
}

/** How long a source may be silent before that is a gap; NaN for one that writes too rarely to tell. */
export function silenceLimit(log: ProgramLog): number {
  const { intervals } = log.source.heartbeat
  if (intervals.count < 20) return Number.NaN
  return Math.max(30 * SECOND, 5 * intervals.quantile(0.5), 3 * intervals.quantile(0.98))
}
