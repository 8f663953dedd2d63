import type { Fault } from './faults.ts'
import type { TaskKind } from './facts.ts'

/** A client (a bunny at a site), and how it polls. */
export interface ClientPlan {
  /** Its user name at the relay and the name of its site. */
  readonly name: string
  readonly program: 'python' | 'warren'
  /** The collection ID it polls with. */
  readonly collection: string
  /** Its address as the load balancer sees it. */
  readonly address: string
  /** Polling interval after an empty response, ms. */
  readonly intervalMs: number
  /** How long it asks the relay to hold an empty poll, seconds; the .NET relay ignores it. */
  readonly waitSeconds: number
}

export interface TaskPlan {
  /** Minutes after the beginning of the time range. */
  readonly at: number
  readonly kind: TaskKind
}

/** A network and its faults. */
export interface NetworkPlan {
  readonly seed: string
  /** Ms since the epoch. */
  readonly start: number
  readonly minutes: number
  readonly clients: readonly ClientPlan[]
  readonly relay: 'dotnet' | 'warren'
  readonly tasks: readonly TaskPlan[]
  readonly faults: readonly Fault[]
  /** A health check connects to the broker port from time to time without speaking AMQP. */
  readonly portProbes: boolean
  /** Programs start within the time range instead of long before. */
  readonly starts: boolean
}

/** Beginning of the time range. */
export const RANGE_START = Date.UTC(2025, 8, 26, 6, 30)

/** Generated IDs, the same in every run. */
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
