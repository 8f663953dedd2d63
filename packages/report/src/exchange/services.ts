import type { BalancerFacts, BrokerFacts, DatabaseFacts, UpstreamFacts } from '../facts/facts.ts'
import type { LinkAccount } from '../facts/link-account.ts'
import type { Episode } from '../facts/problem-account.ts'
import { SECOND } from '../read/timestamps.ts'
import type { Hub, Network, PollLink, Told } from './network.ts'

/** A hub notices what happens to its database or broker within so long. */
const SAME_MS = 5 * SECOND

/** What one hub needs to work; without a hub those of which nobody can say whose they are. */
export interface Services {
  readonly balancers: readonly Told<BalancerFacts>[]
  readonly brokers: readonly Told<BrokerFacts>[]
  readonly databases: readonly Told<DatabaseFacts>[]
  readonly upstreams: readonly Told<UpstreamFacts>[]
}

export function servicesOf(network: Network, hub: Hub | undefined): Services {
  const { links } = network
  const isOwn = (told: Told): boolean => hubOf(network, told) === hub
  return {
    balancers: network.balancers.filter(isOwn),
    brokers: network.brokers.filter(isOwn),
    databases: network.databases.filter(
      (told) => isOwn(told) && !links.some((link) => isCdmOf(network, link, told)),
    ),
    upstreams: network.upstreams.filter(isOwn),
  }
}

/** Database servers that stand beside a client and not beside a hub: what the client asks. */
export function cdmServersOf(network: Network, link: PollLink): Told<DatabaseFacts>[] {
  return network.databases.filter((told) => isCdmOf(network, link, told))
}

function isCdmOf({ hubs }: Network, { logs }: PollLink, { source }: Told): boolean {
  const { cluster } = source.labels
  if (cluster === undefined || hubs.some((hub) => isIn(hub, cluster))) return false
  return logs.some(({ told }) => told.source.labels.cluster === cluster)
}

/** The hub a service works for: by what both saw, by whose polls it passed on, by the cluster; or there is only one. */
function hubOf({ hubs, links, clocks }: Network, told: Told): Hub | undefined {
  const seenTogether = clocks.get(told)?.hub
  if (seenTogether !== undefined) return seenTogether
  const passing = links.filter(({ passed }) => passed.some((one) => one.told === told))
  if (passing.length > 0) return passing.find(({ hub }) => hub !== undefined)?.hub
  const { cluster } = told.source.labels
  const beside = cluster === undefined ? [] : hubs.filter((hub) => isIn(hub, cluster))
  const candidates = (beside.length > 0 ? beside : hubs).filter((hub) => mayUse(hub, told))
  if (candidates.length <= 1) return candidates[0]
  const alike = candidates.filter((hub) => failedTogether(hub, told))
  return alike.length === 1 ? alike[0] : undefined
}

/** A hub that queues in its database has no broker, and one that keeps its tasks in a file no database server. */
function mayUse({ told }: Hub, { facts: { role } }: Told): boolean {
  if (role === 'broker') return told.some(({ facts }) => facts.queue !== 'database')
  return role !== 'database' || told.some(({ facts }) => facts.store !== 'sqlite')
}

/** Both sides tell of trouble at the same time. */
function failedTogether(hub: Hub, { facts, shift }: Told): boolean {
  if (facts.role !== 'broker' && facts.role !== 'database') return false
  const { role } = facts
  const own = hub.told.flatMap((one) => troubledTimes(one.facts[role], one.shift))
  const stops =
    facts.role === 'broker' ? facts.stops.episodes.map((one) => stretch(one, shift)) : []
  return [...stops, ...troubledTimes(facts.link, shift)].some((theirs) =>
    own.some(({ from, to }) => from <= theirs.to + SAME_MS && theirs.from <= to + SAME_MS),
  )
}

function troubledTimes({ problems }: LinkAccount, shift: number): { from: number; to: number }[] {
  return [...problems.values()].flatMap(({ episodes }) =>
    episodes.map((one) => stretch(one, shift)),
  )
}

function stretch(episode: Episode, shift: number): { from: number; to: number } {
  return { from: episode.from + shift, to: (episode.recoveredAt || episode.to) + shift }
}

function isIn({ told }: Hub, cluster: string): boolean {
  return told.some(({ source }) => source.labels.cluster === cluster)
}
