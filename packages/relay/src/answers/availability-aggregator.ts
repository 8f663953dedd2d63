import type { EncodedResult } from '@warren/task-api/messages'

import {
  tooManyPeople,
  type Aggregate,
  type Aggregator,
  type AggregatorOptions,
} from './aggregator.ts'

/** Adds up people. */
export class AvailabilityAggregator implements Aggregator {
  readonly #options: Pick<AggregatorOptions, 'discloseCount' | 'bounds'>
  #people = 0

  constructor(options: Pick<AggregatorOptions, 'discloseCount' | 'bounds'>) {
    this.#options = options
  }

  add(result: EncodedResult): ReturnType<Aggregator['add']> {
    const { bounds } = this.#options
    const { count } = result.queryResult
    if (count > bounds.maxNodeCount) {
      const message = tooManyPeople(bounds)
      return { counted: false, problems: [{ file: '', line: 0, column: 'count', message }] }
    }
    this.#people += count
    return { counted: true, problems: [] }
  }

  finish(): Aggregate {
    return { count: this.#options.discloseCount(this.#people), files: [] }
  }
}
