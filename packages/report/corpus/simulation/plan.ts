import type { Fault } from './faults.ts'
import type { TaskKind } from './facts.ts'

/** A client: a bunny at a site, and how it asks. */
export interface ClientPlan {
  /** Its user name at the relay, and what people call it. */
  readonly name: string
  readonly program: 'python' | 'warren'
  /** The collection id it polls with. */
  readonly collection: string
  /** Where the balancer sees it come from. */
  readonly address: string
  /** Pause after an empty answer, ms. */
  readonly intervalMs: number
  /** How long it asks the relay to hold an empty poll, seconds; the .NET relay does not know of it. */
  readonly waitSeconds: number
}

export interface TaskPlan {
  /** Minutes after the beginning of the window. */
  readonly at: number
  readonly kind: TaskKind
}

/** A network and what happens to it. */
export interface NetworkPlan {
  readonly seed: string
  /** Ms since the epoch. */
  readonly start: number
  readonly minutes: number
  readonly clients: readonly ClientPlan[]
  readonly relay: 'dotnet' | 'warren'
  readonly tasks: readonly TaskPlan[]
  readonly faults: readonly Fault[]
  /** Something knocks at the broker's port now and then and speaks no AMQP. */
  readonly portProbes: boolean
  /** Programs start inside the window instead of long before. */
  readonly starts: boolean
}

/** The half hour the report began with, to the minute. */
export const WINDOW_START = Date.UTC(2025, 8, 26, 6, 30)

/** Ids are made up, and the same in every run. */
export function clientPlan(
  name: string,
  program: ClientPlan['program'],
  index: number,
): ClientPlan {
  const digits = (0x3f6f1c10 + index * 0x01010101).toString(16)
  return {
    name,
    program,
    collection: `${digits}-5a0b-4a43-9a53-0d1b0c2f7a${(0x11 + index).toString(16)}`,
    address: `203.0.113.${10 + index}`,
    intervalMs: program === 'python' ? 10_000 : 5_000,
    waitSeconds: program === 'python' ? 0 : 25,
  }
}
