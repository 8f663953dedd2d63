import type { BalancerFacts, ClientFacts, RelayClient, RelayFacts } from '../facts/facts.ts'
import { matchPolls } from './poll-match.ts'
import type { PollMatch } from './poll-match.ts'
import { runsBeside } from './program-name.ts'
import type { ClientLog, Relay, ProgramLog } from './network.ts'

/** A link being put together: a client as a relay knows it, as a balancer does, or as its own log does. */
export interface LinkDraft {
  name: string
  readonly relay: Relay | undefined
  readonly logs: ClientLog[]
  readonly relayClients: { client: RelayClient; told: ProgramLog<RelayFacts> }[]
  readonly passed: { client: RelayClient; told: ProgramLog<BalancerFacts> }[]
}

/** Answered polls that would have to be in the relay's log as well; fewer may be missing by chance. */
const ENOUGH_POLLS = 8

interface Fit {
  readonly told: ProgramLog<ClientFacts>
  readonly draft: LinkDraft
  readonly match: PollMatch | undefined
  readonly named: boolean
}

/**
 * Finds for every client's own log the client the relay knows: by request ids, by name, by the times of its polls. Surest first;
 * two logs are one client's only if the relay saw the polls of both.
 */
export function assignClientLogs(
  clients: readonly ProgramLog<ClientFacts>[],
  drafts: LinkDraft[],
  relays: readonly Relay[],
): void {
  const known = [...drafts]
  const fits = clients.flatMap((told) =>
    known.map((draft): Fit => ({
      told,
      draft,
      match: bestMatch(told, draft),
      named: namesClient(told, draft.name),
    })),
  )
  const open = new Set(clients)
  for (const fit of fits.filter(isSure).toSorted(bySureness)) {
    if (!open.has(fit.told) || !hasRoom(fit)) continue
    fit.draft.logs.push({ told: fit.told, match: fit.match })
    if (fit.draft.relay === undefined) fit.draft.name = fit.told.name
    open.delete(fit.told)
  }
  const [onlyDraft] = known
  const rest = clients.filter((one) => open.has(one))
  const foreign = new Set(rest.filter((told) => isElsewhere(told, drafts, relays)))
  const addresses = new Set([...foreign].map(({ facts }) => facts.host).filter(Boolean))
  for (const told of rest) {
    const elsewhere = foreign.has(told) || addresses.has(told.facts.host)
    if (clients.length === 1 && known.length === 1 && onlyDraft !== undefined && !elsewhere)
      onlyDraft.logs.push({ told, match: undefined })
    else addStranger(told, drafts, elsewhere ? undefined : onlyOf(relays))
  }
  adoptStrangers(drafts)
}

function isSure({ match, named }: Fit): boolean {
  return named || match !== undefined
}

function bySureness(a: Fit, b: Fit): number {
  return rank(a) - rank(b) || quality(b.match) - quality(a.match) || okOf(b.draft) - okOf(a.draft)
}

function rank({ match, named }: Fit): number {
  if (match?.by === 'request-id') return 0
  return named ? 1 : 2
}

/** Share of polls that agree, less what they are apart: 20 ms beats 60 ms where both agree in all. */
function quality(match: PollMatch | undefined): number {
  if (match === undefined || match.comparable === 0) return 0
  return (
    match.matched / match.comparable -
    Math.min(0.5, match.spreadMs / 4_000) -
    (match.ambiguous ? 0.05 : 0)
  )
}

/** The relay saw as many polls as this log and those found before it have together. */
function hasRoom({ told, draft, match, named }: Fit): boolean {
  if (named || match?.by === 'request-id' || draft.logs.length === 0) return true
  const seen = seenOf(draft).reduce((sum, { client }) => sum + client.account.exchanges, 0)
  const taken = draft.logs.reduce((sum, log) => sum + log.told.facts.link.exchanges, 0)
  return taken + told.facts.link.exchanges <= seen * 1.25
}

/** A log no relay shows: a link of its own. */
function addStranger(
  told: ProgramLog<ClientFacts>,
  drafts: LinkDraft[],
  relay: Relay | undefined,
): void {
  const { name } = told
  const same = drafts.find(
    (draft) =>
      draft.relay === relay &&
      draft.name === name &&
      draft.relayClients.length + draft.passed.length === 0 &&
      draft.logs.every((log) => isLabelled(told) || !runsBeside(log.told, told)),
  )
  if (same !== undefined) same.logs.push({ told, match: undefined })
  else
    drafts.push({ name, relay, logs: [{ told, match: undefined }], relayClients: [], passed: [] })
}

