import type {
  LoadBalancerFacts,
  BrokerFacts,
  ClientFacts,
  DatabaseFacts,
  Facts,
  RelayClient,
  RelayFacts,
  UpstreamFacts,
} from '../facts/facts.ts'
import type { LogSource } from '../formats/log-source.ts'
import { compareText } from '../read/input-files.ts'
import type { ClockOffset } from '../timeline/clock-offsets.ts'
import { largest, smallest } from '../timeline/side-view.ts'
import type { SideView } from '../timeline/side-view.ts'
import { groupRelays } from './relays.ts'
import { addExpected, finishLink, findPollLinks, setClocks } from './poll-links.ts'
import type { PollMatch } from './poll-match.ts'
import { nameOfProgram, sharedHostnames } from './program-name.ts'

/** Facts of one source with the place of that source. */
export interface ProgramLog<F extends Facts = Facts> {
  readonly facts: F
  readonly clockOffset: ClockOffset
  readonly source: LogSource
  /**
   * UTC by the relay's clock = time in the clock of the source + this, ms. Begins as the placement says; once polls are matched, the
   * skew between the two clocks is taken off.
   */
  shift: number
  /** Its clock was held against the relay's, and what they were apart is taken off. */
  aligned: boolean
  /** What to call the program; several may have the same. */
  readonly name: string
}

/** A relay: one program, several replicas of it, or pods that followed one another. */
export interface Relay {
  readonly logs: readonly ProgramLog<RelayFacts>[]
  readonly name: string
  readonly first: number
  readonly last: number
}

/** A client's own log, and how it fits what the relay saw. */
export interface ClientLog {
  readonly log: ProgramLog<ClientFacts>
  /** Undefined if its polls could not be found at a relay. */
  readonly match: PollMatch | undefined
}

/** The link of one client to one relay. */
export interface PollLink {
  readonly name: string
  readonly relay: Relay | undefined
  readonly logs: readonly ClientLog[]
  readonly relayClients: readonly { client: RelayClient; log: ProgramLog<RelayFacts> }[]
  /** The same client in the logs of balancers. */
  readonly loadBalancerClients: readonly {
    client: RelayClient
    log: ProgramLog<LoadBalancerFacts>
  }[]
  readonly client: SideView | undefined
  readonly relayView: SideView | undefined
  readonly loadBalancer: SideView | undefined
  /** The operator's list names it; undefined without a list. */
  expected: boolean | undefined
}

/** The clock of a service beside that of the relay it works for. */
export interface ServiceClock {
  readonly relay: Relay
  readonly match: PollMatch
}

/** Everything that is known, by who it is about; the ground the findings stand on. */
export interface Network {
  readonly logs: readonly ProgramLog[]
  readonly relays: readonly Relay[]
  readonly links: readonly PollLink[]
  readonly brokers: readonly ProgramLog<BrokerFacts>[]
  readonly loadBalancers: readonly ProgramLog<LoadBalancerFacts>[]
  readonly databases: readonly ProgramLog<DatabaseFacts>[]
  readonly upstreams: readonly ProgramLog<UpstreamFacts>[]
  /** How the clocks of balancers and brokers compare with a relay's, where what both saw tells it. */
  readonly clocks: ReadonlyMap<ProgramLog, ServiceClock>
  readonly clockOffsets: readonly ClockOffset[]
  readonly from: number
  readonly to: number
}

/** Puts together who is who. `expected`: names of clients the operator listed. */
export function buildNetwork(
  clockOffsets: readonly ClockOffset[],
  expected: readonly string[] | undefined,
): Network {
  const writers = clockOffsets.flatMap((clockOffset) =>
    clockOffset.source.facts.map((facts) => ({ facts, clockOffset, source: clockOffset.source })),
  )
  const shared = sharedHostnames(writers)
  const logs = writers.map((writer): ProgramLog => ({
    ...writer,
    shift: writer.clockOffset.shift,
    aligned: writer.facts.role === 'relay',
    name: nameOfProgram(writer, shared),
  }))
  const relays = groupRelays(logs.filter(isRole('relay')))
  const loadBalancers = logs.filter(isRole('load-balancer'))
  const brokers = logs.filter(isRole('broker'))
  const candidates = findPollLinks(relays, logs.filter(isRole('client')), loadBalancers)
  const clocks = setClocks(candidates, relays, [...loadBalancers, ...brokers])
  const links = candidates.map(finishLink)
  if (expected !== undefined) addExpected(links, expected, relays[0])
  links.sort((a, b) => compareText(a.name, b.name))
  const spans = clockOffsets.filter(({ method }) => method !== 'none')
  const timed = spans.length > 0 ? spans : clockOffsets
  return {
    logs,
    relays,
    links,
    brokers,
    loadBalancers,
    databases: logs.filter(isRole('database')),
    upstreams: logs.filter(isRole('upstream')),
    clocks,
    clockOffsets,
    from: smallest(timed.map(({ source, shift }) => source.first + shift)),
    to: largest(timed.map(({ source, shift }) => source.last + shift)),
  }
}

function isRole<R extends Facts['role']>(role: R) {
  return (log: ProgramLog): log is ProgramLog<Extract<Facts, { role: R }>> =>
    log.facts.role === role
}
