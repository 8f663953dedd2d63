import { Backoff } from '@warren/runtime'
import type { TaskKind } from './facts.ts'
import { MINUTE, newTask, SECOND } from './world.ts'
import type { World } from './world.ts'

const QUEUES = [
  { type: 'a', kind: 'availability' },
  { type: 'b', kind: 'distribution' },
] as const

/** The relay polls its upstream, with one loop per queue, and queues each task for every client. */
export function pollUpstream(world: World): void {
  for (const queue of QUEUES) pollQueue(world, queue)
  world.tasks.sort((a, b) => a.receivedAt - b.receivedAt)
}

function pollQueue(world: World, { type, kind }: (typeof QUEUES)[number]): void {
  const { plan, schedule, journal, start, end } = world
  const chance = world.chance.fork(`upstream ${type}`)
  const waiting = plan.tasks
    .filter((task) => task.kind === kind)
    .map((task) => start + task.at * MINUTE)
    .sort((a, b) => a - b)
  const holds = plan.relay === 'warren'
  const backoff = new Backoff({
    initialMs: 5 * SECOND,
    // The .NET relay waits for the same time after every failure.
    maxMs: holds ? 60 * SECOND : 5 * SECOND,
    jitter: holds ? 0.2 : 0,
    random: () => chance.next(),
  })
  // The loops were already running before the time range.
  let time = start + chance.between(0, 5 * SECOND)
  while (time < end) {
    if (schedule.resumesAt(time) > time) {
      time = schedule.resumesAt(time) + chance.between(0, SECOND)
      continue
    }
    const effect = schedule.at(time, 'upstream')
    const latency = chance.between(18, 45)
    if (effect.upstreamFails !== undefined) {
      const retryInMs = backoff.next()
      const failedAt = time + latency
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
    // A relay that cannot store or distribute a task would lose it, so here the upstream keeps it until then.
    const able = effect.statementsFail === undefined && !breaksFanOut(world, effect.broker)
    const heldTo = holds ? time + 20 * SECOND : time
    const due = waiting[0]
    if (able && due !== undefined && due <= heldTo) {
      waiting.shift()
      const answered = schedule.resumesAt(Math.max(time, due) + latency)
      if (answered >= end) return
      journal.add(polled(type, 200, answered, answered - time))
      admitTask(world, kind, answered + 2)
      time = answered + (holds ? 20 : 5 * SECOND)
    } else {
      const answered = schedule.resumesAt(heldTo + latency)
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

function admitTask(world: World, kind: TaskKind, time: number): void {
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
