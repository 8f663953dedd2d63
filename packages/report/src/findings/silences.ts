import type { Hub, Told } from '../exchange/network.ts'
import type { NetLink } from '../exchange/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import type { Gap } from '../facts/gap-keeper.ts'
import { MINUTE, SECOND } from '../read/timestamps.ts'
import { DIED } from '../facts/facts.ts'
import { moved, placeProblem } from '../timeline/placed-account.ts'
import type { PlacedAccount } from '../timeline/placed-account.ts'
import { about, pollLinksOf, viewOf } from './context.ts'
import type { DiagnosisContext } from './context.ts'
import { draft, endOf, fromProblem } from './finding-draft.ts'
import type { FindingDraft } from './finding-draft.ts'
import { gapLimit, TASK_TIME_MS } from './limits.ts'
import { clockWord, countWord, diedWords, spanWord } from './words.ts'

/** A client that is away for longer than this is missed. */
const LONG_AWAY_MS = 30 * SECOND

/** A time nothing was heard of a link, and what was found to explain it. */
export interface LinkGap extends Gap {
  readonly link: NetLink
  readonly side: 'hub' | 'client' | 'balancer'
  finding: FindingDraft | undefined
}

/** The side that can tell whether a client was heard of: the hub, else the balancer, else the client itself. */
export function hearingView(
  link: NetLink,
): { side: LinkGap['side']; account: PlacedAccount } | undefined {
  for (const side of ['hub', 'balancer', 'client'] as const) {
    const account = viewOf(link, side)
    if (account !== undefined && account.exchanges > 0) return { side, account }
  }
  return undefined
}

/** Gaps of every poll link against its own rhythm, longest patience first; explained ones carry their finding. */
export function findSilences(context: DiagnosisContext): LinkGap[] {
  for (const link of pollLinksOf(context)) restarted(context, link)
  const gaps = pollLinksOf(context).flatMap(gapsOfLink)
  for (const gap of gaps) gap.finding = explanation(context, gap)
  for (const hub of context.network.hubs) sharedGaps(context, hub, gaps)
  for (const gap of gaps) if (gap.finding === undefined) gap.finding = ownGap(context, gap, gaps)
  for (const link of pollLinksOf(context)) endOfLink(context, link)
  return gaps
}

/** The client began anew in its own log: one that stopped in order and was soon back did no harm. */
function restarted(context: DiagnosisContext, link: NetLink): void {
  for (const { told } of link.poll?.logs ?? []) {
    const { restarts } = told.facts
    if (restarts.count === 0) continue
    const problem = placeProblem('client-restarted', restarts, told.shift)
    const died = restarts.details.get(DIED) ?? 0
    const longest = Math.max(...problem.episodes.map(({ from, to }) => to - from))
    context.found.push(
      draft({
        ...fromProblem(problem),
        severity: died > 0 || longest >= LONG_AWAY_MS ? 'warning' : 'info',
        subject: link.from.name,
        link,
        partyName: link.from.name,
        why: `${link.from.name} was started ${countWord(restarts.count, 'time')} within the window${diedWords(died, restarts.count)}; it was away for ${spanWord(longest)}${restarts.count === 1 ? '' : ' at the longest'}.`,
      }),
    )
  }
}

function gapsOfLink(link: NetLink): LinkGap[] {
  const heard = hearingView(link)
  if (heard === undefined) return []
  const limit = gapLimit(heard.account)
  if (Number.isNaN(limit)) return []
  const workedOn = (viewOf(link, 'client')?.gaps ?? []).filter(({ busy }) => busy)
  return (
    heard.account.gaps
      .filter(({ from, to, busy }) => to - from > (busy ? limit + TASK_TIME_MS : limit))
      // Its own log says that it worked on a task: whether that took too long is the task's matter.
      .filter((gap) => !workedOn.some(({ from, to }) => covers(from, to, gap)))
      .map((gap) => ({ ...gap, link, side: heard.side, finding: undefined }))
  )
}

/** A finding about this link that covers the gap. */
function explanation(context: DiagnosisContext, gap: LinkGap): FindingDraft | undefined {
  return about(context, gap.link).find(
    (finding) =>
      finding.cause !== 'slow' &&
      finding.episodes.some((episode) => covers(episode.from, endOf(episode), gap)),
  )
}

/** [from, to], widened, covers most of the gap. */
function covers(from: number, to: number, gap: Gap): boolean {
  const margin = 75 * SECOND
  const shared = Math.min(to + margin, gap.to) - Math.max(from - margin, gap.from)
  return shared >= (gap.to - gap.from) * 0.6
}

