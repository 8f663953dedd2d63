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
import type { LogSource } from '../sources/log-source.ts'
import type { ClockOffset } from '../timeline/clock-offsets.ts'
import type { SideView } from '../timeline/side-view.ts'
import type { PollMatch } from './poll-match.ts'

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
  /** Its own log names a host by which no client reaches the relays whose logs are here. */
  readonly pollsElsewhere: boolean
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

/** Rejected logins at a relay under names that never logged in, too few for a client with wrong settings, which keeps polling. */
export interface UnknownLogins {
  readonly relay: Relay
  readonly clients: readonly {
    readonly client: RelayClient
    readonly log: ProgramLog<RelayFacts>
  }[]
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
  readonly unknownLogins: readonly UnknownLogins[]
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
