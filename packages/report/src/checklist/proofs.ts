import type { Analysis } from '../analysis.ts'
import type { Relay, Network, ProgramLog } from '../exchange/network.ts'
import type { NetworkLink, Side } from '../exchange/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import { gapLimit, holdsPolls, TASK_TIME_MS } from '../findings/limits.ts'
import { formatTime, formatCount, formatDuration, formatNumber } from '../findings/figures.ts'
import { MINUTE } from '../read/timestamps.ts'
import { shifted } from '../timeline/side-view.ts'

/** What shows that a row holds, or why nothing does. */
export type Proof =
  | {
      readonly seen: true
      readonly number: string
      readonly lines?: readonly (RawEvidence | undefined)[]
    }
  | { readonly seen: false; readonly why: string }

/** A log whose polls fit a relay's at several shifts of the clock is of its client only if they all fit. */
const SURE_SHARE = 0.95

export const unseen = (why: string): Proof => ({ seen: false, why })

function pollLinks({ topology }: Analysis): NetworkLink[] {
  return topology.links.filter(({ kind }) => kind === 'poll')
}

function okOf(link: NetworkLink, side: Side): number {
  return link.views.find((view) => view.side === side)?.view.ok ?? 0
}

function lastHeard({ views }: NetworkLink): number {
  return Math.max(...views.map(({ view }) => view.last).filter((time) => time > 0))
}

/** How long nothing may be known of a client before the end of the window. */
function patience({ views }: NetworkLink): number {
  const limits = views.map(({ view }) => 2 * gapLimit(view)).filter((ms) => ms > 0)
  const busy = views.some(({ view }) => view.busy)
  return Math.max(TASK_TIME_MS * (busy ? 2 : 1), ...limits)
}

export function connectionProof(analysis: Analysis): Proof {
  const { network } = analysis
  const links = pollLinks(analysis)
  if (links.length === 0) return unseen('no client in any source')
  const silent = links.filter((link) => link.views.every(({ view }) => view.ok === 0))
  if (silent.length > 0)
    return unseen(
      `nothing shows that ${silent.map(({ from }) => from.name).join(', ')} was answered`,
    )
  const stranger = links.find(
    (link) =>
      link.relay !== undefined && answersClients(network, link.relay) && okOf(link, 'relay') === 0,
  )
  if (stranger !== undefined)
    return unseen(`the relay’s log does not show that it answered ${stranger.from.name}`)
  const lost = links.find((link) => lastHeard(link) < network.to - patience(link))
  if (lost !== undefined)
    return unseen(`nothing is known of ${lost.from.name} after ${formatTime(lastHeard(lost))}`)
  const best = links.map(
    (link) => (link.views.find(({ side }) => side === 'relay') ?? link.views[0])?.view,
  )
  const all = best.reduce((sum, view) => sum + (view?.exchanges ?? 0), 0)
  const ok = best.reduce((sum, view) => sum + (view?.ok ?? 0), 0)
  return {
    seen: true,
    // What the relay turned away has reached it.
    number:
      ok === all
        ? `${formatNumber(ok)} of ${formatCount(all, 'request')} of ${formatCount(links.length, 'client')} answered`
        : `${formatCount(all, 'request')} of ${formatCount(links.length, 'client')} got there, ${formatNumber(ok)} of them were answered well`,
    lines: best.map((view) => view?.firstOk),
  }
}

export function authenticationProof(analysis: Analysis): Proof {
  const links = pollLinks(analysis)
  const proven = links.filter((link) => okOf(link, 'relay') > 0 || okOf(link, 'client') > 0)
  if (links.length === 0 || proven.length < links.length)
    return unseen('not every client was seen to be let in')
  const validated = analysis.network.relays.reduce(
    (sum, relay) => sum + relay.logs.reduce((n, { facts }) => n + facts.validated, 0),
    0,
  )
  const logins = validated > 0 ? `, ${formatNumber(validated)} logins` : ''
  return {
    seen: true,
    number: `${proven.length} of ${formatCount(links.length, 'client')}${logins}`,
  }
}

