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
import type { Placement } from '../timeline/placement.ts'
import { largest, smallest } from '../timeline/placed-account.ts'
import type { PlacedAccount } from '../timeline/placed-account.ts'
import { groupHubs } from './hubs.ts'
import { addExpected, finishLink, linkDrafts, setClocks } from './poll-links.ts'
import type { PollMatch } from './poll-match.ts'
import { nameOfProgram, sharedHostnames } from './program-name.ts'

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
  /** What to call the program; several may have the same. */
  readonly name: string
}

/** A hub: one program, several replicas of it, or pods that followed one another. */
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
  /** The same client in the logs of balancers. */
  readonly passed: readonly { client: HubClient; told: Told<BalancerFacts> }[]
  readonly client: PlacedAccount | undefined
  readonly hubView: PlacedAccount | undefined
  readonly balancer: PlacedAccount | undefined
  /** The operator's list names it; undefined without a list. */
  expected: boolean | undefined
}

/** The clock of a service beside that of the hub it works for. */
export interface ServiceClock {
  readonly hub: Hub
  readonly match: PollMatch
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
  /** How the clocks of balancers and brokers compare with a hub's, where what both saw tells it. */
  readonly clocks: ReadonlyMap<Told, ServiceClock>
  readonly placements: readonly Placement[]
  readonly from: number
  readonly to: number
}

/** Puts together who is who. `expected`: names of clients the operator listed. */
export function buildNetwork(
  placements: readonly Placement[],
  expected: readonly string[] | undefined,
): Network {
  const writers = placements.flatMap((placement) =>
    placement.source.facts.map((facts) => ({ facts, placement, source: placement.source })),
  )
  const shared = sharedHostnames(writers)
  const told = writers.map((writer): Told => ({
    ...writer,
    shift: writer.placement.shift,
    aligned: writer.facts.role === 'hub',
    name: nameOfProgram(writer, shared),
  }))
  const hubs = groupHubs(told.filter(isRole('hub')))
  const balancers = told.filter(isRole('balancer'))
  const brokers = told.filter(isRole('broker'))
  const drafts = linkDrafts(hubs, told.filter(isRole('client')), balancers)
  const clocks = setClocks(drafts, hubs, [...balancers, ...brokers])
  const links = drafts.map(finishLink)
  if (expected !== undefined) addExpected(links, expected, hubs[0])
  links.sort((a, b) => compareText(a.name, b.name))
  const spans = placements.filter(({ method }) => method !== 'none')
  const timed = spans.length > 0 ? spans : placements
  return {
    told,
    hubs,
    links,
    brokers,
    balancers,
    databases: told.filter(isRole('database')),
    upstreams: told.filter(isRole('upstream')),
    clocks,
    placements,
    from: smallest(timed.map(({ source, shift }) => source.first + shift)),
    to: largest(timed.map(({ source, shift }) => source.last + shift)),
  }
}

function isRole<R extends Facts['role']>(role: R) {
  return (one: Told): one is Told<Extract<Facts, { role: R }>> => one.facts.role === role
}
