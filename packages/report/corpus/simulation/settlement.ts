import { Backoff } from '@warren/runtime'
import type { Task, World } from './world.ts'
import { SECOND } from './world.ts'

/** Deadline of the upstream for a result, ms. */
const UPSTREAM_DEADLINE_MS = { availability: 300 * SECOND, distribution: 7_200 * SECOND } as const
/** Attempts of the .NET relay to submit a result, and the minimum for Warren's relay. */
const MAX_ATTEMPTS = 5

/** Settles every task when all results are there or at its deadline, and submits the combined result. */
export function settleTasks(world: World): void {
  for (const task of world.tasks) settle(world, task)
}

function settle(world: World, task: Task): void {
  const { journal } = world
  const inTime = (answeredAt: number | undefined): answeredAt is number =>
    answeredAt !== undefined && answeredAt < task.expiresAt
  const answers = task.subtasks.map(({ answeredAt }) => answeredAt).filter(inTime)
  const missing = task.subtasks.filter(({ answeredAt }) => !inTime(answeredAt))
  const asked = task.subtasks.length
  const late = missing.length
  const time = world.schedule.resumesAt(late === 0 ? Math.max(...answers) + 15 : task.expiresAt)
  const about = { at: 'relay', taskId: task.id } as const
  if (late > 0) {
    const clients = missing.map(({ client }) => client.name).sort()
    journal.add({ ...about, kind: 'task expired', time, taskKind: task.kind, clients })
  }
  const settled = { asked, answered: answers.length, late }
  journal.add({ ...about, kind: 'task settled', time: time + 4, ...settled })
  submit(world, task, time + 8)
}

function submit(world: World, task: Task, from: number): void {
  const { plan, schedule, journal, end } = world
  const chance = world.chance.fork(`submission ${task.id}`)
  const about = { at: 'relay', taskId: task.id } as const
  const backoff = new Backoff({ initialMs: 1_000, maxMs: 60_000, random: () => chance.next() })
  let time = from
  for (let attempt = 1; time < end; attempt++) {
    if (attempt === 1 || plan.relay === 'warren') {
      journal.add({ ...about, kind: 'submitting', time, attempt })
    }
    const durationMs = chance.between(120, 260)
    const status = schedule.at(time, 'upstream').submissionsFail
    time += durationMs
    if (status === undefined) {
      journal.add({ ...about, kind: 'submitted', time, attempt, durationMs })
      return
    }
    const over = time > task.receivedAt + UPSTREAM_DEADLINE_MS[task.kind]
    if (plan.relay === 'warren' && over && attempt >= MAX_ATTEMPTS) {
      journal.add({ ...about, kind: 'submission given up', time, attempt, status })
      return
    }
    const retryInMs = plan.relay === 'warren' ? backoff.next() : 5_000
    journal.add({ ...about, kind: 'submission failed', time, attempt, status, retryInMs })
    // The .NET relay does not log that it stops trying.
    if (plan.relay === 'dotnet' && attempt >= MAX_ATTEMPTS) return
    time += retryInMs
  }
}
