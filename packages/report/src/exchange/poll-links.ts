import type { LoadBalancerFacts, ClientFacts, RelayClient, RelayFacts } from '../facts/facts.ts'
import { compareText } from '../read/input-files.ts'
import { SECOND } from '../read/timestamps.ts'
import { buildSideView } from '../timeline/side-view.ts'
import type { SideSource } from '../timeline/side-view.ts'
import { commonSignal } from '../timeline/clock-offsets.ts'
import { assignClientLogs } from './client-logs.ts'
import type { LinkCandidate } from './client-logs.ts'
import type { Relay, PollLink, ServiceClock, ProgramLog } from './network.ts'
import { matchSignals } from './poll-match.ts'
import type { PollMatch } from './poll-match.ts'

/** Who polls whom: the clients a relay saw, with their own logs; without a relay's log those a balancer saw. */
export function findPollLinks(
  relays: readonly Relay[],
  clients: readonly ProgramLog<ClientFacts>[],
  loadBalancers: readonly ProgramLog<LoadBalancerFacts>[],
): LinkCandidate[] {
  const known = relays.flatMap((relay) =>
    draftsOf(relay.logs).map(({ name, seen }) => ({
      name,
      relay,
      logs: [],
      relayClients: seen,
      loadBalancerClients: clientsBehind(seen, loadBalancers),
    })),
  )
  const others = draftsOf(loadBalancers)
    .filter(({ seen }) => isOfAnotherRelay(seen, known, relays))
    .map(({ name, seen }) => ({
      name,
      relay: undefined,
      logs: [],
      relayClients: [],
      loadBalancerClients: seen,
    }))
  const candidates: LinkCandidate[] = [...known, ...others]
  assignClientLogs(clients, candidates, relays)
  return candidates
}

/** Answered requests that a relay would have told of as well; fewer may be missing by chance. */
const MIN_ANSWERED_REQUESTS = 8

/** A balancer passed on what was answered, while all relays that tell of their clients tell nothing of this one. */
function isOfAnotherRelay(
  seen: readonly Seen<LoadBalancerFacts>[],
  known: readonly LinkCandidate[],
  relays: readonly Relay[],
): boolean {
  if (relays.length === 0) return true
  if (relays.some((relay) => !known.some((candidate) => candidate.relay === relay))) return false
  // A client whose collection no line told, as in summaries, may be this one.
  if (
    known.some(({ relayClients }) =>
      relayClients.every(({ client }) => client.collections.size === 0),
    )
  )
    return false
  const clients = new Set(
    known.flatMap(({ loadBalancerClients }) => loadBalancerClients.map(({ client }) => client)),
  )
  return seen.every(
    ({ client, log: { shift } }) =>
      !clients.has(client) &&
      client.stats.ok >= MIN_ANSWERED_REQUESTS &&
      relays.some(
        ({ first, last }) =>
          client.stats.first + shift < last && client.stats.lastOk + shift > first,
      ),
  )
}

interface Seen<F extends RelayFacts | LoadBalancerFacts> {
  readonly client: RelayClient
  readonly log: ProgramLog<F>
}

/** One draft a client: what several logs say of one collection is about one client, and so is what has one name. */
function draftsOf<F extends RelayFacts | LoadBalancerFacts>(
  logs: readonly ProgramLog<F>[],
): { name: string; seen: Seen<F>[] }[] {
  const groups = new Set<Seen<F>[]>()
  const byId = new Map<string, Seen<F>[]>()
  for (const log of logs) {
    for (const client of log.facts.clients.all()) {
      if (Number.isNaN(client.stats.first) && client.stats.problems.size === 0) continue
      const ids = [client.key.toLowerCase(), ...client.collections]
      const group = ids.map((id) => byId.get(id)).find((known) => known !== undefined) ?? []
      group.push({ client, log: log })
      groups.add(group)
      for (const id of ids) byId.set(id, group)
    }
  }
  let unnamed = 0
  const drafts = new Map<string, { name: string; seen: Seen<F>[] }>()
  for (const group of groups) {
    const name = bestName(group.map(({ client }) => client)) ?? `unnamed client ${++unnamed}`
    const draft = drafts.get(name) ?? { name, seen: [] }
    drafts.set(name, draft)
    draft.seen.push(...group)
  }
  return [...drafts.values()]
}

