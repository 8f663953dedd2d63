import type {
  LoadBalancerFacts,
  BrokerFacts,
  DatabaseFacts,
  UpstreamFacts,
} from '../facts/facts.ts'
import type { LinkStats } from '../facts/link-stats.ts'
import type { Period } from '../facts/problem-history.ts'
import { SECOND } from '../read/timestamps.ts'
import type { Relay, Network, PollLink, ProgramLog } from './network.ts'

/** A relay notices a failure of its database or broker within this time. */
const MAX_NOTICE_DELAY_MS = 5 * SECOND

/** The services of one relay; without a relay, the services that belong to no known relay. */
export interface Services {
  readonly loadBalancers: readonly ProgramLog<LoadBalancerFacts>[]
  readonly brokers: readonly ProgramLog<BrokerFacts>[]
  readonly databases: readonly ProgramLog<DatabaseFacts>[]
  readonly upstreams: readonly ProgramLog<UpstreamFacts>[]
}

export function servicesOf(network: Network, relay: Relay | undefined): Services {
  const { links } = network
  const isOwn = (log: ProgramLog): boolean => relayOf(network, log) === relay
  return {
    loadBalancers: network.loadBalancers.filter(isOwn),
    brokers: network.brokers.filter(isOwn),
    databases: network.databases.filter(
      (log) => isOwn(log) && !links.some((link) => isCdmOf(network, link, log)),
    ),
    upstreams: network.upstreams.filter(isOwn),
  }
}

/** Database servers in the cluster of a client that is not the cluster of a relay: the client's OMOP database. */
export function cdmServersOf(network: Network, link: PollLink): ProgramLog<DatabaseFacts>[] {
  return network.databases.filter((log) => isCdmOf(network, link, log))
}

function isCdmOf({ relays }: Network, { logs }: PollLink, { source }: ProgramLog): boolean {
  const { cluster } = source.labels
  if (cluster === undefined || relays.some((relay) => isIn(relay, cluster))) return false
  return logs.some(({ log }) => log.source.labels.cluster === cluster)
}

/** The relay of a service: by common events, by forwarded polls or by cluster, or else the only relay. */
function relayOf({ relays, links, clocks }: Network, log: ProgramLog): Relay | undefined {
  const seenTogether = clocks.get(log)?.relay
  if (seenTogether !== undefined) return seenTogether
  const passing = links.filter(({ loadBalancerClients }) =>
    loadBalancerClients.some((one) => one.log === log),
  )
  if (passing.length > 0) return passing.find(({ relay }) => relay !== undefined)?.relay
  const { cluster } = log.source.labels
  const beside = cluster === undefined ? [] : relays.filter((relay) => isIn(relay, cluster))
  const candidates = (beside.length > 0 ? beside : relays).filter((relay) => mayUse(relay, log))
  if (candidates.length <= 1) return candidates[0]
  const alike = candidates.filter((relay) => failedTogether(relay, log))
  return alike.length === 1 ? alike[0] : undefined
}

/** A relay that queues in its database uses no broker; one with a SQLite file uses no database server. */
function mayUse({ logs }: Relay, { facts: { role } }: ProgramLog): boolean {
  if (role === 'broker') return logs.some(({ facts }) => facts.queue !== 'database')
  return role !== 'database' || logs.some(({ facts }) => facts.store !== 'sqlite')
}

/** Both logs contain problems at the same time. */
function failedTogether(relay: Relay, { facts, shift }: ProgramLog): boolean {
  if (facts.role !== 'broker' && facts.role !== 'database') return false
  const { role } = facts
  const own = relay.logs.flatMap((log) => troubledTimes(log.facts[role], log.shift))
  const stops =
    facts.role === 'broker' ? facts.stops.periods.map((one) => inCommonTime(one, shift)) : []
  return [...stops, ...troubledTimes(facts.link, shift)].some((theirs) =>
    own.some(
      ({ from, to }) =>
        from <= theirs.to + MAX_NOTICE_DELAY_MS && theirs.from <= to + MAX_NOTICE_DELAY_MS,
    ),
  )
}

function troubledTimes({ problems }: LinkStats, shift: number): { from: number; to: number }[] {
  return [...problems.values()].flatMap(({ periods }) =>
    periods.map((one) => inCommonTime(one, shift)),
  )
}

function inCommonTime(period: Period, shift: number): { from: number; to: number } {
  return { from: period.from + shift, to: (period.recoveredAt || period.to) + shift }
}

function isIn({ logs }: Relay, cluster: string): boolean {
  return logs.some(({ source }) => source.labels.cluster === cluster)
}
