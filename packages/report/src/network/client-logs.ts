import type { LoadBalancerFacts, ClientFacts, RelayClient, RelayFacts } from '../facts/facts.ts'
import { isGood } from '../facts/link-stats.ts'
import { matchPolls } from './poll-match.ts'
import type { PollMatch } from './poll-match.ts'
import { runsAlongside } from './program-name.ts'
import { RelayHosts } from './relay-hosts.ts'
import type { ClientLog, Relay, ProgramLog } from './network.ts'

/** A poll link while it is put together: a client known from a relay's log, a load balancer's log or its own. */
export interface LinkCandidate {
  name: string
  readonly relay: Relay | undefined
  readonly logs: ClientLog[]
  /** Its own log names a host by which no client reaches the relays whose logs are here. */
  readonly pollsElsewhere: boolean
  readonly relayClients: { client: RelayClient; log: ProgramLog<RelayFacts> }[]
  readonly loadBalancerClients: { client: RelayClient; log: ProgramLog<LoadBalancerFacts> }[]
}

/** Answered polls that a relay's log must also contain; fewer may be missing by chance. */
const MIN_ANSWERED_POLLS = 8

interface Fit {
  readonly log: ProgramLog<ClientFacts>
  readonly candidate: LinkCandidate
  readonly match: PollMatch | undefined
  readonly named: boolean
}

/**
 * Assigns each client's log to the client that the relay saw: by request IDs, by name or by the times of its polls. The most
 * reliable match comes first. Two logs belong to one client only if the relay saw the polls of both.
 */
export function assignClientLogs(
  clients: readonly ProgramLog<ClientFacts>[],
  candidates: LinkCandidate[],
  relays: readonly Relay[],
): void {
  const known = [...candidates]
  const fits = clients.flatMap((log) =>
    known.map((candidate): Fit => ({
      log,
      candidate,
      match: bestMatch(log, candidate),
      named: namesClient(log, candidate.name),
    })),
  )
  const hosts = new RelayHosts(fits)
  const open = new Set(clients)
  for (const fit of fits.filter(isReliable).toSorted(byReliability)) {
    if (!open.has(fit.log) || !hasUnmatchedPolls(fit) || isOfAnotherHost(fit, hosts)) continue
    fit.candidate.logs.push({ log: fit.log, match: fit.match })
    if (fit.candidate.relay === undefined) fit.candidate.name = fit.log.name
    open.delete(fit.log)
  }
  const rest = clients.filter((log) => open.has(log))
  const foreign = new Set(rest.filter((log) => isElsewhere(log, candidates, relays)))
  const addresses = new Set([...foreign].map(({ facts }) => facts.host).filter(Boolean))
  for (const log of rest) {
    const otherHost = relays.length > 0 && relays.every((relay) => hosts.differ(log, relay))
    const elsewhere = otherHost || foreign.has(log) || addresses.has(log.facts.host)
    const [only] = clients.length === 1 && known.length === 1 ? fits : []
    // There is no other client, but a possible match proves nothing.
    if (only !== undefined && (!elsewhere || (only.match !== undefined && !otherHost)))
      only.candidate.logs.push({ log, match: only.match })
    else addUnknownClient(log, candidates, elsewhere ? undefined : onlyOf(relays), otherHost)
  }
  adoptUnknownClients(candidates)
}

/** Polls that match by their times prove nothing if the client uses another host than the relay's clients. */
function isOfAnotherHost({ log, candidate, match, named }: Fit, hosts: RelayHosts): boolean {
  if (match?.by === 'request-id' || (named && match !== undefined)) return false
  return candidate.relay !== undefined && hosts.differ(log, candidate.relay)
}

function isReliable({ match, named }: Fit): boolean {
  return named || (match !== undefined && match.confidence !== 'possible')
}

