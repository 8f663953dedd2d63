import {
  decodeDistribution,
  fileText,
  ResultFormatError,
  type DistributionFileName,
  type DistributionRow,
  type TaskResult,
} from '@warren/task-api'

import type { ResultProblem } from './aggregator.ts'

export interface DistributionFile {
  readonly rows: readonly DistributionRow[]
}

export interface DistributionFiles {
  readonly files: readonly DistributionFile[]
  readonly problems: readonly ResultProblem[]
  /** The result states that it has rows, and none of them could be read. */
  readonly unreadable: boolean
}

/**
 * Reads the rows of a result's files named `name`. A broken file or row is reported and left out, and the others count. A
 * result that states that it has no rows has none, whatever its files contain.
 */
export function readDistributionFiles(
  result: TaskResult,
  name: DistributionFileName,
): DistributionFiles {
  const { count, files } = result.queryResult
  const named = count === 0 ? [] : files.filter(({ file_name }) => file_name === name)
  const read: DistributionFile[] = []
  const problems: ResultProblem[] = []
  for (const file of named) {
    try {
      const { rows, problems: rejected } = decodeDistribution(fileText(file))
      problems.push(...rejected.map((problem) => ({ file: name, ...problem })))
      if (rows.length > 0 || rejected.length === 0) read.push({ rows })
    } catch (error: unknown) {
      if (!(error instanceof ResultFormatError)) throw error
      problems.push({ file: name, line: 0, column: '', message: error.message })
    }
  }
  if (count > 0 && named.length === 0) {
    problems.push({ file: name, line: 0, column: '', message: 'is missing' })
  }
  return { files: read, problems, unreadable: count > 0 && read.length === 0 }
}