export function endToEndProof(analysis: Analysis): Proof {
  const proven = pollLinks(analysis).filter(
    (link) => okOf(link, 'client') > 0 && okOf(link, 'relay') > 0 && !isDoubtful(link),
  )
  const doubtful = pollLinks(analysis).find(isDoubtful)
  if (proven.length === 0 && doubtful !== undefined)
    return unseen(
      `the log of ${doubtful.from.name} fits what the relay saw only in part, at more than one shift of its clock: it may be of another network`,
    )
  if (proven.length === 0)
    return unseen('no client whose polls are seen in its own log and in the relay’s')
  const matched = proven.reduce(
    (sum, link) =>
      sum + (link.poll?.logs.reduce((n, { match }) => n + (match?.matched ?? 0), 0) ?? 0),
    0,
  )
  const [first] = proven
  return {
    seen: true,
    number:
      matched > 0
        ? `${formatNumber(matched)} polls found on both sides`
        : `${formatCount(proven.length, 'client')} seen on both sides`,
    lines: first === undefined ? [] : first.views.map(({ view }) => view.firstOk),
  }
}

/** Every log of this client may as well be somebody else's. */
function isDoubtful({ poll }: NetworkLink): boolean {
  const logs = poll?.logs ?? []
  return (
    logs.length > 0 &&
    logs.every(
      ({ match }) => match?.ambiguous === true && match.matched < match.comparable * SURE_SHARE,
    )
  )
}

export function relayProof({ network }: Analysis): Proof {
  const logs = network.relays.flatMap((relay) => relay.logs)
  const requests = logs.reduce((sum, { facts }) => sum + facts.requests, 0)
  const errors = logs.reduce((sum, { facts }) => sum + facts.serverErrors.count, 0)
  if (logs.length === 0) return unseen('no relay log')
  const other = network.links.find(({ relay }) => relay === undefined)
  if (other !== undefined) return unseen(`no log of the relay of ${other.name}`)
  const quiet = network.relays.find((relay) => !answersClients(network, relay))
  if (quiet !== undefined) return unseen(`the log of ${quiet.name} has no requests in it`)
  // Whom they hit and why is told in other rows; healthy is something else.
  if (errors > 0)
    return unseen(`${formatCount(errors, 'server error')} in ${formatCount(requests, 'request')}`)
  return {
    seen: true,
    number:
      requests === 0
        ? 'answers clients, by its summaries'
        : `0 server errors in ${formatCount(requests, 'request')}`,
  }
}

function answersClients({ links }: Network, relay: Relay): boolean {
  return (
    relay.logs.some(({ facts }) => facts.requests > 0) ||
    links.some((link) => link.relay === relay && link.relayView?.summarised === true)
  )
}

function mostOk({ views }: NetworkLink): number {
  return Math.max(0, ...views.map(({ view }) => view.ok))
}

/** Each relay has a database and a broker of its own, and each has to be seen to work. */
export function serviceProof(
  { topology }: Analysis,
  kind: 'database' | 'broker',
  word: string,
  why: string,
): Proof {
  const links = topology.links.filter((link) => link.kind === kind)
  const unproven = links.find((link) => mostOk(link) === 0)
  if (links.length === 0 || unproven !== undefined)
    return unseen(links.length > 1 ? `${why} (${unproven?.from.name ?? ''})` : why)
  const ok = links.reduce((sum, link) => sum + mostOk(link), 0)
  const [best] = links
    .flatMap(({ views }) => views.map(({ view }) => view))
    .toSorted((a, b) => b.ok - a.ok)
  const speed =
    best !== undefined && best.latency.count > 0
      ? `, 95 % within ${formatDuration(Number(best.latency.quantile(0.95).toPrecision(3)))}`
      : ''
  return {
    seen: true,
    number: `${formatCount(ok, word)}${speed}, none failed`,
    lines: [best?.firstOk],
  }
}

