import { Backoff } from '@warren/runtime'
import type { Chance } from './chance.ts'
import type { Journal, TaskKind } from './facts.ts'
import type { FaultSchedule } from './faults.ts'
import type { ClientPlan, NetworkPlan } from './plan.ts'

/** A task for one client, from its arrival in the queue to its result. */
export interface Subtask {
  readonly id: string
  readonly task: Task
  readonly client: ClientPlan
  /** When it may be handed out (again). */
  readyAt: number
  taken: boolean
  answeredAt: number | undefined
}

export interface Task {
  readonly id: string
  readonly kind: TaskKind
  readonly receivedAt: number
  /** Deadline in the relay. */
  readonly expiresAt: number
  readonly subtasks: readonly Subtask[]
}

/** Shared state of a simulated network. */
export interface World {
  readonly plan: NetworkPlan
  readonly schedule: FaultSchedule
  readonly journal: Journal
  readonly chance: Chance
  readonly start: number
  readonly end: number
  readonly tasks: Task[]
}

export const SECOND = 1_000
export const MINUTE = 60_000

/** Deadlines after which a relay settles a task without the missing results, ms. */
const DEADLINES = { availability: 240 * SECOND, distribution: 6_480 * SECOND } as const
/** Interval at which both relays look for expired tasks. */
const SWEEP_MS = 5 * SECOND

/** Creates a task with one subtask per client of the relay. */
export function newTask(world: World, kind: TaskKind, receivedAt: number): Task {
  const { chance, plan } = world
  const subtasks: Subtask[] = []
  const task: Task = {
    id: chance.uuid(),
    kind,
    receivedAt,
    expiresAt: receivedAt + DEADLINES[kind] + chance.between(0, SWEEP_MS),
    subtasks,
  }
  for (const client of plan.clients) {
    const id = chance.uuid()
    const readyAt = receivedAt + 30
    subtasks.push({ id, task, client, readyAt, taken: false, answeredAt: undefined })
  }
  return task
}

/** Backoff after failures, ms: the Python bunny doubles it, Warren's bunny also subtracts a random part. */
export function backoffOf(client: ClientPlan, chance: Chance): Backoff {
  return new Backoff({
    initialMs: 5 * SECOND,
    maxMs: 60 * SECOND,
    jitter: client.program === 'python' ? 0 : 0.2,
    random: () => chance.next(),
  })
}
