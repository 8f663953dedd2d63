import type { Analysis } from '../analysis.ts'
import type { Relay, Network, ProgramLog } from '../network/network.ts'
import type { NetworkLink, Side } from '../network/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import { gapLimit, holdsPolls, TASK_TIME_MS } from '../findings/limits.ts'
import {
  formatCount,
  formatDuration,
  formatList,
  formatNumber,
  formatTime,
  roundLatency,
} from '../vocabulary/figures.ts'
import { MINUTE } from '../read/timestamps.ts'
import { shifted } from '../timeline/placed-problem.ts'

/** The evidence that passes a row, or what is missing. */
export type Proof =
  | {
      readonly seen: true
      readonly number: string
      readonly lines?: readonly (RawEvidence | undefined)[]
    }
  | { readonly seen: false; readonly why: string }

export const unseen = (why: string): Proof => ({ seen: false, why })

function pollLinks({ topology }: Analysis): NetworkLink[] {
  return topology.links.filter(({ kind }) => kind === 'poll')
}

function okOf(link: NetworkLink, side: Side): number {
  return link.views.find((view) => view.side === side)?.view.ok ?? 0
}

function lastSeen({ views }: NetworkLink): number {
  return Math.max(...views.map(({ view }) => view.last).filter((time) => time > 0))
}

/** How long before the end of the logs a client may have been seen last, ms. */
function allowedSilence({ views }: NetworkLink): number {
  const limits = views.map(({ view }) => 2 * gapLimit(view)).filter((ms) => ms > 0)
  const busy = views.some(({ view }) => view.busy)
  return Math.max(TASK_TIME_MS * (busy ? 2 : 1), ...limits)
}

export function connectionProof(analysis: Analysis): Proof {
  const { network } = analysis
  const links = pollLinks(analysis)
  if (links.length === 0) return unseen('no log mentions a client')
  const silent = links.filter((link) => link.views.every(({ view }) => view.ok === 0))
  if (silent.length > 0)
    return unseen(
      `no log shows a successful poll of ${formatNames(silent.map(({ from }) => from.name))}`,
    )
  const unknown = links.find(
    (link) =>
      link.relay !== undefined && answersClients(network, link.relay) && okOf(link, 'relay') === 0,
  )
  if (unknown !== undefined)
    return unseen(`the relay log does not show a successful poll of ${unknown.from.name}`)
  const lost = links.find((link) => lastSeen(link) < network.to - allowedSilence(link))
  if (lost !== undefined)
    return unseen(`no log mentions ${lost.from.name} after ${formatTime(lastSeen(lost))}`)
  const best = links.map(
    (link) => (link.views.find(({ side }) => side === 'relay') ?? link.views[0])?.view,
  )
  const all = best.reduce((sum, view) => sum + (view?.exchanges ?? 0), 0)
  const ok = best.reduce((sum, view) => sum + (view?.ok ?? 0), 0)
  return {
    seen: true,
    // A request that the relay rejects has reached it.
    number: `${formatCount(links.length, 'client')} sent ${formatCount(all, 'request')}${ok === all ? successful(all) : `; ${formatNumber(ok)} succeeded`}`,
    lines: best.map((view) => view?.firstOk),
  }
}

/** Several names, the first few of them. */
function formatNames(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES)
  const more = names.length - shown.length
  return formatList(more > 0 ? [...shown, `${more} more`] : shown)
}

const MAX_NAMES = 5

function successful(count: number): string {
  return count === 1 ? ', successful' : ', all successful'
}

export function authenticationProof(analysis: Analysis): Proof {
  const links = pollLinks(analysis)
  const proven = links.filter((link) => okOf(link, 'relay') > 0 || okOf(link, 'client') > 0)
  if (links.length === 0 || proven.length < links.length)
    return unseen('the logs do not show that every client logged in')
  const validated = analysis.network.relays.reduce(
    (sum, relay) => sum + relay.logs.reduce((n, { facts }) => n + facts.validated, 0),
    0,
  )
  const logins = validated > 0 ? `, ${formatCount(validated, 'login')}` : ''
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
      `the log of ${doubtful.from.name} matches the relay log only at another clock offset than zero, or only in part: it may come from another network`,
    )
  if (proven.length === 0)
    return unseen('there is no client whose polls appear both in its own log and in the relay log')
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
        ? `${formatCount(matched, 'poll')} in both logs`
        : `${formatCount(proven.length, 'client')} in both logs`,
    lines: first === undefined ? [] : first.views.map(({ view }) => view.firstOk),
  }
}

/** Every log of this client may be that of another one. */
function isDoubtful({ poll }: NetworkLink): boolean {
  const logs = poll?.logs ?? []
  return logs.length > 0 && logs.every(({ match }) => match?.confidence === 'possible')
}