function byReliability(a: Fit, b: Fit): number {
  return (
    rank(a) - rank(b) ||
    quality(b.match) - quality(a.match) ||
    okOf(b.candidate) - okOf(a.candidate)
  )
}

function rank({ match, named }: Fit): number {
  if (match?.by === 'request-id') return 0
  return named ? 1 : 2
}

/** Share of polls that match, reduced by their spread: a spread of 20 ms beats one of 60 ms if all polls match. */
function quality(match: PollMatch | undefined): number {
  if (match === undefined || match.comparable === 0) return 0
  return (
    match.matched / match.comparable -
    Math.min(0.5, match.spreadMs / 4_000) -
    (match.ambiguous ? 0.05 : 0)
  )
}

/** The relay saw as many polls as this log and the logs assigned before it contain together. */
function hasUnmatchedPolls({ log, candidate, match, named }: Fit): boolean {
  if (named || match?.by === 'request-id' || candidate.logs.length === 0) return true
  const seen = seenOf(candidate).reduce((sum, { client }) => sum + client.stats.exchanges, 0)
  const taken = candidate.logs.reduce(
    (sum, clientLog) => sum + clientLog.log.facts.link.exchanges,
    0,
  )
  return taken + log.facts.link.exchanges <= seen * 1.25
}

/** A log that matches no client of a relay becomes a link of its own. */
function addUnknownClient(
  log: ProgramLog<ClientFacts>,
  candidates: LinkCandidate[],
  relay: Relay | undefined,
  pollsElsewhere: boolean,
): void {
  const { name } = log
  const same = candidates.find(
    (candidate) =>
      candidate.relay === relay &&
      candidate.name === name &&
      candidate.relayClients.length + candidate.loadBalancerClients.length === 0 &&
      candidate.logs.every(
        (clientLog) =>
          isLabelled(log) || !runsAlongside(clientLog.log, log) || mayBeOne(clientLog.log, log),
      ),
  )
  if (same !== undefined) same.logs.push({ log, match: undefined })
  else
    candidates.push({
      name,
      relay,
      logs: [{ log, match: undefined }],
      pollsElsewhere,
      relayClients: [],
      loadBalancerClients: [],
    })
}

/** Two logs under the name of one site, of which one does not show where it polls, or both reach it on their own machine. */
function mayBeOne(a: ProgramLog<ClientFacts>, b: ProgramLog<ClientFacts>): boolean {
  const [mine, theirs] = [a.facts.host, b.facts.host]
  return a.name !== 'client' && [mine, theirs].some((host) => host === '' || LOCAL.test(host))
}

/** A proxy next to the bunny, which hides the relay's address. */
const LOCAL = /^(?:127\.|localhost\b|\[::1\])/

/** Its name is a label, not derived from a file name. */
function isLabelled({ source: { labels } }: ProgramLog): boolean {
  return [labels.client, labels.cluster, labels.pod].some((label) => label !== undefined)
}

/** Its polls were answered while the relay logged every request, but the relay log contains none of them: it polls another relay. */
function isElsewhere(
  log: ProgramLog<ClientFacts>,
  candidates: readonly LinkCandidate[],
  relays: readonly Relay[],
): boolean {
  const { host, link } = log.facts
  const sameHost = candidates.some(
    ({ relay, logs }) =>
      relay !== undefined && logs.some((clientLog) => clientLog.log.facts.host === host),
  )
  if (sameHost && host !== '') return false
  if (relays.some((relay) => isUnknownTo(relay, log, candidates))) return true
  const covered = relays.filter((relay) => relay.logs.some(logsEmptyPolls))
  let answered = 0
  for (let at = 0; at < link.polls.length; at++) {
    const time = link.polls.time(at) + log.shift
    const good = isGood(link.polls.status(at))
    if (good && covered.some(({ first, last }) => time > first && time < last)) answered++
  }
  return answered >= MIN_ANSWERED_POLLS
}

