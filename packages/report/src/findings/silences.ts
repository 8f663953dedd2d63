import type { Relay } from '../network/network.ts'
import type { NetworkLink } from '../network/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Gap } from '../facts/heartbeat.ts'
import type { Period } from '../facts/problem-history.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { NO_SHUTDOWN_MESSAGE } from '../facts/facts.ts'
import { shifted, placeProblem } from '../timeline/placed-problem.ts'
import type { SideView } from '../timeline/side-view.ts'
import { CAUSE_SHEET } from '../vocabulary/causes/sheet.ts'
import { about, pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { rawFinding, endOf, fromProblem } from './raw-finding.ts'
import type { RawFinding } from './raw-finding.ts'
import { gapLimit, TASK_TIME_MS } from './limits.ts'
import {
  formatCount,
  formatDuration,
  formatTime,
  formatTimes,
  sentences,
} from '../vocabulary/figures.ts'
import { describeRestarts, describeSilence, logsOf } from './phrases.ts'

/** A restart that takes longer than this is a warning. */
const LONG_AWAY_MS = 30 * SECOND

/** A time without requests on a link, and the finding that explains it. */
export interface LinkGap extends Gap {
  readonly link: NetworkLink
  readonly side: 'relay' | 'client' | 'load-balancer'
  finding: RawFinding | undefined
}

/** The side whose log best shows whether a client polls: the relay, else the load balancer, else the client itself. */
export function mainView(link: NetworkLink): { side: LinkGap['side']; view: SideView } | undefined {
  for (const side of ['relay', 'load-balancer', 'client'] as const) {
    const view = viewOf(link, side)
    if (view !== undefined && view.exchanges > 0) return { side, view }
  }
  return undefined
}

/** Finds the gaps of every poll link compared with its usual interval. A gap that has an explanation refers to its finding. */
export function findSilences(context: DiagnosisContext): LinkGap[] {
  for (const link of pollLinksOf(context)) findRestarts(context, link)
  const gaps = pollLinksOf(context).flatMap(gapsOfLink)
  for (const gap of gaps) gap.finding = explanationOf(context, gap)
  for (const relay of context.network.relays) assignSharedGaps(context, relay, gaps)
  for (const gap of gaps) if (gap.finding === undefined) gap.finding = addOwnGap(context, gap, gaps)
  for (const link of pollLinksOf(context)) findSilentEnds(context, link)
  return gaps
}

/** Restarts in the client's own log: harmless if it shut down cleanly and was soon back. */
function findRestarts(context: DiagnosisContext, link: NetworkLink): void {
  for (const { log } of link.poll?.logs ?? []) {
    const { restarts } = log.facts
    if (restarts.count === 0) continue
    const problem = placeProblem('client-restarted', restarts, log.shift)
    const crashes = restarts.details.get(NO_SHUTDOWN_MESSAGE) ?? 0
    const longest = Math.max(...problem.periods.map(({ from, to }) => to - from))
    context.found.push(
      rawFinding({
        ...fromProblem(problem),
        severity: crashes > 0 || longest >= LONG_AWAY_MS ? 'warning' : 'info',
        subject: link.from.name,
        link,
        partyName: link.from.name,
        why: sentences(
          `client log: ${describeRestarts(restarts.count, crashes, ...startTimes(problem.periods))}`,
          longest < SECOND
            ? ''
            : `${restarts.count === 1 ? 'time' : 'longest time'} without polls: ${formatDuration(longest)}`,
        ),
      }),
    )
  }
}

/** A period of a restart ends with the start. */
function startTimes(periods: readonly Period[]): [first: number, last: number] {
  const times = periods.map(({ to }) => to)
  return [Math.min(...times), Math.max(...times)]
}

function gapsOfLink(link: NetworkLink): LinkGap[] {
  const main = mainView(link)
  if (main === undefined) return []
  const limit = gapLimit(main.view)
  if (Number.isNaN(limit)) return []
  const workedOn = (viewOf(link, 'client')?.gaps ?? []).filter(({ busy }) => busy)
  return (
    main.view.gaps
      .filter(({ from, to, busy }) => to - from > (busy ? limit + TASK_TIME_MS : limit))
      // The client's log shows that it worked on a task; whether that took too long is for the task findings.
      .filter((gap) => !workedOn.some(({ from, to }) => covers(from, to, gap)))
      .map((gap) => ({ ...gap, link, side: main.side, finding: undefined }))
  )
}

/** A finding of this link that covers the gap. */
function explanationOf(context: DiagnosisContext, gap: LinkGap): RawFinding | undefined {
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

/** All clients fell silent at once, so the reason lies elsewhere. */
function assignSharedGaps(context: DiagnosisContext, relay: Relay, gaps: readonly LinkGap[]): void {
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
      for (const other of together) attachGap(root, other)
      continue
    }
    if (gap.finding !== undefined || silent.size < 2 || silent.size < active.length * 0.8) continue
    const finding = buildSharedSilence(context, relay, together)
    context.found.push(finding)
    for (const other of together) attachGap(finding, other)
  }
}