/** Everybody fell silent at once: then it is not the clients. */
function sharedGaps(context: DiagnosisContext, hub: Hub, gaps: readonly LinkGap[]): void {
  const links = pollLinksOf(context).filter(
    (link) => link.hub === hub && (viewOf(link, 'hub')?.exchanges ?? 0) > 0,
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
    const finding = everybodySilent(context, hub, together)
    context.found.push(finding)
    for (const other of together) attach(finding, other)
  }
}

function attach(finding: FindingDraft, gap: LinkGap): void {
  if (gap.finding !== undefined) return
  gap.finding = finding
  if (finding.link !== gap.link) finding.affects.add(gap.link.id)
}

/** A cause that hits everybody who takes the same way. */
function isShared({ cause }: FindingDraft): boolean {
  return (
    cause.startsWith('proxy-5') ||
    cause === 'hub-restarted' ||
    cause === 'hub-stalled' ||
    cause === 'connection-refused' ||
    cause === 'connection-closed' ||
    cause === 'hub-error' ||
    cause === 'log-gap' ||
    cause === 'connect-timeout' ||
    cause === 'read-timeout' ||
    cause === 'database-failing'
  )
}

function sharedFinding(context: DiagnosisContext, gap: LinkGap): FindingDraft | undefined {
  return context.found.find(
    (finding) =>
      isShared(finding) &&
      finding.episodes.some((episode) => covers(episode.from, endOf(episode), gap)),
  )
}

function sameTime(a: Gap, b: Gap): boolean {
  const shared = Math.min(a.to, b.to) - Math.max(a.from, b.from)
  return shared >= 0.5 * Math.max(a.to - a.from, b.to - b.from)
}

function activeAround(link: NetLink, gap: Gap): boolean {
  const view = viewOf(link, 'hub')
  return view !== undefined && view.first < gap.to && view.last >= gap.from - MINUTE
}

function everybodySilent(
  context: DiagnosisContext,
  hub: Hub,
  gaps: readonly LinkGap[],
): FindingDraft {
  const from = Math.min(...gaps.map((gap) => gap.from))
  const to = Math.max(...gaps.map((gap) => gap.to))
  const part = context.topology.parts.find(({ told }) => told.some((one) => one === hub.told[0]))
  return draft({
    cause: 'interrupted',
    severity: 'warning',
    status: 'recovered',
    subject: `all clients of ${hub.name}`,
    component: part,
    link: undefined,
    first: from,
    last: to,
    recoveredAt: to,
    episodes: [{ from, to, count: 1, recoveredAt: to }],
    confidence: 'likely',
    party: 'network',
    partyName: null,
    why: `None of ${countWord(gaps.length, 'client')} was heard of for ${spanWord(to - from)} from ${clockWord(from)}, while the hub itself went on writing: what lies before the hub is the likely place.`,
    action: 'Look at the balancer and the network before the hub at that time.',
    next: ['Get the balancer’s log for these minutes.'],
    affects: new Set(gaps.map(({ link }) => link.id)),
  })
}

/** A gap of one client alone. */
function ownGap(
  context: DiagnosisContext,
  gap: LinkGap,
  all: readonly LinkGap[],
): FindingDraft | undefined {
  const existing = context.found.find(
    (finding) => finding.cause === 'interrupted' && finding.link === gap.link,
  )
  const { link, from, to } = gap
  if (existing !== undefined) {
    existing.count++
    existing.last = Math.max(existing.last, to)
    existing.recoveredAt = Math.max(existing.recoveredAt, to)
    existing.episodes.push({ from, to, count: 1, recoveredAt: to })
    return existing
  }
  const own = all.filter((other) => other.link === link && other.finding === undefined)
  const heard = hearingView(link)
  const total = own.reduce((sum, other) => sum + other.to - other.from, 0)
  const restart = startWithin(link, from, to)
  const finding = draft({
    cause: restart === undefined ? 'interrupted' : 'client-restarted',
    severity: 'warning',
    status: 'recovered',
    subject: link.from.name,
    link,
    first: from,
    last: to,
    recoveredAt: to,
    episodes: [{ from, to, count: 1, recoveredAt: to }],
    confidence: restart === undefined ? 'likely' : 'certain',
    partyName: link.from.name,
    evidence: restart === undefined ? [] : [restart],
    why: `${link.from.name} is heard of every ${spanWord(heard?.account.rhythm ?? Number.NaN)}, but not for ${spanWord(total)}${own.length > 1 ? ` in ${own.length} stretches` : ''} from ${clockWord(from)}${restart === undefined ? `; it works again since ${clockWord(to)}. ${link.poll?.logs.length === 0 ? 'Its own log is not among the sources.' : 'Its own log does not say why.'}` : '; then it was started.'}`,
  })
  context.found.push(finding)
  return finding
}