export function pollingIntervalProof(analysis: Analysis): Proof {
  const links = pollLinks(analysis).flatMap(
    (link) => link.views.find(({ side }) => side === 'relay') ?? [],
  )
  const known = links.filter(({ view }) => !Number.isNaN(view.pollInterval))
  if (known.length === 0) return unseen('no relay log shows the rhythm of a client')
  const rhythms = known.map(({ view }) => view.pollInterval)
  const held = known.some(({ view }) => holdsPolls(view)) ? ', polls held' : ''
  const words = [Math.min(...rhythms), Math.max(...rhythms)].map((ms) =>
    formatDuration(Number(ms.toPrecision(3))),
  )
  return { seen: true, number: `a poll every ${[...new Set(words)].join(' to ')}${held}` }
}

export function probeProof({ network }: Analysis): Proof {
  const logs = network.relays.flatMap((relay) => relay.logs)
  const ok = logs.reduce((sum, { facts }) => sum + facts.probes.ok, 0)
  if (ok === 0) return unseen('no probe in the relay’s log')
  const first = logs.find(({ facts }) => facts.probes.firstOk !== undefined)
  const line = first?.facts.probes.firstOk
  return {
    seen: true,
    number: `${formatCount(ok, 'probe')}, all answered`,
    lines: [line === undefined || first === undefined ? undefined : shifted(line, first.shift)],
  }
}

export function taskProof(analysis: Analysis): Proof {
  const { network } = analysis
  const answers = pollLinks(analysis).reduce(
    (sum, link) => sum + Math.max(0, ...link.views.map(({ view }) => view.answers)),
    0,
  )
  const solved = network.links.reduce(
    (sum, { logs }) => sum + logs.reduce((n, { log }) => n + log.facts.solved, 0),
    0,
  )
  const tasks = pollLinks(analysis).reduce(
    (sum, link) => sum + Math.max(0, ...link.views.map(({ view }) => view.tasks)),
    0,
  )
  if (answers === 0 && solved === 0)
    return unseen(tasks === 0 ? 'no task in this window' : 'no answer to a task in this window')
  const open = pollLinks(analysis).reduce((sum, link) => sum + openTasks(link), 0)
  if (open > 0) return unseen(`${formatCount(open, 'task')} without an answer in this window`)
  return { seen: true, number: formatCount(Math.max(answers, solved), 'answer') }
}

/** Tasks a client says itself that it could not answer, and for which no answer came. */
function openTasks({ views }: NetworkLink): number {
  return Math.max(
    0,
    ...views
      .filter(({ view }) => view.problems.has('task-not-answerable'))
      .map(({ view }) => view.tasks - view.answers - view.lateAnswers),
  )
}

export function submissionProof({ network }: Analysis): Proof {
  const logs = network.relays.flatMap((relay) => relay.logs)
  const sent = logs.reduce((sum, { facts }) => sum + facts.tasks.count('submitted'), 0)
  if (sent === 0) return unseen('no result was due in this window')
  return { seen: true, number: `${formatCount(sent, 'result')} submitted` }
}

export function coverageProof({ network, clockOffsets, diagnosis }: Analysis): Proof {
  if (clockOffsets.length === 0 || !(network.to > network.from)) return unseen('no window')
  const relay = network.relays[0]
  if (relay === undefined) return unseen('no relay log')
  const span = network.to - network.from
  const apart = network.logs.find((log) => !overlapsRelay(network, log))
  if (apart !== undefined)
    return unseen(`the log ${apart.source.file} is of another time than the relay’s`)
  const late = diagnosis.findings.find(({ cause }) => cause === 'source-began-late')
  if (late !== undefined) return unseen(`the log ${late.subject} begins late`)
  return {
    seen: true,
    number: `${formatCount(clockOffsets.length, 'source')}, ${formatDuration(span)}`,
  }
}

/** Clocks may be so far apart. */
const CLOCK_ROOM_MS = 2 * MINUTE

/** A source shows something of the time its relay tells of. */
function overlapsRelay({ relays, links }: Network, log: ProgramLog): boolean {
  const own = links.find(({ logs }) => logs.some((clientLog) => clientLog.log === log))?.relay
  const start = log.source.first + log.shift
  const end = log.source.last + log.shift
  return (own === undefined ? relays : [own]).some(
    (relay) => start < relay.last + CLOCK_ROOM_MS && end > relay.first - CLOCK_ROOM_MS,
  )
}
