import { runBroker } from './broker.ts'
import { Chance } from './chance.ts'
import { Client } from './client.ts'
import { Journal } from './facts.ts'
import type { Fact } from './facts.ts'
import { FaultSchedule } from './faults.ts'
import { runRelay } from './relay.ts'
import type { NetworkPlan } from './plan.ts'
import { settleTasks } from './settlement.ts'
import { pollUpstream } from './upstream.ts'
import { MINUTE } from './world.ts'
import type { World } from './world.ts'

/** Simulates a network; the same plan always gives the same facts, sorted by time. */
export function simulate(plan: NetworkPlan): Fact[] {
  const { start, faults } = plan
  const end = start + plan.minutes * MINUTE
  const world: World = {
    plan,
    schedule: new FaultSchedule(faults, start),
    journal: new Journal(),
    chance: new Chance(plan.seed),
    start,
    end,
    tasks: [],
  }
  pollUpstream(world)
  runRelay(world)
  runBroker(world)
  runClients(world)
  settleTasks(world)
  const facts = world.journal.inOrder(start, end)
  return facts.filter(({ at, time }) => at !== 'relay' || world.schedule.resumesAt(time) === time)
}

/** Runs the client with the earliest next poll: two pods of one client share a queue. */
function runClients(world: World): void {
  const { plan, schedule, end } = world
  const clients = plan.clients.flatMap((client) => {
    const twice = schedule.periods(client.name, (effect) => effect.twice === true).length > 0
    return [new Client(world, client), ...(twice ? [new Client(world, client, true)] : [])]
  })
  for (;;) {
    let next: Client | undefined
    for (const client of clients) {
      if (client.nextAt < end && client.nextAt < (next?.nextAt ?? Infinity)) next = client
    }
    if (next === undefined) return
    next.step()
  }
}
