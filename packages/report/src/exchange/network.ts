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

/** What was extracted from one log, with its clock offset. */
export interface ProgramLog<F extends Facts = Facts> {
  readonly facts: F
  readonly clockOffset: ClockOffset
  readonly source: LogSource
  /**
   * Common time = time in the source's clock + shift, ms. At first it converts to UTC; once polls are matched, the skew between the
   * source's clock and the relay's is subtracted too.
   */
  shift: number
  /** The skew to the relay's clock was measured and is subtracted. */
  aligned: boolean
  /** Name of the program; not unique. */
  readonly name: string
}

/** One relay: a single process, its replicas, or pods that replaced one another. */
export interface Relay {
  readonly logs: readonly ProgramLog<RelayFacts>[]
  readonly name: string
  readonly first: number
  readonly last: number
}

/** A client's log, and how well it matches what the relay saw. */
export interface ClientLog {
  readonly log: ProgramLog<ClientFacts>
  /** Undefined if no relay log contains its polls. */
  readonly match: PollMatch | undefined
}

/** The link from one client to one relay. */
export interface PollLink {
  readonly name: string
  readonly relay: Relay | undefined
  readonly logs: readonly ClientLog[]
  readonly relayClients: readonly { client: RelayClient; log: ProgramLog<RelayFacts> }[]
  /** The same client in the logs of load balancers. */
  readonly loadBalancerClients: readonly {
    client: RelayClient
    log: ProgramLog<LoadBalancerFacts>
  }[]
  readonly client: SideView | undefined
  readonly relayView: SideView | undefined
  readonly loadBalancer: SideView | undefined
  /** The client is on the operator's list; undefined without a list. */
  expected: boolean | undefined
}

/** How the clock of a service compares with the clock of its relay. */
export interface ServiceClock {
  readonly relay: Relay
  readonly match: PollMatch
}

/** All logs, grouped by the program or link they describe. */
export interface Network {
  readonly logs: readonly ProgramLog[]
  readonly relays: readonly Relay[]
  readonly links: readonly PollLink[]
  readonly brokers: readonly ProgramLog<BrokerFacts>[]
  readonly loadBalancers: readonly ProgramLog<LoadBalancerFacts>[]
  readonly databases: readonly ProgramLog<DatabaseFacts>[]
  readonly upstreams: readonly ProgramLog<UpstreamFacts>[]
  /** How the clocks of load balancers and brokers compare with a relay's, if both logs contain the same events. */
  readonly clocks: ReadonlyMap<ProgramLog, ServiceClock>
  readonly clockOffsets: readonly ClockOffset[]
  readonly from: number
  readonly to: number
}

/** Groups logs by program and link. `expected`: the client names on the operator's list. */
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
