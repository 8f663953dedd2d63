import type {
  BalancerFacts,
  BrokerFacts,
  ClientFacts,
  DatabaseFacts,
  Facts,
  HubClient,
  HubFacts,
  UpstreamFacts,
} from '../facts/facts.ts'
import type { LogSource } from '../formats/log-source.ts'
import { compareText } from '../read/input-files.ts'
import { SECOND } from '../read/timestamps.ts'
import type { Placement } from '../timeline/placement.ts'
import { largest, placeAccounts, smallest } from '../timeline/placed-account.ts'
import type { AccountPart, PlacedAccount } from '../timeline/placed-account.ts'
import { assignClientLogs } from './client-logs.ts'
import type { LinkDraft } from './client-logs.ts'
import { matchSignals } from './poll-match.ts'
import { nameOfProgram } from './program-name.ts'
import { commonSignal } from '../timeline/placement.ts'
import type { PollMatch } from './poll-match.ts'

/** Facts of one source with the place of that source. */
export interface Told<F extends Facts = Facts> {
  readonly facts: F
  readonly placement: Placement
  readonly source: LogSource
  /**
   * UTC by the hub's clock = time in the clock of the source + this, ms. Begins as the placement says; once polls are matched, the
   * skew between the two clocks is taken off.
   */
  shift: number
  /** Its clock was held against the hub's, and what they were apart is taken off. */
  aligned: boolean
}

/** A hub: one program, or several replicas of it. */
export interface Hub {
  readonly told: readonly Told<HubFacts>[]
  readonly name: string
  readonly first: number
  readonly last: number
}

/** A client's own log, and how it fits what the hub saw. */
export interface ClientLog {
  readonly told: Told<ClientFacts>
  /** Undefined if its polls could not be found at a hub. */
  readonly match: PollMatch | undefined
}

/** The link of one client to one hub. */
export interface PollLink {
  readonly name: string
  readonly hub: Hub | undefined
  readonly logs: readonly ClientLog[]
  readonly hubClients: readonly { client: HubClient; told: Told<HubFacts> }[]
  readonly client: PlacedAccount | undefined
  readonly hubView: PlacedAccount | undefined
  readonly balancer: PlacedAccount | undefined
  /** The operator's list names it; undefined without a list. */
  expected: boolean | undefined
}

/** Everything that is known, by who it is about; the ground the findings stand on. */
export interface Network {
  readonly told: readonly Told[]
  readonly hubs: readonly Hub[]
  readonly links: readonly PollLink[]
  readonly brokers: readonly Told<BrokerFacts>[]
  readonly balancers: readonly Told<BalancerFacts>[]
  readonly databases: readonly Told<DatabaseFacts>[]
  readonly upstreams: readonly Told<UpstreamFacts>[]
  readonly placements: readonly Placement[]
  readonly from: number
  readonly to: number
}

/** Puts together who is who. `expected`: names of clients the operator listed. */
export function buildNetwork(
  placements: readonly Placement[],
  expected: readonly string[] | undefined,
): Network {
  const told = placements.flatMap((placement) =>
    placement.source.facts.map((facts): Told => ({
      facts,
      placement,
      source: placement.source,
      shift: placement.shift,
      aligned: facts.role === 'hub',
    })),
  )
  const hubs = groupHubs(told.filter(isRole('hub')))
  const balancers = told.filter(isRole('balancer'))
  const links = pollLinks(
    hubs,
    told.filter(isRole('client')),
    balancers,
    told.filter(isRole('broker')),
  )
  if (expected !== undefined) addExpected(links, expected, hubs[0])
  links.sort((a, b) => compareText(a.name, b.name))
  const spans = placements.filter(({ method }) => method !== 'none')
  const timed = spans.length > 0 ? spans : placements
  return {
    told,
    hubs,
    links,
    brokers: told.filter(isRole('broker')),
    balancers,
    databases: told.filter(isRole('database')),
    upstreams: told.filter(isRole('upstream')),
    placements,
    from: smallest(timed.map(({ source, shift }) => source.first + shift)),
    to: largest(timed.map(({ source, shift }) => source.last + shift)),
  }
}

function isRole<R extends Facts['role']>(role: R) {
  return (one: Told): one is Told<Extract<Facts, { role: R }>> => one.facts.role === role
}

/** Hub logs that share a cluster or clients are replicas of one hub. */
function groupHubs(told: readonly Told<HubFacts>[]): Hub[] {
  const groups: Told<HubFacts>[][] = []
  for (const one of told) {
    const group = groups.find((members) => members.some((member) => sameHub(member, one)))
    if (group === undefined) groups.push([one])
    else group.push(one)
  }
  return groups.map((members) => ({
    told: members,
    name: nameOfProgram(members[0], 'relay'),
    first: smallest(members.map(({ source, shift }) => source.first + shift)),
    last: largest(members.map(({ source, shift }) => source.last + shift)),
  }))
}

