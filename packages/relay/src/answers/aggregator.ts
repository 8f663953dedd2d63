import type { TaskResult } from '@warren/task-api'

/** Hides and rounds one figure. Called exactly once for every figure that is published. */
export type Publish = (count: number) => number

/** What a task's answers add up to, without the words around it. */
export interface Aggregate {
  /** People (availability) or rows of the file (distributions). */
  readonly count: number
  readonly files: TaskResult['queryResult']['files']
}

/** Why an answer, or part of it, was not counted. Free of values; for the log, never for the upstream. */
export interface ResultProblem {
  readonly file: string
  /** Line of the file, 0 where it concerns the whole. */
  readonly line: number
  readonly column: string
  readonly message: string
}

/**
 * Adds up the answers of one task, one at a time and in order of node id, which makes the outcome
 * the same whoever answered first.
 */
export interface Aggregator {
  /**
   * Takes one node's successful answer. `counted: false`: nothing in it was usable, and nothing of it
   * was added. May throw SumOverflowError.
   */
  add(answer: TaskResult): {
    readonly counted: boolean
    readonly problems: readonly ResultProblem[]
  }
  finish(): Aggregate
}
