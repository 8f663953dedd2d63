import type { Analysis } from '../analysis.ts'
import type { Hub, Network, Told } from '../exchange/network.ts'
import type { NetLink, Side } from '../exchange/topology.ts'
import type { RawEvidence } from '../facts/evidence-keeper.ts'
import { gapLimit, holdsPolls, TASK_TIME_MS } from '../findings/limits.ts'
import { clockWord, countWord, spanWord, thousands } from '../findings/words.ts'
import { MINUTE } from '../read/timestamps.ts'
import { moved } from '../timeline/placed-account.ts'

/** What shows that a row holds, or why nothing does. */
export type Proof =
  | {
      readonly seen: true
      readonly number: string
      readonly lines?: readonly (RawEvidence | undefined)[]
    }
  | { readonly seen: false; readonly why: string }

/** A log whose polls fit a hub's at several shifts of the clock is of its client only if they all fit. */
const SURE_SHARE = 0.95

export const unseen = (why: string): Proof => ({ seen: false, why })

function pollLinks({ topology }: Analysis): NetLink[] {
  return topology.links.filter(({ kind }) => kind === 'poll')
}

function okOf(link: NetLink, side: Side): number {
  return link.views.find((view) => view.side === side)?.account.ok ?? 0
}

function lastHeard({ views }: NetLink): number {
  return Math.max(...views.map(({ account }) => account.last).filter((time) => time > 0))
}

/** How long nothing may be known of a client before the end of the window. */
function patience({ views }: NetLink): number {
  const limits = views.map(({ account }) => 2 * gapLimit(account)).filter((ms) => ms > 0)
  const busy = views.some(({ account }) => account.busy)
  return Math.max(TASK_TIME_MS * (busy ? 2 : 1), ...limits)
}

export function connectionProof(analysis: Analysis): Proof {
  const { network } = analysis
  const links = pollLinks(analysis)
  if (links.length === 0) return unseen('no client in any source')
  const silent = links.filter((link) => link.views.every(({ account }) => account.ok === 0))
  if (silent.length > 0)
    return unseen(
      `nothing shows that ${silent.map(({ from }) => from.name).join(', ')} was answered`,
    )
  const stranger = links.find(
    (link) =>
      link.hub !== undefined && answersClients(network, link.hub) && okOf(link, 'hub') === 0,
  )
  if (stranger !== undefined)
    return unseen(`the hub’s log does not show that it answered ${stranger.from.name}`)
  const lost = links.find((link) => lastHeard(link) < network.to - patience(link))
  if (lost !== undefined)
    return unseen(`nothing is known of ${lost.from.name} after ${clockWord(lastHeard(lost))}`)
  const best = links.map(
    (link) => (link.views.find(({ side }) => side === 'hub') ?? link.views[0])?.account,
  )
  const all = best.reduce((sum, account) => sum + (account?.exchanges ?? 0), 0)
  const ok = best.reduce((sum, account) => sum + (account?.ok ?? 0), 0)
  return {
    seen: true,
    // What the hub turned away has reached it.
    number:
      ok === all
        ? `${thousands(ok)} of ${countWord(all, 'request')} of ${countWord(links.length, 'client')} answered`
        : `${countWord(all, 'request')} of ${countWord(links.length, 'client')} got there, ${thousands(ok)} of them were answered well`,
    lines: best.map((account) => account?.firstOk),
  }
}

export function authenticationProof(analysis: Analysis): Proof {
  const links = pollLinks(analysis)
  const proven = links.filter((link) => okOf(link, 'hub') > 0 || okOf(link, 'client') > 0)
  if (links.length === 0 || proven.length < links.length)
    return unseen('not every client was seen to be let in')
  const validated = analysis.network.hubs.reduce(
    (sum, hub) => sum + hub.told.reduce((n, { facts }) => n + facts.validated, 0),
    0,
  )
  const logins = validated > 0 ? `, ${thousands(validated)} logins` : ''
  return { seen: true, number: `${proven.length} of ${countWord(links.length, 'client')}${logins}` }
}

export function endToEndProof(analysis: Analysis): Proof {
  const proven = pollLinks(analysis).filter(
    (link) => okOf(link, 'client') > 0 && okOf(link, 'hub') > 0 && !isDoubtful(link),
  )
  const doubtful = pollLinks(analysis).find(isDoubtful)
  if (proven.length === 0 && doubtful !== undefined)
    return unseen(
      `the log of ${doubtful.from.name} fits what the hub saw only in part, at more than one shift of its clock: it may be of another network`,
    )
  if (proven.length === 0)
    return unseen('no client whose polls are seen in its own log and in the hub’s')
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
        ? `${thousands(matched)} polls found on both sides`
        : `${countWord(proven.length, 'client')} seen on both sides`,
    lines: first === undefined ? [] : first.views.map(({ account }) => account.firstOk),
  }
}

/** Every log of this client may as well be somebody else's. */
function isDoubtful({ poll }: NetLink): boolean {
  const logs = poll?.logs ?? []
  return (
    logs.length > 0 &&
    logs.every(
      ({ match }) => match?.ambiguous === true && match.matched < match.comparable * SURE_SHARE,
    )
  )
}