/** The line with which a client says that it starts, within a time. */
function startWithin(link: NetLink, from: number, to: number): RawEvidence | undefined {
  for (const { told } of link.poll?.logs ?? []) {
    const { shift } = told
    const line = told.facts.startLines.find(
      (start) => start.time + shift >= from - 2_000 && start.time + shift <= to + 2_000,
    )
    if (line !== undefined) return moved(line, shift)
  }
  return undefined
}

/** What came first and what came last: a link that begins late or falls silent. */
function endOfLink(context: DiagnosisContext, link: NetLink): void {
  const { hub } = link
  const view = viewOf(link, 'hub')
  if (hub === undefined || view === undefined) return
  const limit = gapLimit(view)
  const patience = Number.isNaN(limit) ? 5 * MINUTE : limit
  const silence = hub.last - view.last
  if (silence > patience + (view.busy ? TASK_TIME_MS : 0)) silent(context, link, view, hub)
  if (view.first - hub.first > Math.max(2 * patience, 3 * MINUTE))
    lateBeginning(context, link, view, hub)
}

function silent(context: DiagnosisContext, link: NetLink, view: PlacedAccount, hub: Hub): void {
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
    draft({
      cause: 'silent',
      severity: 'error',
      status: 'ongoing',
      subject: link.from.name,
      link,
      first: view.last,
      last: hub.last,
      episodes: [{ from: view.last, to: hub.last, count: 1, recoveredAt: Number.NaN }],
      confidence: Number.isNaN(gapLimit(view)) ? 'likely' : 'certain',
      partyName: link.from.name,
      evidence: lastLines(link, stopped),
      why: `Last heard of at ${clockWord(view.last)}, ${spanWord(hub.last - view.last)} before the hub’s log ends${Number.isNaN(view.rhythm) ? '' : `, though it was heard of every ${spanWord(view.rhythm)}`}${stopped ? '; its own log stops at the same time' : client === undefined ? '; its own log is not among the sources' : `; its own log goes on until ${clockWord(client.last)}`}.`,
    }),
  )
}

function lastLines(link: NetLink, stopped: boolean): RawEvidence[] {
  if (!stopped) return []
  return (link.poll?.logs ?? []).flatMap(({ told }) =>
    told.facts.errors.evidence.lines().map((line) => moved(line, told.shift)),
  )
}

function lateBeginning(
  context: DiagnosisContext,
  link: NetLink,
  view: PlacedAccount,
  hub: Hub,
): void {
  const started = startWithin(link, hub.first, view.first + 5 * SECOND)
  const covered = about(context, link).some((finding) =>
    finding.episodes.some((episode) =>
      covers(episode.from, endOf(episode), { from: hub.first, to: view.first, busy: false }),
    ),
  )
  if (covered) return
  context.found.push(
    draft({
      cause: started === undefined ? 'interrupted' : 'client-restarted',
      severity: 'warning',
      status: 'recovered',
      subject: link.from.name,
      link,
      first: hub.first,
      last: view.first,
      recoveredAt: view.first,
      episodes: [{ from: hub.first, to: view.first, count: 1, recoveredAt: view.first }],
      confidence: started === undefined ? 'possible' : 'certain',
      partyName: link.from.name,
      evidence: started === undefined ? [] : [started],
      why: `First heard of at ${clockWord(view.first)}, ${spanWord(view.first - hub.first)} after the hub’s log begins${started === undefined ? '' : '; it was started then'}.`,
    }),
  )
}

/** Times in which a hub wrote nothing at all, in any replica. */
export function hubSilences(told: readonly Told[], limitOf = silenceLimit): Gap[] {
  const [first, ...rest] = told.map((one) => sourceGaps(one, limitOf(one)))
  return (first ?? []).filter((gap) =>
    rest.every((gaps) =>
      gaps.some((other) => other.from <= gap.from + SECOND && other.to >= gap.to - SECOND),
    ),
  )
}

/** Times in which a source, against its own rhythm, says nothing. */
export function sourceGaps(told: Told, limit = silenceLimit(told)): Gap[] {
  return Number.isNaN(limit) ? [] : silencesOf(told, limit)
}

/** Times longer than `limit`, ms, in which a source says nothing. */
export function silencesOf({ source, shift }: Told, limit: number): Gap[] {
  return source.signs
    .longerThan(limit)
    .map(({ from, to, busy }) => ({ from: from + shift, to: to + shift, busy }))
}

/** How long a source may be silent before that is a gap; NaN for one that writes too rarely to tell. */
export function silenceLimit(told: Told): number {
  const { intervals } = told.source.signs
  if (intervals.count < 20) return Number.NaN
  return Math.max(30 * SECOND, 5 * intervals.quantile(0.5), 3 * intervals.quantile(0.98))
}
