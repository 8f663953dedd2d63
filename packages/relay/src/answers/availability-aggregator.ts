import type { TaskResult } from '@warren/task-api'

import type { Aggregate, Aggregator, DiscloseCount } from './aggregator.ts'
import { addExactly } from './exact-sum.ts'

/** Adds up people. */
export class AvailabilityAggregator implements Aggregator {
  readonly #discloseCount: DiscloseCount
  #people = 0

  constructor(discloseCount: DiscloseCount) {
    this.#discloseCount = discloseCount
  }

  add(result: TaskResult): ReturnType<Aggregator['add']> {
    this.#people = addExactly(this.#people, result.queryResult.count)
    return { counted: true, problems: [] }
  }

  finish(): Aggregate {
    return { count: this.#discloseCount(this.#people), files: [] }
  }
}
