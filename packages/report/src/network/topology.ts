import type { Role } from '../vocabulary/role.ts'
import type {
  LoadBalancerFacts,
  BrokerFacts,
  DatabaseFacts,
  RelayFacts,
  UpstreamFacts,
} from '../facts/facts.ts'
import { buildSideView } from '../timeline/side-view.ts'
import type { Instances, SideView } from '../timeline/side-view.ts'
import type { LinkStats } from '../facts/link-stats.ts'
import { sideSource } from './poll-links.ts'
import { qualifiersOf } from './relays.ts'
import { distinctNames } from './program-name.ts'
import { cdmServersOf, servicesOf } from './services.ts'
import type { Services } from './services.ts'
import type { Relay, Network, PollLink, ProgramLog } from './network.ts'

export type Side = 'client' | 'relay' | 'load-balancer' | 'broker' | 'database' | 'upstream'

/** A program, known from its own log or from the logs of others. */
export interface NetworkComponent {
  readonly id: string
  readonly role: Role
  readonly name: string
  readonly logs: readonly ProgramLog[]
}

/** A connection from one program to another. */
export interface NetworkLink {
  readonly id: string
  readonly kind: 'poll' | 'load-balancer' | 'database' | 'broker' | 'upstream' | 'cdm'
  readonly from: NetworkComponent
  readonly to: NetworkComponent
  readonly name: string
  readonly views: readonly { side: Side; view: SideView }[]
  readonly relay: Relay | undefined
  readonly poll: PollLink | undefined
}

export interface Topology {
  readonly components: readonly NetworkComponent[]
  readonly links: readonly NetworkLink[]
}

/** Relays that clients poll but that have no log. */
export function unseenRelays({ links }: Topology): NetworkComponent[] {
  const polled = links.filter(({ kind }) => kind === 'poll').map(({ to }) => to)
  return [...new Set(polled)].filter(({ logs }) => logs.length === 0)
}

/** A component or link whose name is not final. */
interface UnnamedComponent extends NetworkComponent {
  name: string
  readonly qualifiers: readonly (string | undefined)[]
}
interface UnnamedLink extends NetworkLink {
  name: string
}

/** Components and links with IDs, in an order that depends only on their names. */
export function buildTopology(network: Network): Topology {
  return new TopologyBuilder(network).build()
}

class TopologyBuilder {
  readonly #network: Network
  readonly #components: UnnamedComponent[] = []
  readonly #links: UnnamedLink[] = []
  readonly #claimed = new Set<ProgramLog>()
  /** Relays without a log, by the host name that clients use. */
  readonly #unseen = new Map<string, NetworkComponent>()

  constructor(network: Network) {
    this.#network = network
  }

  build(): Topology {
    const { relays, links } = this.#network
    const clients = links.map((link) => {
      const logs = link.logs.map((clientLog) => clientLog.log)
      return this.#component('client', link.name, logs, [...placesOf(link.relay), hostOf(link)])
    })
    const relayComponents = new Map(
      relays.map((relay): [Relay, NetworkComponent] => [
        relay,
        this.#component('relay', relay.name, relay.logs),
      ]),
    )
    links.forEach((link, index) => {
      const from = clients[index]
      if (from === undefined) return
      const known = link.relay === undefined ? undefined : relayComponents.get(link.relay)
      const to = known ?? this.#unseenRelay(addressOf(link, links))
      this.#link('poll', from, to, pollViews(link), link.relay, link)
    })
    for (const [relay, component] of relayComponents) {
      const services = servicesOf(this.#network, relay)
      this.#addBalancers(component, services.loadBalancers)
      this.#addServices(component, relay, services)
    }
    this.#addOrphans(servicesOf(this.#network, undefined))
    this.#addCdms(links, clients)
    this.#addRest()
    this.#nameApart()
    return { components: this.#components, links: this.#links }
  }

  #unseenRelay(host: string): NetworkComponent {
    const [only] = this.#unseen.values()
    const known =
      this.#unseen.get(host) ?? (host === '' && this.#unseen.size === 1 ? only : undefined)
    if (known !== undefined) return known
    const fallback = this.#network.relays.length === 0 ? 'relay' : 'unknown relay'
    const component = this.#component('relay', host === '' ? fallback : host, [])
    this.#unseen.set(host, component)
    return component
  }

  /** Services of no known relay are linked to an unseen one: a finding about a service needs a link. */
  #addOrphans(services: Services): void {
    if (Object.values(services).every((logs) => logs.length === 0)) return
    const relay = this.#unseenRelay('')
    this.#addBalancers(relay, services.loadBalancers)
    this.#addServices(relay, undefined, services)
  }