/** The name that stood beside a client most often; none where two did about as often: they may be each other's. */
function bestName(clients: readonly RelayClient[]): string | undefined {
  const votes = new Map<string, number>()
  for (const [name, n] of clients.flatMap(({ names }) => [...names]))
    votes.set(name, (votes.get(name) ?? 0) + n)
  const [first, second] = [...votes].toSorted((a, b) => b[1] - a[1] || compareText(a[0], b[0]))
  if (first === undefined || (second !== undefined && first[1] < 2 * second[1])) return undefined
  return first[0]
}

/** What balancers passed on for the same collections. */
function clientsBehind(
  seen: readonly Seen<RelayFacts>[],
  loadBalancers: readonly ProgramLog<LoadBalancerFacts>[],
): Seen<LoadBalancerFacts>[] {
  const collections = new Set(seen.flatMap(({ client }) => [...client.collections]))
  return loadBalancers.flatMap((log) =>
    log.facts.clients
      .all()
      .filter((client) => !client.collections.isDisjointFrom(collections))
      .map((client) => ({ client, log })),
  )
}

/**
 * The relay's clock is the one that counts: who is ahead of it is put back, where that is known beyond doubt. Gives for balancers
 * and brokers how they compare.
 */
export function setClocks(
  candidates: readonly LinkCandidate[],
  relays: readonly Relay[],
  services: readonly ProgramLog[],
): Map<ProgramLog, ServiceClock> {
  for (const { log, match } of candidates.flatMap(({ logs }) => logs)) {
    if (match !== undefined && !match.ambiguous) alignClock(log, match)
  }
  const clocks = new Map<ProgramLog, ServiceClock>()
  for (const service of services) {
    const [best] = relays
      .flatMap((relay) => relay.logs.flatMap((log) => serviceClock(service, relay, log) ?? []))
      .toSorted((a, b) => b.match.matched - a.match.matched)
    if (best === undefined) continue
    clocks.set(service, best)
    alignClock(service, best.match)
  }
  return clocks
}

function alignClock(log: ProgramLog, { skewMs }: PollMatch): void {
  log.shift -= skewMs
  log.aligned = true
}

function serviceClock(
  service: ProgramLog,
  relay: Relay,
  log: ProgramLog<RelayFacts>,
): ServiceClock | undefined {
  const mine = commonSignal(service.facts, log.facts)
  const theirs = commonSignal(log.facts, service.facts)
  if (mine === undefined || theirs === undefined) return undefined
  const medianInterval = (log.source.last - log.source.first) / Math.max(1, theirs.times.length)
  // Between programs of one house the plainest explanation holds: clocks that agree, where that fits as well as any other.
  const match = matchSignals(mine, theirs, service.shift - log.shift, medianInterval, 'plainest')
  const doubtful = match === undefined || (match.ambiguous && Math.abs(match.skewMs) > SECOND)
  return doubtful ? undefined : { relay, match }
}

export function finishLink(candidate: LinkCandidate): PollLink {
  return {
    ...candidate,
    client: buildSideView(
      candidate.logs.map(({ log }) => ({
        stats: log.facts.link,
        shift: log.shift,
        source: log.source.sourceId,
      })),
      'pods',
    ),
    relayView: buildSideView(candidate.relayClients.map(sideSourceOf)),
    loadBalancer: buildSideView(candidate.loadBalancerClients.map(sideSourceOf)),
    expected: undefined,
  }
}

function sideSourceOf({ client, log }: Seen<RelayFacts | LoadBalancerFacts>): SideSource {
  return { stats: client.stats, shift: log.shift, source: log.source.sourceId }
}

/** Marks the clients on the operator's list, and adds those of it that nobody saw. */
export function addExpected(
  links: PollLink[],
  expected: readonly string[],
  relay: Relay | undefined,
): void {
  for (const link of links)
    link.expected = expected.some((name) => name.toLowerCase() === link.name.toLowerCase())
  for (const name of expected) {
    if (links.some((link) => link.name.toLowerCase() === name.toLowerCase())) continue
    const candidate = { name, relay, logs: [], relayClients: [], loadBalancerClients: [] }
    links.push({ ...finishLink(candidate), expected: true })
  }
}