function attachGap(finding: RawFinding, gap: LinkGap): void {
  if (gap.finding !== undefined) return
  gap.finding = finding
  if (finding.link !== gap.link) finding.affects.add(gap.link.id)
}

/** It affects all clients on the same network path. */
function isShared({ cause }: RawFinding): boolean {
  return CAUSE_SHEET[cause].shared
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

function buildSharedSilence(
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
    component,
    link: undefined,
    first: from,
    last: to,
    recoveredAt: to,
    periods: [{ from, to, count: 1, recoveredAt: to }],
    confidence: 'likely',
    party: 'network',
    partyName: null,
    why: sentences(
      `relay log: ${formatCount(new Set(gaps.map(({ link }) => link)).size, 'client')} sent no request ${describeSilence([{ from, to }])}, while the relay kept logging`,
      'the reason is probably between the clients and the relay',
    ),
    action: 'Check the load balancer and the network in front of the relay at that time.',
    next: ['Get the load balancer log of these minutes.'],
    affects: new Set(gaps.map(({ link }) => link.id)),
  })
}

/** A gap of one client alone. */
function addOwnGap(
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
    why: '',
  })
  if (restart === undefined) {
    const recoveredAt = Math.max(...own.map((other) => other.to))
    finding.buildWhy = (
      _,
      end = `recovered at ${formatTime(recoveredAt)}; ${link.poll?.logs.length === 0 ? 'there is no client log' : 'the client log shows no reason'}`,
    ) => sentences(describeGaps(link, own), end)
    finding.why = finding.buildWhy({ ...finding, periodCount: own.length })
  } else
    finding.why = sentences(
      describeGaps(link, [gap]),
      `client log: started ${formatTimes(restart.time, restart.time)}`,
    )
  context.found.push(finding)
  return finding
}

function describeGaps(link: NetworkLink, gaps: readonly LinkGap[]): string {
  const main = mainView(link)
  if (main === undefined) return ''
  return `${logsOf(main.side)}: no request of ${link.from.name} ${describeSilence(gaps)}; the usual interval is ${formatDuration(main.view.medianInterval)}`
}

/** The line of a start of the client within a time. */
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

/** Findings about the ends of a link: a client that starts late or stops polling. */
function findSilentEnds(context: DiagnosisContext, link: NetworkLink): void {
  const { relay } = link
  const view = viewOf(link, 'relay')
  if (relay === undefined || view === undefined) return
  const limit = gapLimit(view)
  const allowed = Number.isNaN(limit) ? 5 * MINUTE : limit
  const silence = relay.last - view.last
  if (silence > allowed + (view.busy ? TASK_TIME_MS : 0)) addSilent(context, link, view, relay)
  if (view.first - relay.first > Math.max(2 * allowed, 3 * MINUTE))
    addLateStart(context, link, view, relay)
}

function addSilent(
  context: DiagnosisContext,
  link: NetworkLink,
  view: SideView,
  relay: Relay,
): void {
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
  // The client's own log gives the reason.
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
      why: sentences(
        `relay log: last request from ${link.from.name} at ${formatTime(view.last)}, ${formatDuration(relay.last - view.last)} before the end of the log${Number.isNaN(view.medianInterval) ? '' : `; the usual interval is ${formatDuration(view.medianInterval)}`}`,
        client === undefined
          ? 'there is no client log'
          : stopped
            ? 'client log: ends at the same time'
            : `client log: continues until ${formatTime(client.last)}`,
      ),
    }),
  )
}

function lastLines(link: NetworkLink, stopped: boolean): RawEvidence[] {
  if (!stopped) return []
  return (link.poll?.logs ?? []).flatMap(({ log }) =>
    log.facts.errors.evidence.lines().map((line) => shifted(line, log.shift)),
  )
}

function addLateStart(
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
      why: sentences(
        `relay log: first request from ${link.from.name} at ${formatTime(view.first)}, ${formatDuration(view.first - relay.first)} after the start of the log`,
        started === undefined
          ? ''
          : `client log: started ${formatTimes(started.time, started.time)}`,
      ),
    }),
  )
}