/**
 * Its polls were answered at a host that none of the relay's clients uses. False while a client of the relay has no log: this log may
 * be the missing one.
 */
function isUnknownTo(
  relay: Relay,
  { facts: { host, link }, shift }: ProgramLog<ClientFacts>,
  candidates: readonly LinkCandidate[],
): boolean {
  const own = candidates.filter(
    (candidate) => candidate.relay === relay && candidate.relayClients.length > 0,
  )
  const addressesKnown =
    own.length > 0 && own.every(({ logs }) => logs.some(({ log }) => log.facts.host !== ''))
  const lastOk = link.lastOk + shift
  return (
    addressesKnown &&
    host !== '' &&
    lastOk > relay.first &&
    lastOk < relay.last &&
    link.totals().ok >= MIN_ANSWERED_POLLS
  )
}

/** At higher log levels, a relay logs only the polls that found work. */
function logsEmptyPolls({ facts }: ProgramLog<RelayFacts>): boolean {
  return facts.clients.all().some(({ stats }) => stats.statuses.has(204))
}

function onlyOf(relays: readonly Relay[]): Relay | undefined {
  return relays.length === 1 ? relays[0] : undefined
}

/** A client with no name or a wrong one is the client whose log contains its request IDs. */
function adoptUnknownClients(candidates: LinkCandidate[]): void {
  for (const unknownClient of candidates.filter(
    ({ relayClients, logs }) => logs.length === 0 && relayClients.length > 0,
  )) {
    if (okOf(unknownClient) > 0) continue
    const owner = candidates.find(
      (candidate) =>
        candidate !== unknownClient &&
        candidate.logs.some(({ log }) => bestMatch(log, unknownClient)?.by === 'request-id'),
    )
    if (owner === undefined) continue
    owner.relayClients.push(...unknownClient.relayClients)
    candidates.splice(candidates.indexOf(unknownClient), 1)
  }
}

function okOf({ relayClients }: LinkCandidate): number {
  return relayClients.reduce((sum, { client }) => sum + client.stats.totals().ok, 0)
}

/** The other side's records of this client: the relay's, or the load balancer's if there is no relay log. */
function seenOf({
  relay,
  relayClients,
  loadBalancerClients,
}: LinkCandidate): LinkCandidate['relayClients' | 'loadBalancerClients'] {
  return relay === undefined ? loadBalancerClients : relayClients
}

function bestMatch(log: ProgramLog<ClientFacts>, candidate: LinkCandidate): PollMatch | undefined {
  const seen = seenOf(candidate).map(({ client, log: { shift } }) => ({ client, shift }))
  // One entry of the log of a relay may hold the polls that others share.
  const matches = [seen, ...(seen.length > 1 ? seen.map((one) => [one]) : [])].flatMap(
    (some) => matchPolls({ facts: log.facts, shift: log.shift }, some) ?? [],
  )
  return matches.toSorted((a, b) => b.matched - a.matched)[0]
}

/** The labels of the log contain this client's name. */
function namesClient(log: ProgramLog<ClientFacts>, name: string): boolean {
  const { client, cluster, pod, namespace } = log.source.labels
  const wanted = name.toLowerCase()
  if ([client, cluster, pod, namespace].some((label) => label?.toLowerCase() === wanted))
    return true
  if (wanted.length < 4 || client !== undefined) return false
  const places = [pod, log.source.hostname, log.source.file.split('/').slice(-2).join('/')]
  return places.some((place) => containsName(place?.toLowerCase() ?? '', wanted))
}

/** `site-a` is in `bunny-site-a-7d4f` and in `site-a/bunny.log`, but not in `site-ab`. */
function containsName(text: string, name: string): boolean {
  const at = text.indexOf(name)
  return at >= 0 && isBoundary(text[at - 1]) && isBoundary(text[at + name.length])
}

function isBoundary(character: string | undefined): boolean {
  return character === undefined || !/[a-z0-9]/.test(character)
}
