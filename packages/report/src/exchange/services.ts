import type { BalancerFacts, BrokerFacts, DatabaseFacts, UpstreamFacts } from '../facts/facts.ts'
import type { Hub, Network, PollLink, Told } from './network.ts'

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
  const candidates = beside.length > 0 ? beside : hubs
  return candidates.length === 1 ? candidates[0] : undefined
}

function isIn({ told }: Hub, cluster: string): boolean {
  return told.some(({ source }) => source.labels.cluster === cluster)
}
