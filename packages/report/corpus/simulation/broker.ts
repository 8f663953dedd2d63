import { Backoff } from '@warren/runtime'
import type { Chance } from './chance.ts'
import type { RelayFailure } from './facts.ts'
import { MINUTE, SECOND } from './world.ts'
import type { World } from './world.ts'

/** The .NET relay opens and closes a connection for every poll. */
export function openBrokerConnection(
  world: World,
  time: number,
  chance: Chance,
): { at: number; failure?: RelayFailure } {
  const { schedule, journal } = world
  const effect = schedule.at(time, 'broker')
  if (effect.broker === 'refused') {
    return { at: time + chance.between(3, 12), failure: 'broker-refused' }
  }
  const connection = { at: 'broker', pid: pidAt(world, time), port: chance.whole(32_768, 60_999) }
  journal.add({ ...connection, kind: 'accepted', time: time + 2 })
  if (effect.broker === 'login') {
    journal.add({ ...connection, kind: 'login refused', time: time + 6 })
    return { at: time + 9, failure: 'broker-login' }
  }
  const open = chance.between(2, 5)
  journal.add({ ...connection, kind: 'authenticated', time: time + 2 + open })
  const closed = time + 4 + open + chance.between(2, 9)
  journal.add({ ...connection, kind: 'closed', time: closed })
  return { at: closed - 2 }
}

/** Erlang process numbers increase over time. */
function pidAt({ start }: World, time: number): number {
  return 725 + Math.floor((time - start) / 24)
}

/** Simulates the broker's own events, and their effect on a relay with a permanent connection. */
export function runBroker(world: World): void {
  const { plan, schedule, journal, start, end } = world
  const chance = world.chance.fork('broker')
  if (plan.starts) journal.add({ kind: 'broker started', at: 'broker', time: start + 40 })
  const of = (kind: string) => schedule.periods('broker', (effect) => effect.broker === kind)
  for (const period of of('refused')) {
    // Either shut down or killed.
    if (chance.next() < 0.5)
      journal.add({ kind: 'broker stopping', at: 'broker', time: period.from })
    if (period.to < end)
      journal.add({ kind: 'broker started', at: 'broker', time: period.to - 200 })
    if (plan.relay === 'warren') queueDown(world, period, 'refused')
  }
  for (const period of of('login')) {
    if (plan.relay === 'dotnet') continue
    queueDown(world, period, 'login')
    refuseAgainAndAgain(world, period, chance)
  }
  for (const period of of('heartbeat')) loseHeartbeats(world, period, chance)
  for (const { from, to } of schedule.periods('relay', ({ stalled }) => stalled === true)) {
    // The .NET relay has no permanent connection that could be lost.
    if (plan.relay === 'dotnet' || to - from < MINUTE) continue
    const connection = { at: 'broker', pid: pidAt(world, from), port: 41_188 }
    journal.add({ ...connection, kind: 'heartbeats missed', time: from + MINUTE })
    if (to < end) queueDown(world, { from: to, to: to + 180 }, 'heartbeat')
  }
  for (const period of of('alarm')) {
    const what = chance.pick<'memory' | 'disk'>(['memory', 'disk'])
    journal.add({ kind: 'alarm set', at: 'broker', time: period.from, what })
    journal.add({ kind: 'alarm cleared', at: 'broker', time: period.to, what })
    if (plan.relay === 'warren')
      queueDown(world, { from: period.from, to: period.from + 400 }, 'alarm')
  }
  if (plan.portProbes) probePort(world, chance)
  if (plan.relay === 'warren' && plan.starts) {
    const connection = { at: 'broker', pid: 712, port: 41_188 }
    journal.add({ ...connection, kind: 'accepted', time: start + 70 })
    journal.add({ ...connection, kind: 'authenticated', time: start + 78 })
  }
}

type Period = { readonly from: number; readonly to: number }

/** Warren's relay loses its connection and opens another as soon as it can. */
function queueDown(
  world: World,
  { from, to }: Period,
  why: 'refused' | 'login' | 'heartbeat' | 'alarm',
): void {
  const { journal } = world
  const again = { at: 'broker', pid: pidAt(world, Math.min(to, world.end)) + 3, port: 42_610 }
  journal.add({ ...again, kind: 'accepted', time: to + 90 })
  journal.add({ ...again, kind: 'authenticated', time: to + 97 })
  journal.add({ kind: 'queue lost', at: 'relay', time: from + 15, why })
  journal.add({ kind: 'queue recovered', at: 'relay', time: to + 120 })
}

function refuseAgainAndAgain(world: World, { from, to }: Period, chance: Chance): void {
  const backoff = new Backoff({ initialMs: 200, maxMs: 5_000, random: () => chance.next() })
  let time = from
  while (time < Math.min(to, world.end)) {
    const connection = { at: 'broker', pid: pidAt(world, time), port: chance.whole(32_768, 60_999) }
    world.journal.add({ ...connection, kind: 'accepted', time })
    world.journal.add({ ...connection, kind: 'login refused', time: time + 5 })
    time += backoff.next() + 20
  }
}

/** A connection becomes silent, the broker closes it after a minute, and the relay opens another. */
function loseHeartbeats(world: World, { from, to }: Period, chance: Chance): void {
  const { plan, journal, end } = world
  for (let time = from + 5 * SECOND; time < Math.min(to, end); time += MINUTE + 12 * SECOND) {
    const connection = { at: 'broker', pid: pidAt(world, time), port: chance.whole(32_768, 60_999) }
    journal.add({ ...connection, kind: 'heartbeats missed', time })
    if (plan.relay === 'warren') {
      queueDown(world, { from: time, to: time + 240 }, 'heartbeat')
      continue
    }
    const next = { at: 'broker', pid: pidAt(world, time) + 3, port: connection.port + 1 }
    journal.add({ ...next, kind: 'accepted', time: time + 260 })
    journal.add({ ...next, kind: 'authenticated', time: time + 266 })
  }
}

function probePort(world: World, chance: Chance): void {
  const { start, end, journal } = world
  for (let time = start + 7 * SECOND; time < end; time += MINUTE + chance.between(0, SECOND)) {
    const connection = { at: 'broker', pid: pidAt(world, time), port: chance.whole(32_768, 60_999) }
    const how = chance.pick<'http' | 'dropped' | 'silent'>(['http', 'dropped', 'silent'])
    journal.add({ ...connection, kind: 'port probed', time, how })
  }
}