export function relayProof({ network }: Analysis): Proof {
  const logs = network.relays.flatMap((relay) => relay.logs)
  const requests = logs.reduce((sum, { facts }) => sum + facts.requests, 0)
  const errors = logs.reduce((sum, { facts }) => sum + facts.serverErrors.count, 0)
  if (logs.length === 0) return unseen('there is no relay log')
  const other = network.links.find(({ relay }) => relay === undefined)
  if (other !== undefined) return unseen(`there is no log of the relay that ${other.name} polls`)
  const quiet = network.relays.find((relay) => !answersClients(network, relay))
  if (quiet !== undefined) return unseen(`the log of ${quiet.name} contains no requests`)
  // Other rows show the affected clients and the reasons; a relay with server errors is not healthy.
  if (errors > 0)
    return unseen(
      `relay log: ${formatCount(errors, 'server error')} in ${formatCount(requests, 'request')}`,
    )
  return {
    seen: true,
    number:
      requests === 0
        ? 'answers clients, according to its summaries'
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

/** Each relay has its own database and broker, and each of them must have evidence. */
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
      ? `, p95 ${formatDuration(Number(best.latency.quantile(0.95).toPrecision(3)))}`
      : ''
  return {
    seen: true,
    number: `${formatCount(ok, word)}${successful(ok)}${speed}`,
    lines: [best?.firstOk],
  }
}

export function pollingIntervalProof(analysis: Analysis): Proof {
  const links = pollLinks(analysis).flatMap(
    (link) => link.views.find(({ side }) => side === 'relay') ?? [],
  )
  const known = links.filter(({ view }) => !Number.isNaN(view.pollInterval))
  if (known.length === 0) return unseen('no relay log shows the polling interval of a client')
  const intervals = known.map(({ view }) => view.pollInterval)
  const held = known.some(({ view }) => holdsPolls(view)) ? ' (held polls)' : ''
  const words = [Math.min(...intervals), Math.max(...intervals)].map((ms) =>
    formatDuration(Number(ms.toPrecision(3))),
  )
  return { seen: true, number: `polling interval ${[...new Set(words)].join(' to ')}${held}` }
}

export function clockProof({ network }: Analysis): Proof {
  const skews = network.links
    .flatMap(({ logs }) => logs.flatMap(({ match }) => match ?? []))
    .filter(({ ambiguous }) => !ambiguous)
    .map(({ skewMs }) => Math.abs(skewMs))
  if (skews.length === 0) return unseen('no poll in a client log can be matched to the relay log')
  const most = formatDuration(roundLatency(Math.max(...skews)))
  return {
    seen: true,
    number: `${formatCount(skews.length, 'clock')} compared, at most ${most} apart`,
  }
}

export function probeProof({ network }: Analysis): Proof {
  const logs = network.relays.flatMap((relay) => relay.logs)
  const ok = logs.reduce((sum, { facts }) => sum + facts.probes.ok, 0)
  if (ok === 0) return unseen('the relay log shows no successful health probe')
  const first = logs.find(({ facts }) => facts.probes.firstOk !== undefined)
  const line = first?.facts.probes.firstOk
  return {
    seen: true,
    number: `${formatCount(ok, 'probe')}${successful(ok)}`,
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
    return unseen(tasks === 0 ? 'the logs contain no task' : 'the logs contain no result of a task')
  const open = pollLinks(analysis).reduce((sum, link) => sum + openTasks(link), 0)
  if (open > 0) return unseen(`the logs contain ${formatCount(open, 'task')} without a result`)
  return { seen: true, number: formatCount(Math.max(answers, solved), 'result') }
}

/** Tasks that failed according to the client's own log and for which no result arrived. */
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
  if (sent === 0) return unseen('the logs contain no submitted result')
  return { seen: true, number: `${formatCount(sent, 'result')} submitted` }
}

export function coverageProof({ network, clockOffsets, diagnosis }: Analysis): Proof {
  if (clockOffsets.length === 0 || !(network.to > network.from))
    return unseen('the logs contain no times')
  const relay = network.relays[0]
  if (relay === undefined) return unseen('there is no relay log')
  const span = network.to - network.from
  const apart = network.logs.find((log) => !overlapsRelay(network, log))
  if (apart !== undefined)
    return unseen(`the log ${apart.source.file} does not overlap with the relay log`)
  const late = diagnosis.findings.find(({ cause }) => cause === 'source-began-late')
  if (late !== undefined) return unseen(`the log ${late.subject} starts late`)
  return {
    seen: true,
    number: `${formatCount(clockOffsets.length, 'log')}, ${formatDuration(span)}`,
  }
}

/** Clocks may differ by up to this. */
const CLOCK_ROOM_MS = 2 * MINUTE

/** The source overlaps with the log of its relay. */
function overlapsRelay({ relays, links }: Network, log: ProgramLog): boolean {
  const own = links.find(({ logs }) => logs.some((clientLog) => clientLog.log === log))?.relay
  const start = log.source.first + log.shift
  const end = log.source.last + log.shift
  return (own === undefined ? relays : [own]).some(
    (relay) => start < relay.last + CLOCK_ROOM_MS && end > relay.first - CLOCK_ROOM_MS,
  )
}
