import type { Role } from '../document/report-document.ts'
import type {
  BalancerFacts,
  BrokerFacts,
  DatabaseFacts,
  HubFacts,
  UpstreamFacts,
} from '../facts/facts.ts'
import { placeAccounts } from '../timeline/placed-account.ts'
import type { AccountPart, PlacedAccount } from '../timeline/placed-account.ts'
import type { LinkAccount } from '../facts/link-account.ts'
import { qualifiersOf } from './hubs.ts'
import { distinctNames } from './program-name.ts'
import { cdmServersOf, servicesOf } from './services.ts'
import type { Services } from './services.ts'
import type { Hub, Network, PollLink, Told } from './network.ts'

export type Side = 'client' | 'hub' | 'balancer' | 'broker' | 'database' | 'upstream'

/** A program, known by its own log or by what others write of it. */
export interface Part {
  readonly id: string
  readonly role: Role
  readonly name: string
  readonly told: readonly Told[]
}

/** Who talks to whom. */
export interface NetLink {
  readonly id: string
  readonly kind: 'poll' | 'balancer' | 'database' | 'broker' | 'upstream' | 'cdm'
  readonly from: Part
  readonly to: Part
  readonly name: string
  readonly views: readonly { side: Side; account: PlacedAccount }[]
  readonly hub: Hub | undefined
  readonly poll: PollLink | undefined
}

export interface Topology {
  readonly parts: readonly Part[]
  readonly links: readonly NetLink[]
}

/** Hubs that clients poll and of which no log is there. */
export function unseenHubs({ links }: Topology): Part[] {
  const polled = links.filter(({ kind }) => kind === 'poll').map(({ to }) => to)
  return [...new Set(polled)].filter(({ told }) => told.length === 0)
}

/** A part or link whose name is not settled yet. */
interface PartDraft extends Part {
  name: string
  readonly qualifiers: readonly (string | undefined)[]
}
interface LinkDraft extends NetLink {
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
  readonly #claimed = new Set<Told>()
  /** Hubs of which no log is there, by what clients call them. */
  readonly #unseen = new Map<string, Part>()

  constructor(network: Network) {
    this.#network = network
  }

  build(): Topology {
    const { hubs, links } = this.#network
    const clients = links.map((link) => {
      const told = link.logs.map((log) => log.told)
      return this.#part('client', link.name, told, [...placesOf(link.hub), hostOf(link)])
    })
    const hubParts = new Map(
      hubs.map((hub): [Hub, Part] => [hub, this.#part('hub', hub.name, hub.told)]),
    )
    links.forEach((link, index) => {
      const from = clients[index]
      if (from === undefined) return
      const known = link.hub === undefined ? undefined : hubParts.get(link.hub)
      const to = known ?? this.#unseenHub(addressOf(link, links))
      this.#link('poll', from, to, pollViews(link), link.hub, link)
    })
    for (const [hub, part] of hubParts) {
      const services = servicesOf(this.#network, hub)
      this.#addBalancers(part, services.balancers)
      this.#addServices(part, hub, services)
    }
    this.#addOrphans(servicesOf(this.#network, undefined))
    this.#addCdms(links, clients)
    this.#addRest()
    this.#nameApart()
    return { parts: this.#parts, links: this.#links }
  }

  #unseenHub(host: string): Part {
    const [only] = this.#unseen.values()
    const known =
      this.#unseen.get(host) ?? (host === '' && this.#unseen.size === 1 ? only : undefined)
    if (known !== undefined) return known
    const fallback = this.#network.hubs.length === 0 ? 'relay' : 'unknown hub'
    const part = this.#part('hub', host === '' ? fallback : host, [])
    this.#unseen.set(host, part)
    return part
  }

  /** Services whose hub nobody knows still have one: what is wrong with them has to be said of a link. */
  #addOrphans(services: Services): void {
    if (Object.values(services).every((told) => told.length === 0)) return
    const hub = this.#unseenHub('')
    this.#addBalancers(hub, services.balancers)
    this.#addServices(hub, undefined, services)
  }

  #addBalancers(hub: Part, balancers: readonly Told<BalancerFacts>[]): void {
    const named = Map.groupBy(balancers, (told) => told.facts.name || told.name)
    for (const [name, all] of named) {
      const part = this.#part('balancer', name, all)
      this.#link('balancer', part, hub, serverView(all, 'balancer'))
    }
  }

  #addServices(part: Part, hub: Hub | undefined, services: Services): void {
    const { databases, brokers, upstreams } = services
    const add = (
      kind: 'database' | 'broker' | 'upstream',
      told: readonly Told<ServiceFacts>[],
      hubAccounts: (facts: HubFacts) => readonly LinkAccount[],
    ): void => {
      const service = this.#part(kind, told[0]?.name ?? kind, told, placesOf(hub))
      const views = [...hubView(hub, hubAccounts), ...serverView(told, kind)]
      this.#link(kind, part, service, views, hub)
    }
    if (hub !== undefined || databases.length > 0)
      add('database', databases, ({ database }) => [database])
    // A relay that queues in its database has no broker to be healthy or not.
    const needsBroker = hub?.told.some(({ facts }) => facts.queue !== 'database') === true
    if (needsBroker || brokers.length > 0) add('broker', brokers, ({ broker }) => [broker])
    if (hub !== undefined || upstreams.length > 0)
      add('upstream', upstreams, (facts) => [...facts.upstreams.values(), facts.submissions])
  }