/** Its name is one that somebody gave, not one made of a file. */
function isLabelled({ source: { labels } }: ProgramLog): boolean {
  return [labels.client, labels.cluster, labels.pod].some((label) => label !== undefined)
}

/** Its polls were answered while the relay wrote down every request, and none of them is there: it was another relay. */
function isElsewhere(
  told: ProgramLog<ClientFacts>,
  drafts: readonly LinkDraft[],
  relays: readonly Relay[],
): boolean {
  const { host, link } = told.facts
  const sameHost = drafts.some(
    ({ relay, logs }) => relay !== undefined && logs.some((log) => log.told.facts.host === host),
  )
  if (sameHost && host !== '') return false
  if (relays.some((relay) => isStrangerTo(relay, told, drafts))) return true
  const covered = relays.filter((relay) => relay.told.some(writesEmptyPolls))
  let answered = 0
  for (let at = 0; at < link.polls.length; at++) {
    const time = link.polls.time(at) + told.shift
    const good = link.polls.status(at) < 400
    if (good && covered.some(({ first, last }) => time > first && time < last)) answered++
  }
  return answered >= ENOUGH_POLLS
}

/**
 * It was answered at another address than all those whom this relay tells of: the relay would tell of it too. Not where a client of the
 * relay is still without a log, which may be this one.
 */
function isStrangerTo(
  relay: Relay,
  { facts: { host, link }, shift }: ProgramLog<ClientFacts>,
  drafts: readonly LinkDraft[],
): boolean {
  const own = drafts.filter((draft) => draft.relay === relay && draft.relayClients.length > 0)
  const isTold =
    own.length > 0 && own.every(({ logs }) => logs.some(({ told }) => told.facts.host !== ''))
  const lastOk = link.lastOk + shift
  return (
    isTold &&
    host !== '' &&
    lastOk > relay.first &&
    lastOk < relay.last &&
    link.totals().ok >= ENOUGH_POLLS
  )
}

/** At higher levels only polls that found work are written. */
function writesEmptyPolls({ facts }: ProgramLog<RelayFacts>): boolean {
  return facts.clients.all().some(({ account }) => account.statuses.has(204))
}

function onlyOf(relays: readonly Relay[]): Relay | undefined {
  return relays.length === 1 ? relays[0] : undefined
}

/** Who came under no name or a wrong one, but with the request ids of a client whose log is there, is that client. */
function adoptStrangers(drafts: LinkDraft[]): void {
  for (const stranger of drafts.filter(
    ({ relayClients, logs }) => logs.length === 0 && relayClients.length > 0,
  )) {
    if (okOf(stranger) > 0) continue
    const owner = drafts.find(
      (draft) =>
        draft !== stranger &&
        draft.logs.some(({ told }) => bestMatch(told, stranger)?.by === 'request-id'),
    )
    if (owner === undefined) continue
    owner.relayClients.push(...stranger.relayClients)
    drafts.splice(drafts.indexOf(stranger), 1)
  }
}

function okOf({ relayClients }: LinkDraft): number {
  return relayClients.reduce((sum, { client }) => sum + client.account.totals().ok, 0)
}

/** Who saw this client from the other side: the relay, or a balancer where no relay's log is there. */
function seenOf({ relay, relayClients, passed }: LinkDraft): LinkDraft['relayClients' | 'passed'] {
  return relay === undefined ? passed : relayClients
}

function bestMatch(told: ProgramLog<ClientFacts>, draft: LinkDraft): PollMatch | undefined {
  const matches = seenOf(draft).flatMap(
    ({ client, told: { shift } }) =>
      matchPolls({ facts: told.facts, shift: told.shift }, { client, shift }) ?? [],
  )
  return matches.toSorted((a, b) => b.matched - a.matched)[0]
}

/** The labels of a client's log name this client. */
function namesClient(told: ProgramLog<ClientFacts>, name: string): boolean {
  const { client, cluster, pod, namespace } = told.source.labels
  const wanted = name.toLowerCase()
  if ([client, cluster, pod, namespace].some((label) => label?.toLowerCase() === wanted))
    return true
  if (wanted.length < 4 || client !== undefined) return false
  const places = [pod, told.source.hostname, told.source.file.split('/').slice(-2).join('/')]
  return places.some((place) => containsName(place?.toLowerCase() ?? '', wanted))
}

/** `site-a` is in `bunny-site-a-7d4f` and in `site-a/bunny.log`, but not in `site-ab`. */
function containsName(text: string, name: string): boolean {
  const at = text.indexOf(name)
  return at >= 0 && isEdge(text[at - 1]) && isEdge(text[at + name.length])
}

function isEdge(character: string | undefined): boolean {
  return character === undefined || !/[a-z0-9]/.test(character)
}
