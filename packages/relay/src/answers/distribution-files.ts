import {
  DistributionReader,
  fileTextPieces,
  ResultFormatError,
  type DistributionFileName,
  type DistributionLine,
  type EncodedResult,
} from '@warren/task-api/messages'

import type { ResultProblem } from './aggregator.ts'
import { MAX_FILES, MAX_LINE_LENGTH, type CombineBounds } from './combine-bounds.ts'

export interface DistributionFiles {
  readonly problems: readonly ResultProblem[]
  /** The result states that it has rows, and none of them could be read. */
  readonly unreadable: boolean
}

/**
 * Passes the rows of each file named `name` to `useRows`, one at a time. A broken file or row is reported and left out, and
 * the others count. A result that states that it has no rows has none, whatever its files contain.
 */
export function readDistributionFiles(
  result: EncodedResult,
  name: DistributionFileName,
  { maxNodeRows }: CombineBounds,
  useRows: (rows: Iterable<DistributionLine>) => void,
): DistributionFiles {
  const { count, files } = result.queryResult
  const named = count === 0 ? [] : files.filter(({ file_name }) => file_name === name)
  const problems: ResultProblem[] = []
  const report = (message: string): void =>
    void problems.push({ file: name, line: 0, column: '', message })
  let rows = 0
  let readable = 0

  function* firstRows(lines: Iterable<DistributionLine>): Generator<DistributionLine> {
    for (const line of lines) {
      if (rows >= maxNodeRows) {
        report(`has more than ${maxNodeRows} rows (RELAY_MAX_NODE_ROWS)`)
        return
      }
      rows++
      yield line
    }
  }

  for (const file of named.slice(0, MAX_FILES)) {
    const before = rows
    const reader = new DistributionReader({ statistics: 'ignore', maxLineLength: MAX_LINE_LENGTH })
    try {
      useRows(firstRows(reader.lines(fileTextPieces(file))))
      if (rows > before || reader.problems.length === 0) readable++
      problems.push(...reader.problems.map((problem) => ({ file: name, ...problem })))
    } catch (error: unknown) {
      if (!(error instanceof ResultFormatError)) throw error
      report(error.message)
    }
  }
  if (count > 0 && named.length === 0) report('is missing')
  if (named.length > MAX_FILES) report(`occurs more than ${MAX_FILES} times`)
  return { problems, unreadable: count > 0 && readable === 0 }
}
