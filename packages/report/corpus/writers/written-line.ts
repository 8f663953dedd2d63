import type { Fact } from '../simulation/facts.ts'

/** One physical line of a log. */
export interface WrittenLine {
  /** When it was written, by the machine's clock; ms since the epoch. */
  readonly time: number
  readonly text: string
}

export type Level = 'debug' | 'info' | 'warn'

export interface WriterOptions {
  /** Time zone, minutes east of UTC. */
  readonly zoneMinutes: number
  readonly level: Level
  /** Name of the pod. */
  readonly pod: string
  /** Options that differ between deployments: Serilog with `<s:SourceContext>`, RabbitMQ with a time on every line of an event. */
  readonly verbose: boolean
  /** Clients that the relay knows, whether they poll or not. */
  readonly registered: readonly string[]
  /** Beginning and end of the time range by this machine's clock, for periodic lines. */
  readonly from: number
  readonly to: number
}

/** Writes the facts of one component as its log. The times of `facts` are those of the machine. */
export type Writer = (facts: readonly Fact[], options: WriterOptions) => WrittenLine[]

/** Host name of the relay that clients use. */
export const RELAY_HOST = 'relay.example.org'
export const RELAY_ADDRESS = '10.0.2.15'
export const BROKER_ADDRESS = '10.0.3.9'
/** Address of Kubernetes health probes. */
export const PROBE_ADDRESS = '10.0.2.1'
export const DATABASE_ADDRESS = '10.0.3.7'
/** Name of the upstream in the configuration of Warren's relay. */
export const UPSTREAM = 'main'

/** Splits a text into lines with the same time. */
export function linesAt(time: number, text: string): WrittenLine[] {
  return text.split('\n').map((line) => ({ time, text: line }))
}
