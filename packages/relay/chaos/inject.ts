import { setTimeout as delay } from 'node:timers/promises'
import type { FaultProxy } from '@warren/testkit'
import type { ChildProgram } from './child-program.ts'
import type { FaultName } from './fault-kinds.ts'
import type { ChaosNetwork } from './network.ts'
import type { PlannedFault } from './plan.ts'
import type { GatewayFault } from './upstream-gateway.ts'

/** Makes the fault happen, and resolves when it is over and everything runs again. */
export async function inject(fault: PlannedFault, network: ChaosNetwork): Promise<void> {
  await INJECTIONS[fault.name](fault, network)
}

type Injection = (fault: PlannedFault, network: ChaosNetwork) => Promise<void>

const SKEWS_S = [-600, -300, -90, 30, 90, 300, 600]

const INJECTIONS: Readonly<Record<FaultName, Injection>> = {
  'relay kill': (fault, network) => restart(relayOf(fault, network), 'kill', fault.forMs),
  'relay restart': (fault, network) => restart(relayOf(fault, network), 'stop', fault.forMs),
  'relay freeze': async (fault, network) => {
    relayOf(fault, network).freeze(fault.forMs)
    await delay(fault.forMs)
  },
  'clock skew': async (fault, network) => {
    const relay = relayOf(fault, network)
    const skewS = SKEWS_S[Math.floor(fault.variant * SKEWS_S.length)] ?? 0
    setClock(relay, skewS * 1_000)
    await delay(fault.forMs)
    setClock(relay, 0)
  },
  'database cut': (fault, network) => cut(databaseLink(fault, network)),
  'database stall': (fault, network) => stall(databaseLink(fault, network), fault.forMs),
  'database half-open': (fault, network) => halfOpen(databaseLink(fault, network), fault.forMs),
  'database restart': ({ forMs }, { database }) => database.restart('stop', forMs),
  'database kill': ({ forMs }, { database }) => database.restart('kill', forMs),
  'database read-only': ({ forMs }, { database }) => database.blockWrites(forMs),
  'database locked': ({ forMs }, { database }) => database.blockWrites(forMs),
  'database full': ({ forMs }, { database }) => database.fillDisk(forMs),
  'broker cut': (fault, network) => cut(brokerLink(fault, network)),
  'broker half-open': (fault, network) => halfOpen(brokerLink(fault, network), fault.forMs),
  'broker restart': (fault, network) => restartBroker(network, 'stop', fault.forMs),
  'broker kill': (fault, network) => restartBroker(network, 'kill', fault.forMs),
  'upstream cut': (fault, network) => cut(upstreamLink(fault, network)),
  'upstream stall': (fault, network) => stall(upstreamLink(fault, network), fault.forMs),
  'upstream half-open': (fault, network) => halfOpen(upstreamLink(fault, network), fault.forMs),
  'upstream refused': async (fault, network) => {
    const links = upstreamLink(fault, network)
    await Promise.all(links.map((link) => link.refuse()))
    await delay(fault.forMs)
    await Promise.all(links.map((link) => link.forward()))
  },
  'upstream 500': (fault, network) =>
    fail(fault, network, fault.variant < 0.5 ? '500' : '500 after storing'),
  'upstream 429': (fault, network) => fail(fault, network, '429'),
  'upstream HTML': (fault, network) => fail(fault, network, 'HTML'),
  'upstream silent': (fault, network) => fail(fault, network, 'silent'),
  'node cut': (fault, network) => cut(nodeLink(fault, network)),
  'node stall': (fault, network) => stall(nodeLink(fault, network), fault.forMs),
  'node half-open': (fault, network) => halfOpen(nodeLink(fault, network), fault.forMs),
  'bunny kill': (fault, { bunnies }) =>
    restart(existing(bunnies.get(fault.node ?? ''), fault), 'kill', fault.forMs),
}

async function restart(program: ChildProgram, how: 'kill' | 'stop', ms: number): Promise<void> {
  await program[how]()
  await delay(ms)
  program.start()
}

function setClock(relay: ChildProgram, offsetMs: number): void {
  relay.send({ offsetMs })
  // The clock of a machine does not change because a process starts again.
  relay.setEnv({ CHAOS_CLOCK_OFFSET_MS: String(offsetMs) })
}

async function restartBroker(
  { broker }: ChaosNetwork,
  how: 'kill' | 'stop',
  ms: number,
): Promise<void> {
  if (broker === undefined) throw new Error('the network has no broker')
  await broker[how]()
  await delay(ms)
  await broker.start()
}

type Links = readonly FaultProxy[]

async function cut(links: Links): Promise<void> {
  for (const link of links) link.reset()
}

async function stall(links: Links, ms: number): Promise<void> {
  for (const link of links) link.blackhole()
  await delay(ms)
  await Promise.all(links.map((link) => link.forward()))
}

async function halfOpen(links: Links, ms: number): Promise<void> {
  for (const link of links) link.blackhole()
  await delay(ms)
  for (const link of links) link.reset()
  await Promise.all(links.map((link) => link.forward()))
}

async function fail(
  { manner = 'leasing', forMs }: PlannedFault,
  { upstreams }: ChaosNetwork,
  fault: GatewayFault,
): Promise<void> {
  const { gateway } = upstreams[manner]
  gateway.fail(fault)
  await delay(forMs)
  gateway.heal()
}

function relayOf(fault: PlannedFault, { relays }: ChaosNetwork): ChildProgram {
  return existing(relays.get(fault.relay ?? ''), fault)
}

function databaseLink(fault: PlannedFault, { database }: ChaosNetwork): Links {
  return [existing(database.link(fault.relay ?? ''), fault)]
}

function brokerLink(fault: PlannedFault, { brokerLinks }: ChaosNetwork): Links {
  return [existing(brokerLinks.get(fault.relay ?? ''), fault)]
}

function upstreamLink(fault: PlannedFault, { upstreams }: ChaosNetwork): Links {
  return [existing(upstreams[fault.manner ?? 'leasing'].links.get(fault.relay ?? ''), fault)]
}

function nodeLink(fault: PlannedFault, { nodeLinks }: ChaosNetwork): Links {
  return existing(nodeLinks.get(fault.node ?? ''), fault)
}

function existing<T>(target: T | undefined, { name }: PlannedFault): T {
  if (target === undefined) throw new Error(`the fault "${name}" has no target in this network`)
  return target
}