  #addBalancers(
    relay: NetworkComponent,
    loadBalancers: readonly ProgramLog<LoadBalancerFacts>[],
  ): void {
    const named = Map.groupBy(loadBalancers, (log) => log.facts.name || log.name)
    for (const [name, all] of named) {
      const component = this.#component('load-balancer', name, all)
      this.#link('load-balancer', component, relay, serverView(all, 'load-balancer'))
    }
  }

  #addServices(component: NetworkComponent, relay: Relay | undefined, services: Services): void {
    const { databases, brokers, upstreams } = services
    const add = (
      kind: 'database' | 'broker' | 'upstream',
      logs: readonly ProgramLog<ServiceFacts>[],
      statsOf: (facts: RelayFacts) => readonly LinkStats[],
    ): void => {
      const service = this.#component(kind, logs[0]?.name ?? kind, logs, placesOf(relay))
      // Each replica has its own connections to the database and the broker; one of them polls the upstream for all.
      const instances = kind === 'upstream' ? 'replicas' : 'pods'
      const views = [...relayView(relay, statsOf, instances), ...serverView(logs, kind)]
      this.#link(kind, component, service, views, relay)
    }
    if (relay !== undefined || databases.length > 0)
      add('database', databases, ({ database }) => [database])
    // A relay that queues in its database uses no broker, so there is no broker to judge.
    const needsBroker = relay?.logs.some(({ facts }) => facts.queue !== 'database') === true
    if (needsBroker || brokers.length > 0) add('broker', brokers, ({ broker }) => [broker])
    if (relay !== undefined || upstreams.length > 0)
      add('upstream', upstreams, (facts) => [...facts.upstreams.values(), facts.submissions])
  }

  #addCdms(links: readonly PollLink[], clients: readonly NetworkComponent[]): void {
    links.forEach((link, index) => {
      const from = clients[index]
      const servers = cdmServersOf(this.#network, link)
      const view = buildSideView(link.logs.map(({ log }) => sideSource(log.facts.cdm, log)))
      if (from === undefined || (view === undefined && servers.length === 0)) return
      const cdm = this.#component('cdm', `CDM of ${link.name}`, servers, placesOf(link.relay))
      this.#link('cdm', from, cdm, [
        ...(view === undefined ? [] : [{ side: 'client' as const, view: view }]),
        ...serverView(servers, 'database'),
      ])
    })
  }

  /** Programs without a link are components too. */
  #addRest(): void {
    for (const log of this.#network.logs)
      if (!this.#claimed.has(log)) this.#component(log.facts.role, log.name, [log])
  }

  /** Makes names unique. Relays keep their names, which are unique already. */
  #nameApart(): void {
    const kept = this.#network.relays.map(({ name }) => name)
    const others = this.#components.filter(
      ({ role, logs }) => role !== 'relay' || logs.length === 0,
    )
    const names = distinctNames(others, kept)
    others.forEach((component, index) => (component.name = names[index] ?? component.name))
    for (const link of this.#links) link.name = `${link.from.name} → ${link.to.name}`
  }

  #component(
    role: Role,
    name: string,
    logs: readonly ProgramLog[],
    of: readonly (string | undefined)[] = [],
  ): NetworkComponent {
    for (const log of logs) this.#claimed.add(log)
    const qualifiers = [role, ...of, ...qualifiersOf(logs[0])]
    const component = { id: `C${this.#components.length + 1}`, role, name, logs, qualifiers }
    this.#components.push(component)
    return component
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

/** What can distinguish the clients and services of one relay from those of another. */
function placesOf(relay: Relay | undefined): (string | undefined)[] {
  return [relay?.logs[0]?.source.labels.cluster, relay?.name]
}

/** Facts of a program that serves others: one `LinkStats` of all its users. */
type ServiceFacts = LoadBalancerFacts | BrokerFacts | DatabaseFacts | UpstreamFacts

function relayView(
  relay: Relay | undefined,
  statsOf: (facts: RelayFacts) => readonly LinkStats[],
  instances: Instances,
): NetworkLink['views'] {
  const view = buildSideView(
    (relay?.logs ?? []).flatMap((log) => statsOf(log.facts).map((stats) => sideSource(stats, log))),
    instances,
  )
  return view === undefined ? [] : [{ side: 'relay', view: view }]
}

function serverView(logs: readonly ProgramLog<ServiceFacts>[], side: Side): NetworkLink['views'] {
  const view = buildSideView(logs.map((log) => sideSource(log.facts.link, log)))
  return view === undefined ? [] : [{ side, view: view }]
}

function pollViews(link: PollLink): NetworkLink['views'] {
  return [
    ...(link.client === undefined ? [] : [{ side: 'client' as const, view: link.client }]),
    ...(link.loadBalancer === undefined
      ? []
      : [{ side: 'load-balancer' as const, view: link.loadBalancer }]),
    ...(link.relayView === undefined ? [] : [{ side: 'relay' as const, view: link.relayView }]),
  ]
}

/** Name of a relay without a log. Clients behind the same load balancer may use different host names for one relay. */
function addressOf(link: PollLink, links: readonly PollLink[]): string {
  const loadBalancers = link.loadBalancerClients.map(({ log }) => log)
  const beside = links.find(
    (other) =>
      other.relay === undefined &&
      hostOf(other) !== '' &&
      other.loadBalancerClients.some(({ log }) => loadBalancers.includes(log)),
  )
  return hostOf(beside ?? link)
}

/** The relay's host name as the client uses it; '' if unknown. */
function hostOf({ logs }: PollLink): string {
  return logs.map(({ log }) => log.facts.host).find((host) => host !== '') ?? ''
}
