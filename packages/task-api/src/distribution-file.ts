import type { DistributionRow } from './distribution-row.ts'

/** The counts of a collection by concept. */
export const CODE_DISTRIBUTION = 'code.distribution'
/** The counts of a collection by sex and genomics. */
export const DEMOGRAPHICS_DISTRIBUTION = 'demographics.distribution'

export type DistributionFileName = typeof CODE_DISTRIBUTION | typeof DEMOGRAPHICS_DISTRIBUTION

/** The name of the result file of an analysis; null for an analysis that Warren does not support. Case-sensitive. */
export function distributionFileName(analysis: string, code: string): DistributionFileName | null {
  if (analysis !== 'DISTRIBUTION') return null
  if (code === 'GENERIC' || code === 'ICD-MAIN') return CODE_DISTRIBUTION
  if (code === 'DEMOGRAPHICS') return DEMOGRAPHICS_DISTRIBUTION
  return null
}

export type Column =
  | 'BIOBANK'
  | 'CODE'
  | 'COUNT'
  | 'DESCRIPTION'
  | 'MIN'
  | 'Q1'
  | 'MEDIAN'
  | 'MEAN'
  | 'Q3'
  | 'MAX'
  | 'ALTERNATIVES'
  | 'DATASET'
  | 'OMOP'
  | 'OMOP_DESCR'
  | 'CATEGORY'

export const STATISTICS = ['MIN', 'Q1', 'MEDIAN', 'MEAN', 'Q3', 'MAX'] as const
const TAIL = [...STATISTICS, 'ALTERNATIVES', 'DATASET', 'OMOP', 'OMOP_DESCR', 'CATEGORY'] as const

// The two files differ in the order of two columns, and some readers identify columns by position.
const COLUMNS: Record<DistributionFileName, readonly Column[]> = {
  [CODE_DISTRIBUTION]: ['BIOBANK', 'CODE', 'COUNT', 'DESCRIPTION', ...TAIL],
  [DEMOGRAPHICS_DISTRIBUTION]: ['BIOBANK', 'CODE', 'DESCRIPTION', 'COUNT', ...TAIL],
}

/**
 * Writes a distribution file: tab-separated, header first, without quotes or a final newline. Trims white
 * space at the end of the file, like the Python bunny. Tabs and line ends inside a text would shift
 * columns, so they become spaces.
 */
export function encodeDistribution(
  fileName: DistributionFileName,
  rows: Iterable<DistributionRow>,
): string {
  return [...distributionPieces(fileName, rows)].join('')
}

/** The header of a distribution file. */
export function columnsOf(fileName: DistributionFileName): readonly string[] {
  return COLUMNS[fileName]
}

/** One row as a line, without its end. */
export function distributionLine(fileName: DistributionFileName, row: DistributionRow): string {
  return COLUMNS[fileName].map((column) => FIELD[column](row)).join('\t')
}

const PIECE_LENGTH = 48_000

/** The text of `encodeDistribution` in pieces, so that a large file is never in memory as a whole. */
export function* distributionPieces(
  fileName: DistributionFileName,
  rows: Iterable<DistributionRow>,
): Generator<string> {
  let piece = COLUMNS[fileName].join('\t')
  for (const row of rows) {
    // The last row is not known yet, so a piece never ends with a row that might have to be trimmed.
    if (piece.length > PIECE_LENGTH) {
      const line = piece.lastIndexOf('\n')
      yield piece.slice(0, line)
      piece = piece.slice(line)
    }
    piece += `\n${distributionLine(fileName, row)}`
  }
  yield piece.trimEnd()
}

const FIELD: Record<Column, (row: DistributionRow) => string> = {
  BIOBANK: (row) => plainText(row.biobank),
  CODE: (row) => plainText(row.code),
  COUNT: (row) => integerText(row.count),
  DESCRIPTION: (row) => plainText(row.description),
  MIN: (row) => decimalText(row.min),
  Q1: (row) => decimalText(row.q1),
  MEDIAN: (row) => decimalText(row.median),
  MEAN: (row) => decimalText(row.mean),
  Q3: (row) => decimalText(row.q3),
  MAX: (row) => decimalText(row.max),
  ALTERNATIVES: (row) => plainText(row.alternatives),
  DATASET: (row) => plainText(row.dataset),
  OMOP: (row) => plainText(row.omop),
  OMOP_DESCR: (row) => plainText(row.omopDescription),
  CATEGORY: (row) => plainText(row.category),
}

function plainText(text: string): string {
  // Most fields of most rows are empty, and there may be millions of them.
  if (text === '') return ''
  return text.replaceAll(/[\t\r\n]+/g, ' ').trim()
}

function integerText(count: number): string {
  if (!Number.isSafeInteger(count)) throw new RangeError('COUNT must be a whole number')
  return String(count)
}

function decimalText(value: number | null): string {
  return value === null || !Number.isFinite(value) ? '' : String(value)
}
