import type { TaskResult } from '@warren/task-api'

/** Suppresses and rounds one count. Called exactly once for every count that leaves the relay. */
export type DiscloseCount = (count: number) => number

/** The counts and files of a combined result, without its address and message. */
export interface Aggregate {
  /** People (availability) or rows of the file (distributions). */
  readonly count: number
  readonly files: TaskResult['queryResult']['files']
}

/** Why a result, or part of it, was not counted. Contains no values. For the log, never for the upstream. */
export interface ResultProblem {
  readonly file: string
  /** Line of the file, or 0 for the whole file. */
  readonly line: number
  readonly column: string
  readonly message: string
}

/**
 * Adds up the results of one task, one at a time and in order of collection ID. The outcome does not depend on which node
 * answered first.
 */
export interface Aggregator {
  /** Adds one node's result with status ok. `counted: false`: no part of it was usable or added. May throw SumOverflowError. */
  add(result: TaskResult): {
    readonly counted: boolean
    readonly problems: readonly ResultProblem[]
  }
  finish(): Aggregate
}
