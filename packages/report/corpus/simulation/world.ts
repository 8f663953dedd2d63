import { Backoff } from '@warren/runtime'
import type { Chance } from './chance.ts'
import type { Journal, TaskKind } from './facts.ts'
import type { Weather } from './faults.ts'
import type { ClientPlan, NetworkPlan } from './plan.ts'

/** The copy of a task for one client, from its arrival in the queue to its answer. */
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
  /** The relay waits no longer. */
  readonly expiresAt: number
  readonly subtasks: readonly Subtask[]
}

/** What all parts of a simulated network share. */
export interface World {
  readonly plan: NetworkPlan
  readonly weather: Weather
  readonly journal: Journal
  readonly chance: Chance
  readonly start: number
  readonly end: number
  readonly tasks: Task[]
}

export const SECOND = 1_000
export const MINUTE = 60_000

/** After these times a relay answers without those that are missing, ms. */
const DEADLINES = { availability: 240 * SECOND, distribution: 6_480 * SECOND } as const
/** The .NET relay looks for expired tasks that often, and ours about as often. */
const SWEEP_MS = 5 * SECOND

/** A task as it comes in: one copy for every client of the relay. */
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

/** Pauses after failures: the Python client plainly doubles, ours takes away a little by chance. Ms. */
export function backoffOf(client: ClientPlan, chance: Chance): Backoff {
  return new Backoff({
    initialMs: 5 * SECOND,
    maxMs: 60 * SECOND,
    jitter: client.program === 'python' ? 0 : 0.2,
    random: () => chance.next(),
  })
}
