import {
  CODE_DISTRIBUTION,
  encodeDistribution,
  resultFile,
  type DistributionRow,
  type TaskResult,
} from '@warren/task-api'

import type { Aggregate, Aggregator, DiscloseCount } from './aggregator.ts'
import { readDistributionFiles } from './distribution-files.ts'
import { addExactly } from './exact-sum.ts'
import { combinedRow } from './combined-row.ts'

interface Code {
  readonly first: DistributionRow
  people: number
}

/** Adds up people by code. Codes are case-sensitive and keep the order in which they were first seen. */
export class GenericAggregator implements Aggregator {
  readonly #collection: string
  readonly #discloseCount: DiscloseCount
  readonly #dropSuppressed: boolean
  readonly #codes = new Map<string, Code>()

  constructor(options: {
    collection: string
    discloseCount: DiscloseCount
    dropSuppressedRows: boolean
  }) {
    this.#collection = options.collection
    this.#discloseCount = options.discloseCount
    this.#dropSuppressed = options.dropSuppressedRows
  }

  add(result: TaskResult): ReturnType<Aggregator['add']> {
    const { files, problems, unreadable } = readDistributionFiles(result, CODE_DISTRIBUTION)
    for (const { rows } of files) for (const row of rows) this.#addRow(row)
    return { counted: !unreadable, problems }
  }

  #addRow(row: DistributionRow): void {
    const known = this.#codes.get(row.code)
    if (known === undefined) this.#codes.set(row.code, { first: row, people: row.count })
    else known.people = addExactly(known.people, row.count)
  }

  finish(): Aggregate {
    const rows = [...this.#codes.values()]
      .map(({ first, people }) =>
        combinedRow(first, {
          collection: this.#collection,
          count: this.#discloseCount(people),
          alternatives: '',
        }),
      )
      .filter(({ count }) => count > 0 || !this.#dropSuppressed)
    if (rows.length === 0) return { count: 0, files: [] }
    const file = resultFile({
      name: CODE_DISTRIBUTION,
      text: encodeDistribution(CODE_DISTRIBUTION, rows),
      description: `${CODE_DISTRIBUTION} analysis results`,
      sensitive: true,
    })
    return { count: rows.length, files: [file] }
  }
}
