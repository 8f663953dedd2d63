import type { Role } from '../document/report-document.ts'
import type {
  BalancerFacts,
  BrokerFacts,
  DatabaseFacts,
  RelayFacts,
  UpstreamFacts,
} from '../facts/facts.ts'
import { placeAccounts } from '../timeline/side-view.ts'
import type { SideSource, SideView } from '../timeline/side-view.ts'
import type { LinkStats } from '../facts/link-stats.ts'
import { qualifiersOf } from './relays.ts'
import { distinctNames } from './program-name.ts'
import { cdmServersOf, servicesOf } from './services.ts'
import type { Services } from './services.ts'
import type { Relay, Network, PollLink, ProgramLog } from './network.ts'

export type Side = 'client' | 'relay' | 'load-balancer' | 'broker' | 'database' | 'upstream'

/** A program, known by its own log or by what others write of it. */
export interface NetworkComponent {
  readonly id: string
  readonly role: Role
  readonly name: string
  readonly logs: readonly ProgramLog[]
}

/** Who talks to whom. */
export interface NetworkLink {
  readonly id: string
  readonly kind: 'poll' | 'load-balancer' | 'database' | 'broker' | 'upstream' | 'cdm'
  readonly from: NetworkComponent
  readonly to: NetworkComponent
  readonly name: string
  readonly views: readonly { side: Side; account: SideView }[]
  readonly relay: Relay | undefined
  readonly poll: PollLink | undefined
}

export interface Topology {
  readonly parts: readonly NetworkComponent[]
  readonly links: readonly NetworkLink[]
}

/** Relays that clients poll and of which no log is there. */
export function unseenRelays({ links }: Topology): NetworkComponent[] {
  const polled = links.filter(({ kind }) => kind === 'poll').map(({ to }) => to)
  return [...new Set(polled)].filter(({ logs }) => logs.length === 0)
}

/** A part or link whose name is not settled yet. */
interface PartDraft extends NetworkComponent {
  name: string
  readonly qualifiers: readonly (string | undefined)[]
}
interface LinkDraft extends NetworkLink {
  name: string
}

/** Parts and links with their ids, in an order that only depends on names. */
export function buildTopology(network: Network): Topology {
  return new TopologyBuilder(network).build()
}

class TopologyBuilder {
  readonly #network: Network
  readonly #parts: PartDraft[] = []
  readonly #links: LinkDraft[] = []
  readonly #claimed = new Set<ProgramLog>()
  /** Relays of which no log is there, by what clients call them. */
  readonly #unseen = new Map<string, NetworkComponent>()

  constructor(network: Network) {
    this.#network = network
  }

  build(): Topology {
    const { relays, links } = this.#network
    const clients = links.map((link) => {
      const logs = link.logs.map((clientLog) => clientLog.log)
      return this.#part('client', link.name, logs, [...placesOf(link.relay), hostOf(link)])
    })
    const relayParts = new Map(
      relays.map((relay): [Relay, NetworkComponent] => [
        relay,
        this.#part('relay', relay.name, relay.logs),
      ]),
    )
    links.forEach((link, index) => {
      const from = clients[index]
      if (from === undefined) return
      const known = link.relay === undefined ? undefined : relayParts.get(link.relay)
      const to = known ?? this.#unseenRelay(addressOf(link, links))
      this.#link('poll', from, to, pollViews(link), link.relay, link)
    })
    for (const [relay, part] of relayParts) {
      const services = servicesOf(this.#network, relay)
      this.#addBalancers(part, services.balancers)
      this.#addServices(part, relay, services)
    }
    this.#addOrphans(servicesOf(this.#network, undefined))
    this.#addCdms(links, clients)
    this.#addRest()
    this.#nameApart()
    return { parts: this.#parts, links: this.#links }
  }

  #unseenRelay(host: string): NetworkComponent {
    const [only] = this.#unseen.values()
    const known =
      this.#unseen.get(host) ?? (host === '' && this.#unseen.size === 1 ? only : undefined)
    if (known !== undefined) return known
    const fallback = this.#network.relays.length === 0 ? 'relay' : 'unknown relay'
    const part = this.#part('relay', host === '' ? fallback : host, [])
    this.#unseen.set(host, part)
    return part
  }

  /** Services whose relay nobody knows still have one: what is wrong with them has to be said of a link. */
  #addOrphans(services: Services): void {
    if (Object.values(services).every((logs) => logs.length === 0)) return
    const relay = this.#unseenRelay('')
    this.#addBalancers(relay, services.balancers)
    this.#addServices(relay, undefined, services)
  }

