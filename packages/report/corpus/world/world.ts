import type {
  AuthReason,
  BalancerEvent,
  BrokerEvent,
  ClientEvent,
  Exception,
  Failure,
  HubEvent,
} from './journal.ts'
import { SeededRandom } from './random.ts'

export const MINUTE = 60_000

/** One client as the world runs it. Faults change it before the run. */
export interface WorldClient {
  name: string
  collection: string
  address: string
  intervalMs: number
  /** When it begins and ends, ms since the start of the window. */
  from: number
  to: number
  /** Waits longer after failures, as today's client does. */
  backsOff: boolean
  /** Its log is among the sources. */
  logged: boolean
  /** Its clock is so far ahead, ms. */
  skewMs: number
  /** A second pod with the same identity. */
  twinOf: string | undefined
}

/** What becomes of a request; undefined: the usual. */
export type Outcome =
  | { kind: 'network'; failure: Failure; ms: number; reachesHub?: boolean }
  | { kind: 'balancer'; status: number; ms: number }
  | { kind: 'login'; reason: AuthReason; as?: string }
  | { kind: 'hub'; status: number; exception?: Exception }
  | undefined

/** What faults may change; everything is asked with ms since the start of the window. */
export interface World {
  readonly start: number
  readonly lengthMs: number
  readonly random: SeededRandom
  readonly clients: WorldClient[]
  outcome: (client: WorldClient, at: number) => Outcome
  /** Time the hub takes for a poll, ms. */
  hubMs: (at: number) => number
  statementMs: (at: number) => number
  /** The hub runs; when not, it neither answers nor writes. */
  hubUp: (at: number) => boolean
  /** Tasks that arrive: when, and what becomes of them. */
  tasks: WorldTask[]
  upstream: (type: 'a' | 'b', at: number) => Failure | undefined
  /** Status with which the upstream takes results; 200 is good. */
  submit: (at: number) => number
  /** Further events, already with true times. */
  readonly extra: { hub: HubEvent[]; broker: BrokerEvent[]; client: Map<string, ClientEvent[]> }
  /** Lines that are missing from a source: [source, from, to), ms since the start. */
  readonly holes: { source: string; from: number; to: number }[]
  expected: string[] | undefined
}

export interface WorldTask {
  at: number
  /** How long a client takes; `never`: it takes the task and nothing follows. */
  solveMs: (client: WorldClient) => number | 'never'
}

/** Everything that happened, per program. */
export interface History {
  world: World
  clients: Map<WorldClient, ClientEvent[]>
  hub: HubEvent[]
  broker: BrokerEvent[]
  balancer: BalancerEvent[]
}

export const START = Date.UTC(2025, 8, 26, 6, 30)

/** Half an hour in which nothing is wrong: three clients behind a balancer, hub, database, broker, one task. */
export function healthyWorld(seed: number): World {
  const random = new SeededRandom(seed)
  const client = (name: string, index: number): WorldClient => ({
    name,
    collection: random.uuid(),
    address: `192.0.2.${10 + index}`,
    intervalMs: 10_000,
    from: 1_000 + index * 3_170,
    to: 30 * MINUTE,
    backsOff: true,
    logged: true,
    skewMs: Math.round(random.between(-120, 120)),
    twinOf: undefined,
  })
  return {
    start: START,
    lengthMs: 30 * MINUTE,
    random,
    clients: ['site-a', 'site-b', 'site-c'].map(client),
    outcome: () => undefined,
    hubMs: () => random.latency(125),
    statementMs: () => (random.next() < 0.9 ? 1 : 2),
    hubUp: () => true,
    tasks: [{ at: 7 * MINUTE + 11_000, solveMs: () => random.between(700, 2_600) }],
    upstream: () => undefined,
    submit: () => 200,
    extra: { hub: [], broker: [], client: new Map() },
    holes: [],
    expected: undefined,
  }
}