function sameHub(a: Told<HubFacts>, b: Told<HubFacts>): boolean {
  const { cluster } = a.source.labels
  if (cluster !== undefined && cluster === b.source.labels.cluster) return true
  const keys = new Set(a.facts.clients.all().map(({ key }) => key))
  return b.facts.clients.all().some(({ key }) => keys.has(key))
}

function pollLinks(
  hubs: readonly Hub[],
  clients: readonly Told<ClientFacts>[],
  balancers: readonly Told<BalancerFacts>[],
  brokers: readonly Told<BrokerFacts>[],
): PollLink[] {
  const drafts: LinkDraft[] = hubs.flatMap((hub) => hubDrafts(hub))
  assignClientLogs(clients, drafts, hubs)
  setClocks(drafts, hubs, [...balancers, ...brokers])
  return drafts.map((draft) => finishLink(draft, balancers, drafts.length === 1))
}

/** One draft per client name; a collection that was never seen with a name gets a number. */
function hubDrafts(hub: Hub): LinkDraft[] {
  const drafts = new Map<string, LinkDraft>()
  let unnamed = 0
  for (const told of hub.told) {
    for (const client of told.facts.clients.all()) {
      if (Number.isNaN(client.account.first) && client.account.problems.size === 0) continue
      const name = bestName(client) ?? `unnamed client ${++unnamed}`
      const draft = drafts.get(name) ?? { name, hub, logs: [], hubClients: [] }
      drafts.set(name, draft)
      draft.hubClients.push({ client, told })
    }
  }
  return [...drafts.values()]
}

/** The name that stood beside a collection most often; none where two did about as often: they may be each other's. */
function bestName(client: HubClient): string | undefined {
  const [first, second] = [...client.names].toSorted(
    (a, b) => b[1] - a[1] || compareText(a[0], b[0]),
  )
  if (first === undefined || (second !== undefined && first[1] < 2 * second[1])) return undefined
  return first[0]
}

/** The hub's clock is the one that counts: who is ahead of it is put back, where that is known beyond doubt. */
function setClocks(
  drafts: readonly LinkDraft[],
  hubs: readonly Hub[],
  services: readonly Told[],
): void {
  for (const { told, match } of drafts.flatMap(({ logs }) => logs)) {
    if (match !== undefined && !match.ambiguous) alignClock(told, match)
  }
  for (const service of services) {
    for (const hub of hubs.flatMap(({ told }) => told)) {
      const mine = commonSignal(service.facts, hub.facts)
      const theirs = commonSignal(hub.facts, service.facts)
      if (mine === undefined || theirs === undefined) continue
      const rhythm = (hub.source.last - hub.source.first) / Math.max(1, theirs.times.length)
      // Between programs of one house the plainest explanation holds: clocks that agree, where that fits as well as any other.
      const match = matchSignals(mine, theirs, service.shift - hub.shift, rhythm, 'plainest')
      if (match === undefined || (match.ambiguous && Math.abs(match.skewMs) > SECOND)) continue
      alignClock(service, match)
      break
    }
  }
}

function alignClock(told: Told, { skewMs }: PollMatch): void {
  told.shift -= skewMs
  told.aligned = true
}

function finishLink(
  draft: LinkDraft,
  balancers: readonly Told<BalancerFacts>[],
  only: boolean,
): PollLink {
  const clientParts: AccountPart[] = draft.logs.map(({ told }) => ({
    account: told.facts.link,
    shift: told.shift,
    source: told.source.sourceId,
  }))
  const hubParts = draft.hubClients.map(({ client, told }) => part(client, told))
  const collections = new Set(draft.hubClients.flatMap(({ client }) => [...client.collections]))
  const balancerParts = balancers.flatMap((told) =>
    told.facts.clients
      .all()
      .filter(
        (client) =>
          (only && draft.hubClients.length === 0) ||
          [...client.collections].some((id) => collections.has(id)),
      )
      .map((client) => part(client, told)),
  )
  return {
    ...draft,
    client: placeAccounts(clientParts),
    hubView: placeAccounts(hubParts),
    balancer: placeAccounts(balancerParts),
    expected: undefined,
  }
}

function part(client: HubClient, told: Told): AccountPart {
  return { account: client.account, shift: told.shift, source: told.source.sourceId }
}

function addExpected(links: PollLink[], expected: readonly string[], hub: Hub | undefined): void {
  for (const link of links)
    link.expected = expected.some((name) => name.toLowerCase() === link.name.toLowerCase())
  for (const name of expected) {
    if (links.some((link) => link.name.toLowerCase() === name.toLowerCase())) continue
    links.push({
      name,
      hub,
      logs: [],
      hubClients: [],
      client: undefined,
      hubView: undefined,
      balancer: undefined,
      expected: true,
    })
  }
}
