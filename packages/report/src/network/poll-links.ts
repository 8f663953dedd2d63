import type { LoadBalancerFacts, ClientFacts, RelayClient, RelayFacts } from '../facts/facts.ts'
import type { LinkStats } from '../facts/link-stats.ts'
import { compareText } from '../read/input-files.ts'
import { SECOND } from '../read/timestamps.ts'
import { buildSideView } from '../timeline/side-view.ts'
import type { SideSource } from '../timeline/side-view.ts'
import { commonSignal } from '../timeline/clock-offsets.ts'
import { assignClientLogs } from './client-logs.ts'
import type { LinkCandidate } from './client-logs.ts'
import type { Relay, PollLink, ServiceClock, ProgramLog, UnknownLogins } from './network.ts'
import { matchSignals } from './poll-match.ts'
import { takeUnknownLogins } from './unknown-logins.ts'
import type { PollMatch } from './poll-match.ts'

/** The clients in the relay logs, with their own logs; without a relay log, the clients in the load balancer logs. */
export function findPollLinks(
  relays: readonly Relay[],
  clients: readonly ProgramLog<ClientFacts>[],
  loadBalancers: readonly ProgramLog<LoadBalancerFacts>[],
  expected: readonly string[],
): { candidates: LinkCandidate[]; unknownLogins: UnknownLogins[] } {
  const known: LinkCandidate[] = relays.flatMap((relay) =>
    groupClients(relay.logs).map(({ name, seen }) => ({
      name,
      relay,
      logs: [],
      pollsElsewhere: false,
      relayClients: seen,
      loadBalancerClients: clientsBehind(seen, loadBalancers),
    })),
  )
  const unknownLogins = takeUnknownLogins(known, expected)
  const others = groupClients(loadBalancers)
    .filter(({ seen }) => isOfAnotherRelay(seen, known, relays))
    .map(({ name, seen }) => ({
      name,
      relay: undefined,
      logs: [],
      pollsElsewhere: false,
      relayClients: [],
      loadBalancerClients: seen,
    }))
  const candidates: LinkCandidate[] = [...known, ...others]
  assignClientLogs(clients, candidates, relays)
  return { candidates, unknownLogins }
}

/** Answered requests that a relay's log must also contain; fewer may be missing by chance. */
const MIN_ANSWERED_REQUESTS = 8

/** The load balancer forwarded answered requests, but no relay log contains this client, although they contain others. */
function isOfAnotherRelay(
  seen: readonly Seen<LoadBalancerFacts>[],
  known: readonly LinkCandidate[],
  relays: readonly Relay[],
): boolean {
  if (relays.length === 0) return true
  if (relays.some((relay) => !known.some((candidate) => candidate.relay === relay))) return false
  // A client without a known collection ID, for example one that is only in summaries, may be this one.
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

/** One group per client: entries with the same collection ID or the same name describe one client. */
function groupClients<F extends RelayFacts | LoadBalancerFacts>(
  logs: readonly ProgramLog<F>[],
): { name: string; seen: Seen<F>[] }[] {
  const groups = new Set<Seen<F>[]>()
  const byId = new Map<string, Seen<F>[]>()
  for (const log of logs) {
    for (const client of log.facts.clients.all()) {
      if (Number.isNaN(client.stats.first) && client.stats.problems.size === 0) continue
      const ids = [client.key.toLowerCase(), ...client.collections]
      const group = ids.map((id) => byId.get(id)).find((known) => known !== undefined) ?? []
      group.push({ client, log })
      groups.add(group)
      for (const id of ids) byId.set(id, group)
    }
  }
  let unnamed = 0
  const clients = new Map<string, { name: string; seen: Seen<F>[] }>()
  for (const group of groups) {
    const name = bestName(group.map(({ client }) => client)) ?? `unnamed client ${++unnamed}`
    const client = clients.get(name) ?? { name, seen: [] }
    clients.set(name, client)
    client.seen.push(...group)
  }
  return [...clients.values()]
}

/** The name that appears most often with a client. Undefined if two are about equally frequent: they may belong to different clients. */
function bestName(clients: readonly RelayClient[]): string | undefined {
  const votes = new Map<string, number>()
  for (const [name, n] of clients.flatMap(({ names }) => [...names]))
    votes.set(name, (votes.get(name) ?? 0) + n)
  const [first, second] = [...votes].toSorted((a, b) => b[1] - a[1] || compareText(a[0], b[0]))
  if (first === undefined || (second !== undefined && first[1] < 2 * second[1])) return undefined
  return first[0]
}

/** Requests for the same collections in the load balancer logs. */
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
 * Aligns all clocks with the relay's, where the skew is unambiguous. Returns how the clocks of load balancers and brokers compare
 * with it.
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
  // Programs in one data centre usually agree about the time: the smallest skew wins if it fits as well as any other.
  const match = matchSignals(mine, theirs, service.shift - log.shift, medianInterval, 'plainest')
  const doubtful = match === undefined || (match.ambiguous && Math.abs(match.skewMs) > SECOND)
  return doubtful ? undefined : { relay, match }
}

export function finishLink(candidate: LinkCandidate): PollLink {
  return {
    ...candidate,
    client: buildSideView(
      candidate.logs.map(({ log }) => sideSource(log.facts.link, log)),
      'pods',
    ),
    relayView: buildSideView(
      candidate.relayClients.map(({ client, log }) => sideSource(client.stats, log)),
    ),
    loadBalancer: buildSideView(
      candidate.loadBalancerClients.map(({ client, log }) => sideSource(client.stats, log)),
    ),
    expected: undefined,
  }
}

/** What a log contributes to one side's view of a link. */
export function sideSource(stats: LinkStats, log: ProgramLog): SideSource {
  return { stats, shift: log.shift, source: log.source.sourceId }
}

/** Marks the clients on the operator's list, and adds those that no log contains. */
export function addExpected(
  links: PollLink[],
  expected: readonly string[],
  relay: Relay | undefined,
): void {
  for (const link of links)
    link.expected = expected.some((name) => name.toLowerCase() === link.name.toLowerCase())
  for (const name of expected) {
    if (links.some((link) => link.name.toLowerCase() === name.toLowerCase())) continue
    const candidate = {
      name,
      relay,
      logs: [],
      pollsElsewhere: false,
      relayClients: [],
      loadBalancerClients: [],
    }
    links.push({ ...finishLink(candidate), expected: true })
  }
}