export function hubProof({ network }: Analysis): Proof {
  const told = network.hubs.flatMap((hub) => hub.told)
  const requests = told.reduce((sum, { facts }) => sum + facts.requests, 0)
  const errors = told.reduce((sum, { facts }) => sum + facts.serverErrors.count, 0)
  if (told.length === 0) return unseen('no hub log')
  const other = network.links.find(({ hub }) => hub === undefined)
  if (other !== undefined) return unseen(`no log of the hub of ${other.name}`)
  const quiet = network.hubs.find((hub) => !answersClients(network, hub))
  if (quiet !== undefined) return unseen(`the log of ${quiet.name} has no requests in it`)
  // Whom they hit and why is told in other rows; healthy is something else.
  if (errors > 0)
    return unseen(`${countWord(errors, 'server error')} in ${countWord(requests, 'request')}`)
  return {
    seen: true,
    number:
      requests === 0
        ? 'answers clients, by its summaries'
        : `0 server errors in ${countWord(requests, 'request')}`,
  }
}

function answersClients({ links }: Network, hub: Hub): boolean {
  return (
    hub.told.some(({ facts }) => facts.requests > 0) ||
    links.some((link) => link.hub === hub && link.hubView?.summarised === true)
  )
}

function mostOk({ views }: NetLink): number {
  return Math.max(0, ...views.map(({ account }) => account.ok))
}

/** Each hub has a database and a broker of its own, and each has to be seen to work. */
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
    .flatMap(({ views }) => views.map(({ account }) => account))
    .toSorted((a, b) => b.ok - a.ok)
  const speed =
    best !== undefined && best.latency.count > 0
      ? `, 95 % within ${spanWord(Number(best.latency.quantile(0.95).toPrecision(3)))}`
      : ''
  return {
    seen: true,
    number: `${countWord(ok, word)}${speed}, none failed`,
    lines: [best?.firstOk],
  }
}

export function rhythmProof(analysis: Analysis): Proof {
  const links = pollLinks(analysis).flatMap(
    (link) => link.views.find(({ side }) => side === 'hub') ?? [],
  )
  const known = links.filter(({ account }) => !Number.isNaN(account.pace))
  if (known.length === 0) return unseen('no hub log shows the rhythm of a client')
  const rhythms = known.map(({ account }) => account.pace)
  const held = known.some(({ account }) => holdsPolls(account)) ? ', polls held' : ''
  const words = [Math.min(...rhythms), Math.max(...rhythms)].map((ms) =>
    spanWord(Number(ms.toPrecision(3))),
  )
  return { seen: true, number: `a poll every ${[...new Set(words)].join(' to ')}${held}` }
}

export function probeProof({ network }: Analysis): Proof {
  const told = network.hubs.flatMap((hub) => hub.told)
  const ok = told.reduce((sum, { facts }) => sum + facts.probes.ok, 0)
  if (ok === 0) return unseen('no probe in the hub’s log')
  const first = told.find(({ facts }) => facts.probes.firstOk !== undefined)
  const line = first?.facts.probes.firstOk
  return {
    seen: true,
    number: `${countWord(ok, 'probe')}, all answered`,
    lines: [line === undefined || first === undefined ? undefined : moved(line, first.shift)],
  }
}

export function taskProof(analysis: Analysis): Proof {
  const { network } = analysis
  const answers = pollLinks(analysis).reduce(
    (sum, link) => sum + Math.max(0, ...link.views.map(({ account }) => account.answers)),
    0,
  )
  const solved = network.links.reduce(
    (sum, { logs }) => sum + logs.reduce((n, { told }) => n + told.facts.solved, 0),
    0,
  )
  const tasks = pollLinks(analysis).reduce(
    (sum, link) => sum + Math.max(0, ...link.views.map(({ account }) => account.tasks)),
    0,
  )
  if (answers === 0 && solved === 0)
    return unseen(tasks === 0 ? 'no task in this window' : 'no answer to a task in this window')
  const open = pollLinks(analysis).reduce((sum, link) => sum + openTasks(link), 0)
  if (open > 0) return unseen(`${countWord(open, 'task')} without an answer in this window`)
  return { seen: true, number: countWord(Math.max(answers, solved), 'answer') }
}

/** Tasks a client says itself that it could not answer, and for which no answer came. */
function openTasks({ views }: NetLink): number {
  return Math.max(
    0,
    ...views
      .filter(({ account }) => account.problems.has('task-not-answerable'))
      .map(({ account }) => account.tasks - account.answers - account.lateAnswers),
  )
}

export function submissionProof({ network }: Analysis): Proof {
  const told = network.hubs.flatMap((hub) => hub.told)
  const sent = told.reduce((sum, { facts }) => sum + facts.tasks.count('submitted'), 0)
  if (sent === 0) return unseen('no result was due in this window')
  return { seen: true, number: `${countWord(sent, 'result')} submitted` }
}

export function coverageProof({ network, placements, diagnosis }: Analysis): Proof {
  if (placements.length === 0 || !(network.to > network.from)) return unseen('no window')
  const hub = network.hubs[0]
  if (hub === undefined) return unseen('no hub log')
  const span = network.to - network.from
  const apart = network.told.find((told) => !overlapsHub(network, told))
  if (apart !== undefined)
    return unseen(`the log ${apart.source.file} is of another time than the hub’s`)
  const late = diagnosis.findings.find(({ cause }) => cause === 'source-began-late')
  if (late !== undefined) return unseen(`the log ${late.subject} begins late`)
  return { seen: true, number: `${countWord(placements.length, 'source')}, ${spanWord(span)}` }
}

/** Clocks may be so far apart. */
const CLOCK_ROOM_MS = 2 * MINUTE

/** A source shows something of the time its hub tells of. */
function overlapsHub({ hubs, links }: Network, told: Told): boolean {
  const own = links.find(({ logs }) => logs.some((log) => log.told === told))?.hub
  const start = told.source.first + told.shift
  const end = told.source.last + told.shift
  return (own === undefined ? hubs : [own]).some(
    (hub) => start < hub.last + CLOCK_ROOM_MS && end > hub.first - CLOCK_ROOM_MS,
  )
}
