import { Backoff } from '@warren/runtime'
import type { TaskKind } from './facts.ts'
import { MINUTE, newTask, SECOND } from './world.ts'
import type { World } from './world.ts'

const QUEUES = [
  { type: 'a', kind: 'availability' },
  { type: 'b', kind: 'distribution' },
] as const

/** The relay asks its upstream for tasks, one loop a queue; what it gets goes to every client. */
export function pollUpstream(world: World): void {
  for (const queue of QUEUES) pollQueue(world, queue)
  world.tasks.sort((a, b) => a.receivedAt - b.receivedAt)
}

function pollQueue(world: World, { type, kind }: (typeof QUEUES)[number]): void {
  const { plan, weather, journal, start, end } = world
  const chance = world.chance.fork(`upstream ${type}`)
  const waiting = plan.tasks
    .filter((task) => task.kind === kind)
    .map((task) => start + task.at * MINUTE)
    .sort((a, b) => a - b)
  const holds = plan.relay === 'warren'
  const backoff = new Backoff({
    initialMs: 5 * SECOND,
    // The .NET relay waits the same time after every failure.
    maxMs: holds ? 60 * SECOND : 5 * SECOND,
    jitter: holds ? 0.2 : 0,
    random: () => chance.next(),
  })
  // The loops have been running for a while when the window begins.
  let time = start + chance.between(0, 5 * SECOND)
  while (time < end) {
    if (weather.awake(time) > time) {
      time = weather.awake(time) + chance.between(0, SECOND)
      continue
    }
    const effect = weather.at(time, 'upstream')
    const way = chance.between(18, 45)
    if (effect.upstreamFails !== undefined) {
      const retryInMs = backoff.next()
      const failedAt = time + way
      const status = effect.upstreamFails
      journal.add({
        kind: 'upstream poll failed',
        at: 'relay',
        time: failedAt,
        type,
        status,
        retryInMs,
      })
      time = failedAt + retryInMs
      continue
    }
    backoff.reset()
    // A relay that cannot store or pass on a task would lose it; here the upstream keeps it meanwhile.
    const able = effect.statementsFail === undefined && !breaksFanOut(world, effect.broker)
    const heldTo = holds ? time + 20 * SECOND : time
    const due = waiting[0]
    if (able && due !== undefined && due <= heldTo) {
      waiting.shift()
      const answered = weather.awake(Math.max(time, due) + way)
      if (answered >= end) return
      journal.add(polled(type, 200, answered, answered - time))
      takeIn(world, kind, answered + 2)
      time = answered + (holds ? 20 : 5 * SECOND)
    } else {
      const answered = weather.awake(heldTo + way)
      journal.add(polled(type, 204, answered, answered - time))
      time = answered + (holds ? 1 : 5 * SECOND)
    }
  }
}

function breaksFanOut({ plan }: World, broker: string | undefined): boolean {
  return plan.relay === 'dotnet' && (broker === 'refused' || broker === 'login')
}

function polled(type: 'a' | 'b', status: number, time: number, durationMs: number) {
  return { kind: 'upstream polled', at: 'relay', time, type, status, durationMs } as const
}

function takeIn(world: World, kind: TaskKind, time: number): void {
  const { journal, plan } = world
  const task = newTask(world, kind, time)
  world.tasks.push(task)
  const about = { taskId: task.id, at: 'relay' } as const
  journal.add({ ...about, kind: 'task retrieved', time, taskKind: kind })
  for (let n = 0; n <= plan.clients.length; n++) {
    const at = time + 2 + n * 1.5
    journal.add({ kind: 'statement', at: 'relay', time: at, about: 'task', ms: 1, failed: false })
  }
  journal.add({ ...about, kind: 'task admitted', time: time + 12, nodes: plan.clients.length })
}