  #addBalancers(relay: NetworkComponent, balancers: readonly ProgramLog<BalancerFacts>[]): void {
    const named = Map.groupBy(balancers, (log) => log.facts.name || log.name)
    for (const [name, all] of named) {
      const part = this.#part('load-balancer', name, all)
      this.#link('load-balancer', part, relay, serverView(all, 'load-balancer'))
    }
  }

  #addServices(part: NetworkComponent, relay: Relay | undefined, services: Services): void {
    const { databases, brokers, upstreams } = services
    const add = (
      kind: 'database' | 'broker' | 'upstream',
      logs: readonly ProgramLog<ServiceFacts>[],
      relayAccounts: (facts: RelayFacts) => readonly LinkStats[],
    ): void => {
      const service = this.#part(kind, logs[0]?.name ?? kind, logs, placesOf(relay))
      const views = [...relayView(relay, relayAccounts), ...serverView(logs, kind)]
      this.#link(kind, part, service, views, relay)
    }
    if (relay !== undefined || databases.length > 0)
      add('database', databases, ({ database }) => [database])
    // A relay that queues in its database has no broker to be healthy or not.
    const needsBroker = relay?.logs.some(({ facts }) => facts.queue !== 'database') === true
    if (needsBroker || brokers.length > 0) add('broker', brokers, ({ broker }) => [broker])
    if (relay !== undefined || upstreams.length > 0)
      add('upstream', upstreams, (facts) => [...facts.upstreams.values(), facts.submissions])
  }

  #addCdms(links: readonly PollLink[], clients: readonly NetworkComponent[]): void {
    links.forEach((link, index) => {
      const from = clients[index]
      const servers = cdmServersOf(this.#network, link)
      const view = placeAccounts(link.logs.map(({ log }) => partOf(log.facts.cdm, log)))
      if (from === undefined || (view === undefined && servers.length === 0)) return
      const cdm = this.#part('cdm', `CDM of ${link.name}`, servers, placesOf(link.relay))
      this.#link('cdm', from, cdm, [
        ...(view === undefined ? [] : [{ side: 'client' as const, account: view }]),
        ...serverView(servers, 'database'),
      ])
    })
  }

  /** Programs that belong to no link still are components. */
  #addRest(): void {
    for (const log of this.#network.logs)
      if (!this.#claimed.has(log)) this.#part(log.facts.role, log.name, [log])
  }

  /** Nobody may be taken for another: relays keep their names, which are told apart already. */
  #nameApart(): void {
    const kept = this.#network.relays.map(({ name }) => name)
    const others = this.#parts.filter(({ role, logs }) => role !== 'relay' || logs.length === 0)
    const names = distinctNames(others, kept)
    others.forEach((part, index) => (part.name = names[index] ?? part.name))
    for (const link of this.#links) link.name = `${link.from.name} → ${link.to.name}`
  }

  #part(
    role: Role,
    name: string,
    logs: readonly ProgramLog[],
    of: readonly (string | undefined)[] = [],
  ): NetworkComponent {
    for (const log of logs) this.#claimed.add(log)
    const qualifiers = [role, ...of, ...qualifiersOf(logs[0])]
    const part = { id: `C${this.#parts.length + 1}`, role, name, logs, qualifiers }
    this.#parts.push(part)
    return part
  }

  #link(
    kind: NetworkLink['kind'],
    from: NetworkComponent,
    to: NetworkComponent,
    views: NetworkLink['views'],
    relay?: Relay,
    poll?: PollLink,
  ): void {
    this.#links.push({
      id: `L${this.#links.length + 1}`,
      kind,
      from,
      to,
      name: '',
      views,
      relay,
      poll,
    })
  }
}

/** By what the clients and services of a relay may be told from those of another. */
function placesOf(relay: Relay | undefined): (string | undefined)[] {
  return [relay?.logs[0]?.source.labels.cluster, relay?.name]
}

/** What services have in common: an account of those who use them. */
type ServiceFacts = BalancerFacts | BrokerFacts | DatabaseFacts | UpstreamFacts

function relayView(
  relay: Relay | undefined,
  accounts: (facts: RelayFacts) => readonly LinkStats[],
): NetworkLink['views'] {
  const view = placeAccounts(
    (relay?.logs ?? []).flatMap((log) =>
      accounts(log.facts).map((account) => partOf(account, log)),
    ),
  )
  return view === undefined ? [] : [{ side: 'relay', account: view }]
}

function serverView(logs: readonly ProgramLog<ServiceFacts>[], side: Side): NetworkLink['views'] {
  const view = placeAccounts(logs.map((log) => partOf(log.facts.link, log)))
  return view === undefined ? [] : [{ side, account: view }]
}

export function partOf(account: LinkStats, log: ProgramLog): SideSource {
  return { account, shift: log.shift, source: log.source.sourceId }
}

function pollViews(link: PollLink): NetworkLink['views'] {
  return [
    ...(link.client === undefined ? [] : [{ side: 'client' as const, account: link.client }]),
    ...(link.balancer === undefined
      ? []
      : [{ side: 'load-balancer' as const, account: link.balancer }]),
    ...(link.relayView === undefined ? [] : [{ side: 'relay' as const, account: link.relayView }]),
  ]
}

/** What to call a relay without a log. Clients whose polls pass the same balancer call one relay by several addresses. */
function addressOf(link: PollLink, links: readonly PollLink[]): string {
  const balancers = link.passed.map(({ log }) => log)
  const beside = links.find(
    (other) =>
      other.relay === undefined &&
      hostOf(other) !== '' &&
      other.passed.some(({ log }) => balancers.includes(log)),
  )
  return hostOf(beside ?? link)
}

/** The relay as the client calls it; '' if it does not say. */
function hostOf({ logs }: PollLink): string {
  return logs.map(({ log }) => log.facts.host).find((host) => host !== '') ?? ''
}
