import type { TaskResult } from '@warren/task-api'

import type { Aggregate, Aggregator, Publish } from './aggregator.ts'
import { addExactly } from './exact-sum.ts'

/** The sum of people. */
export class AvailabilityAggregator implements Aggregator {
  readonly #publish: Publish
  #people = 0

  constructor(publish: Publish) {
    this.#publish = publish
  }

  add(answer: TaskResult): ReturnType<Aggregator['add']> {
    this.#people = addExactly(this.#people, answer.queryResult.count)
    return { counted: true, problems: [] }
  }

  finish(): Aggregate {
    return { count: this.#publish(this.#people), files: [] }
  }
}
