import type { Fact } from '../simulation/facts.ts'

/** One physical line as it stands in a log. */
export interface WrittenLine {
  /** When it was written, by the clock of the machine; ms since the epoch. */
  readonly time: number
  readonly text: string
}

export type Level = 'debug' | 'info' | 'warn'

export interface WriterOptions {
  /** Local time, minutes east of UTC. */
  readonly zoneMinutes: number
  readonly level: Level
  /** Name of the pod that writes. */
  readonly pod: string
  /** Serilog with `<s:SourceContext>`, RabbitMQ with a stamp on every line of an event: what deployments differ in. */
  readonly wordy: boolean
  /** Clients the relay has been told of, whether they come or not. */
  readonly registered: readonly string[]
  /** Beginning and end of the window by this machine's clock, for what is written by the clock. */
  readonly from: number
  readonly to: number
}

/** Turns what happened in one component into its log. `facts` carry the time of the machine that writes. */
export type Writer = (facts: readonly Fact[], options: WriterOptions) => WrittenLine[]

/** Where the clients look for the relay. */
export const RELAY_HOST = 'relay.example.org'
export const RELAY_ADDRESS = '10.0.2.15'
export const BROKER_ADDRESS = '10.0.3.9'
/** Where the platform's probes come from. */
export const PROBE_ADDRESS = '10.0.2.1'
export const DATABASE_ADDRESS = '10.0.3.7'
/** The upstream as our relay calls it. */
export const UPSTREAM = 'main'

/** A stretch of text as lines of one moment. */
export function linesAt(time: number, text: string): WrittenLine[] {
  return text.split('\n').map((line) => ({ time, text: line }))
}
