import { decodeDistribution } from './distribution-reader.ts'
import type { DistributionRow } from './distribution-row.ts'
import { ResultFormatError } from './format-error.ts'
import { type EncodedFile, fileTextPieces } from './result-file.ts'
import type { EncodedResult } from './task-result.ts'

/** A row of a distribution, for people. */
export interface ReadableRow {
  readonly code: string
  /** With the numbers of alternatives, if there are any: `Sex: Male 30, Female 30`. */
  readonly description: string
  readonly category: string
  readonly people: number
  /** As on the wire: `^Male|30^Female|30^`. */
  readonly alternatives: string
}

/** The rows of all distributions in a result. */
export function readableRows({ queryResult }: EncodedResult): readonly ReadableRow[] {
  return queryResult.files
    .filter(({ file_name }) => file_name.endsWith('.distribution'))
    .flatMap((file) => decodeDistribution([...readablePieces(file)].join('')).rows)
    .map((row) => ({
      code: row.code,
      description: describe(row),
      category: row.category,
      people: row.count,
      alternatives: row.alternatives,
    }))
}

/** The text of a file in pieces: decoded, unless it was left readable. */
export function readablePieces(file: EncodedFile): Iterable<string> {
  try {
    return fileTextPieces(file)
  } catch (error: unknown) {
    if (!(error instanceof ResultFormatError)) throw error
    return [file.file_data.toString()]
  }
}

function describe(row: DistributionRow): string {
  const description = row.omopDescription === '' ? row.description : row.omopDescription
  const alternatives = row.alternatives
    .split('^')
    .filter((part) => part !== '')
    .map((part) => part.replace('|', ' '))
    .join(', ')
  return [description, alternatives].filter((text) => text !== '').join(': ')
}