  #addCdms(links: readonly PollLink[], clients: readonly Part[]): void {
    links.forEach((link, index) => {
      const from = clients[index]
      const servers = cdmServersOf(this.#network, link)
      const view = placeAccounts(link.logs.map(({ told }) => partOf(told.facts.cdm, told)))
      if (from === undefined || (view === undefined && servers.length === 0)) return
      const cdm = this.#part('cdm', `CDM of ${link.name}`, servers, placesOf(link.hub))
      this.#link('cdm', from, cdm, [
        ...(view === undefined ? [] : [{ side: 'client' as const, account: view }]),
        ...serverView(servers, 'database'),
      ])
    })
  }

  /** Programs that belong to no link still are components. */
  #addRest(): void {
    for (const told of this.#network.told)
      if (!this.#claimed.has(told)) this.#part(told.facts.role, told.name, [told])
  }

  /** Nobody may be taken for another: hubs keep their names, which are told apart already. */
  #nameApart(): void {
    const kept = this.#network.hubs.map(({ name }) => name)
    const others = this.#parts.filter(({ role, told }) => role !== 'hub' || told.length === 0)
    const names = distinctNames(others, kept)
    others.forEach((part, index) => (part.name = names[index] ?? part.name))
    for (const link of this.#links) link.name = `${link.from.name} → ${link.to.name}`
  }

  #part(
    role: Role,
    name: string,
    told: readonly Told[],
    of: readonly (string | undefined)[] = [],
  ): Part {
    for (const one of told) this.#claimed.add(one)
    const qualifiers = [role, ...of, ...qualifiersOf(told[0])]
    const part = { id: `C${this.#parts.length + 1}`, role, name, told, qualifiers }
    this.#parts.push(part)
    return part
  }

  #link(
    kind: NetLink['kind'],
    from: Part,
    to: Part,
    views: NetLink['views'],
    hub?: Hub,
    poll?: PollLink,
  ): void {
    this.#links.push({
      id: `L${this.#links.length + 1}`,
      kind,
      from,
      to,
      name: '',
      views,
      hub,
      poll,
    })
  }
}

/** By what the clients and services of a hub may be told from those of another. */
function placesOf(hub: Hub | undefined): (string | undefined)[] {
  return [hub?.told[0]?.source.labels.cluster, hub?.name]
}

/** What services have in common: an account of those who use them. */
type ServiceFacts = BalancerFacts | BrokerFacts | DatabaseFacts | UpstreamFacts

function hubView(
  hub: Hub | undefined,
  accounts: (facts: HubFacts) => readonly LinkAccount[],
): NetLink['views'] {
  const view = placeAccounts(
    (hub?.told ?? []).flatMap((told) =>
      accounts(told.facts).map((account) => partOf(account, told)),
    ),
  )
  return view === undefined ? [] : [{ side: 'hub', account: view }]
}

function serverView(told: readonly Told<ServiceFacts>[], side: Side): NetLink['views'] {
  const view = placeAccounts(told.map((one) => partOf(one.facts.link, one)))
  return view === undefined ? [] : [{ side, account: view }]
}

export function partOf(account: LinkAccount, told: Told): AccountPart {
  return { account, shift: told.shift, source: told.source.sourceId }
}

function pollViews(link: PollLink): NetLink['views'] {
  return [
    ...(link.client === undefined ? [] : [{ side: 'client' as const, account: link.client }]),
    ...(link.balancer === undefined ? [] : [{ side: 'balancer' as const, account: link.balancer }]),
    ...(link.hubView === undefined ? [] : [{ side: 'hub' as const, account: link.hubView }]),
  ]
}

/** What to call a hub without a log. Clients whose polls pass the same balancer call one hub by several addresses. */
function addressOf(link: PollLink, links: readonly PollLink[]): string {
  const balancers = link.passed.map(({ told }) => told)
  const beside = links.find(
    (other) =>
      other.hub === undefined &&
      hostOf(other) !== '' &&
      other.passed.some(({ told }) => balancers.includes(told)),
  )
  return hostOf(beside ?? link)
}

/** The hub as the client calls it; '' if it does not say. */
function hostOf({ logs }: PollLink): string {
  return logs.map(({ told }) => told.facts.host).find((host) => host !== '') ?? ''
}
