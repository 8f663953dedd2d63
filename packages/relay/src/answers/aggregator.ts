import type { EncodedResult } from '@warren/task-api/messages'

import type { CombineBounds } from './combine-bounds.ts'

/** Suppresses and rounds one count. Called exactly once for every count that leaves the relay. */
export type DiscloseCount = (count: number) => number

export interface AggregatorOptions {
  /** The upstream's collection, which the rows of a combined result name. */
  readonly collection: string
  readonly discloseCount: DiscloseCount
  readonly dropSuppressedRows: boolean
  readonly bounds: CombineBounds
}

/** The counts and files of a combined result, without its address and message. */
export interface Aggregate {
  /** People (availability) or rows of the file (distributions). */
  readonly count: number
  readonly files: EncodedResult['queryResult']['files']
}

/** Why a result, or part of it, was not counted. Contains no values. For the log, never for the upstream. */
export interface ResultProblem {
  readonly file: string
  /** Line of the file, or 0 for the whole file. */
  readonly line: number
  readonly column: string
  readonly message: string
}

/** Adds up the results of one task, one at a time. The counts do not depend on the order. Never throws for what a node sent. */
export interface Aggregator {
  /** Adds one node's result with status ok. `counted: false`: no part of it was usable or added. */
  add(result: EncodedResult): {
    readonly counted: boolean
    readonly problems: readonly ResultProblem[]
  }
  finish(): Aggregate
}

/** How the log names a count above `maxNodeCount`. */
export function tooManyPeople({ maxNodeCount }: CombineBounds): string {
  return `is above ${maxNodeCount} people (RELAY_MAX_NODE_COUNT)`
}

/** How the log names a row that does not fit into the combined result. */
export function combinedTooLarge({ maxCombinedBytes }: CombineBounds): string {
  return `is beyond ${maxCombinedBytes} bytes of combined result (RELAY_MAX_COMBINED_BYTES)`
}

// The members of a result around its file.
const ENVELOPE_BYTES = 2_048

/** Size of the combined file that fits into a combined result. base64 makes it a third larger. */
export function maxFileBytes({ maxCombinedBytes }: CombineBounds): number {
  return Math.max(0, Math.floor(((maxCombinedBytes - ENVELOPE_BYTES) * 3) / 4))
}
