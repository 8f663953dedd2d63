import {
  CODE_DISTRIBUTION,
  distributionPieces,
  resultFileOfPieces,
  type DistributionLine,
  type DistributionRow,
  type EncodedResult,
} from '@warren/task-api/messages'

import {
  maxFileBytes,
  combinedTooLarge,
  tooManyPeople,
  type Aggregate,
  type Aggregator,
  type AggregatorOptions,
} from './aggregator.ts'
import { CodeTable } from './code-table.ts'
import { MAX_CODE_LENGTH } from './combine-bounds.ts'
import { readDistributionFiles } from './distribution-files.ts'
import { LeftOutRows } from './left-out-rows.ts'
import { combinedRow, rowBytes, RowNameReader } from './row-names.ts'
import { copyOf, isSafeCode } from './safe-text.ts'

/** Adds up people by code. Codes are case-sensitive and keep the order in which they were first seen. */
export class GenericAggregator implements Aggregator {
  readonly #options: AggregatorOptions
  readonly #codes = new CodeTable()
  readonly #names = new RowNameReader()
  #bytesLeft: number
  /** A row did not fit. Shorter ones are not tried, because a node may send hundreds of thousands. */
  #isFull = false
  #nodes = 0

  constructor(options: AggregatorOptions) {
    this.#options = options
    this.#bytesLeft = maxFileBytes(options.bounds)
  }

  add(result: EncodedResult): ReturnType<Aggregator['add']> {
    const node = this.#nodes++
    const leftOut = new LeftOutRows(CODE_DISTRIBUTION)
    let rows = 0
    const { problems, unreadable } = readDistributionFiles(
      result,
      CODE_DISTRIBUTION,
      this.#options.bounds,
      (lines) => {
        for (const line of lines) {
          rows++
          this.#addRow(node, line, leftOut)
        }
      },
    )
    const isUsable = rows === 0 || rows > leftOut.rows
    return { counted: !unreadable && isUsable, problems: [...problems, ...leftOut.toProblems()] }
  }

  #addRow(node: number, line: DistributionLine, leftOut: LeftOutRows): void {
    const { bounds } = this.#options
    if (line.count > bounds.maxNodeCount) return leftOut.add('COUNT', tooManyPeople(bounds))
    let code = this.#codes.find(line.code)
    if (code === undefined) {
      if (!isSafeCode(line.code, MAX_CODE_LENGTH)) return leftOut.add('CODE', 'is not a code')
      const added = this.#addCode(line)
      if (added === null) return leftOut.add('', combinedTooLarge(bounds))
      code = added
    }
    if (!this.#codes.addPeople(code, node, line.count, bounds.maxNodeCount)) {
      leftOut.add('COUNT', tooManyPeople(bounds))
    }
  }

  #addCode(line: DistributionLine): number | null {
    if (this.#isFull) return null
    const names = this.#names.read(line.row())
    const bytes = rowBytes(this.#options.collection, line.code, names)
    this.#isFull = bytes > this.#bytesLeft
    if (this.#isFull) return null
    this.#bytesLeft -= bytes
    return this.#codes.add(copyOf(line.code), names)
  }

  finish(): Aggregate {
    let count = 0
    const rows = this.#rows()
    function* counted(): Generator<DistributionRow> {
      for (const row of rows) {
        count++
        yield row
      }
    }
    const file = resultFileOfPieces(
      {
        name: CODE_DISTRIBUTION,
        description: `${CODE_DISTRIBUTION} analysis results`,
        sensitive: true,
      },
      distributionPieces(CODE_DISTRIBUTION, counted()),
    )
    return count === 0 ? { count: 0, files: [] } : { count, files: [file] }
  }

  *#rows(): Generator<DistributionRow> {
    const { collection, discloseCount, dropSuppressedRows } = this.#options
    for (const { code, names, people: all } of this.#codes.rows()) {
      const people = discloseCount(all)
      if (people === 0 && dropSuppressedRows) continue
      yield combinedRow(names, { biobank: collection, code, count: people, alternatives: '' })
    }
  }
}
