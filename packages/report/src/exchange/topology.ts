import type { Role } from '../document/report-document.ts'
import type { Facts, HubFacts } from '../facts/facts.ts'
import { placeAccounts } from '../timeline/placed-account.ts'
import type { AccountPart, PlacedAccount } from '../timeline/placed-account.ts'
import type { LinkAccount } from '../facts/link-account.ts'
import { nameOfProgram } from './program-name.ts'
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

/** Parts and links with their ids, in an order that only depends on names. */
export function buildTopology(network: Network): Topology {
  return new TopologyBuilder(network).build()
}

class TopologyBuilder {
  readonly #network: Network
  readonly #parts: Part[] = []
  readonly #links: NetLink[] = []
  readonly #claimed = new Set<Told>()

  constructor(network: Network) {
    this.#network = network
  }

  build(): Topology {
    const { hubs, links } = this.#network
    const clients = links.map((link) =>
      this.#part(
        'client',
        link.name,
        link.logs.map(({ told }) => told),
      ),
    )
    const hubParts = new Map(
      hubs.map((hub): [Hub, Part] => [hub, this.#part('hub', hub.name, hub.told)]),
    )
    let unseenHub: Part | undefined
    links.forEach((link, index) => {
      const from = clients[index]
      if (from === undefined) return
      const known = link.hub === undefined ? undefined : hubParts.get(link.hub)
      unseenHub ??=
        known === undefined ? this.#part('hub', hostOf(links) || 'relay', []) : undefined
      const to = known ?? unseenHub
      if (to === undefined) return
      this.#link('poll', from, to, pollViews(link), link.hub, link)
    })
    this.#addBalancers(hubParts.values().next().value ?? unseenHub)
    for (const [hub, part] of hubParts) this.#addServices(hub, part, hubParts.size === 1)
    this.#addCdms(links, clients)
    this.#addRest()
    return { parts: this.#parts, links: this.#links }
  }

  #addBalancers(hub: Part | undefined): void {
    if (hub === undefined) return
    for (const told of this.#network.balancers) {
      const name = told.facts.name === '' ? nameOfProgram(told, 'balancer') : told.facts.name
      const known = this.#parts.find((part) => part.role === 'balancer' && part.name === name)
      if (known !== undefined) continue
      const all = this.#network.balancers.filter(
        (other) =>
          (other.facts.name === '' ? nameOfProgram(other, 'balancer') : other.facts.name) === name,
      )
      const part = this.#part('balancer', name, all)
      const view = placeAccounts(all.map((one) => partOf(one.facts.link, one)))
      this.#link(
        'balancer',
        part,
        hub,
        view === undefined ? [] : [{ side: 'balancer', account: view }],
      )
    }
  }

  #addServices(hub: Hub, part: Part, only: boolean): void {
    const { brokers, databases, upstreams } = this.#network
    const cluster = hub.told[0]?.source.labels.cluster
    const mine = (told: Told): boolean =>
      (only || told.source.labels.cluster === cluster) && !this.#claimed.has(told)
    const clientClusters = new Set(
      this.#network.links.flatMap(({ logs }) => logs.map(({ told }) => told.source.labels.cluster)),
    )
    const servers = databases.filter(
      (told) =>
        mine(told) &&
        (told.source.labels.cluster === undefined ||
          told.source.labels.cluster === cluster ||
          !clientClusters.has(told.source.labels.cluster)),
    )
    const database = this.#part(
      'database',
      servers.length > 0 ? nameOfProgram(servers[0], 'database') : 'database',
      servers,
    )
    this.#link(
      'database',
      part,
      database,
      [
        ...this.#hubView(hub, (facts) => facts.database),
        ...this.#serverView(servers, 'database', (told) => told.facts.link),
      ],
      hub,
    )
    // A relay that queues in its database has no broker to be healthy or not.
    const needsBroker = hub.told.some(({ facts }) => facts.queue !== 'database')
    const mineBrokers = brokers.filter(mine)
    if (needsBroker || mineBrokers.length > 0) {
      const broker = this.#part(
        'broker',
        mineBrokers.length > 0 ? nameOfProgram(mineBrokers[0], 'broker') : 'broker',
        mineBrokers,
      )
      this.#link(
        'broker',
        part,
        broker,
        [
          ...this.#hubView(hub, (facts) => facts.broker),
          ...this.#serverView(mineBrokers, 'broker', (told) => told.facts.link),
        ],
        hub,
      )
    }
    const mineUpstreams = upstreams.filter(mine)
    const upstream = this.#part(
      'upstream',
      mineUpstreams.length > 0 ? nameOfProgram(mineUpstreams[0], 'upstream') : 'upstream',
      mineUpstreams,
    )
    const accounts = hub.told.flatMap((told) =>
      [...told.facts.upstreams.values()].map((account) => partOf(account, told)),
    )
    const view = placeAccounts([
      ...accounts,
      ...hub.told.map((told) => partOf(told.facts.submissions, told)),
    ])
    this.#link(
      'upstream',
      part,
      upstream,
      view === undefined ? [] : [{ side: 'hub', account: view }],
      hub,
    )
  }

  #addCdms(links: readonly PollLink[], clients: readonly Part[]): void {
    links.forEach((link, index) => {
      const from = clients[index]
      const told = link.logs.map((log) => log.told)
      const servers = this.#network.databases.filter(
        (server) =>
          !this.#claimed.has(server) &&
          told.some((client) => client.source.labels.cluster === server.source.labels.cluster),
      )
      const view = placeAccounts(told.map((one) => partOf(one.facts.cdm, one)))
      if (from === undefined || (view === undefined && servers.length === 0)) return
      const cdm = this.#part('cdm', `CDM of ${link.name}`, servers)
      this.#link('cdm', from, cdm, [
        ...(view === undefined ? [] : [{ side: 'client' as const, account: view }]),
        ...this.#serverView(servers, 'database', (server) => server.facts.link),
      ])
    })
  }

  /** Programs that belong to no link still are components. */
  #addRest(): void {
    for (const told of this.#network.told) {
      if (!this.#claimed.has(told))
        this.#part(told.facts.role, nameOfProgram(told, told.facts.role), [told])
    }
  }

  #hubView(
    hub: Hub,
    account: (facts: HubFacts) => LinkAccount,
  ): { side: Side; account: PlacedAccount }[] {
    const view = placeAccounts(hub.told.map((told) => partOf(account(told.facts), told)))
    return view === undefined ? [] : [{ side: 'hub', account: view }]
  }

  #serverView<F extends Facts>(
    told: readonly Told<F>[],
    side: Side,
    account: (told: Told<F>) => LinkAccount,
  ): { side: Side; account: PlacedAccount }[] {
    const view = placeAccounts(told.map((one) => partOf(account(one), one)))
    return view === undefined ? [] : [{ side, account: view }]
  }

  #part(role: Role, name: string, told: readonly Told[]): Part {
    for (const one of told) this.#claimed.add(one)
    const part: Part = { id: `C${this.#parts.length + 1}`, role, name, told }
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
    const name = `${from.name} → ${to.name}`
    this.#links.push({ id: `L${this.#links.length + 1}`, kind, from, to, name, views, hub, poll })
  }
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

/** The hub as the clients call it. */
function hostOf(links: readonly PollLink[]): string {
  return (
    links
      .flatMap(({ logs }) => logs.map(({ told }) => told.facts.host))
      .find((host) => host !== '') ?? ''
  )
}
