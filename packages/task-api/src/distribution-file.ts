import type { DistributionRow } from './distribution-row.ts'
import { parseDecimal, parseInteger } from './wire-value.ts'

/** The counts of a collection by concept. */
export const CODE_DISTRIBUTION = 'code.distribution'
/** The counts of a collection by sex and genomics. */
export const DEMOGRAPHICS_DISTRIBUTION = 'demographics.distribution'

export type DistributionFileName = typeof CODE_DISTRIBUTION | typeof DEMOGRAPHICS_DISTRIBUTION

/** The name of the result file of an analysis; null for an analysis that Warren does not support. Case-sensitive. */
export function distributionFileName(analysis: string, code: string): DistributionFileName | null {
  if (analysis !== 'DISTRIBUTION') return null
  if (code === 'GENERIC') return CODE_DISTRIBUTION
  if (code === 'DEMOGRAPHICS') return DEMOGRAPHICS_DISTRIBUTION
  return null
}

type Column =
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

const STATISTICS = ['MIN', 'Q1', 'MEDIAN', 'MEAN', 'Q3', 'MAX'] as const
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
  rows: readonly DistributionRow[],
): string {
  const columns = COLUMNS[fileName]
  const lines = [columns.join('\t')]
  for (const row of rows) lines.push(columns.map((column) => FIELD[column](row)).join('\t'))
  return lines.join('\n').trimEnd()
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

/** Why a line of a file was skipped. `line` counts from 1 and includes the header. */
export interface RowProblem {
  readonly line: number
  readonly column: string
  readonly message: string
}

export interface DecodedDistribution {
  readonly rows: DistributionRow[]
  /** The first 100; `rejected` counts all skipped lines. */
  readonly problems: RowProblem[]
  readonly rejected: number
}

const MAX_PROBLEMS = 100

/**
 * Reads either file by the names in its header. Columns may be in any order, and there may be more of
 * them; lines may end in CRLF. Absent cells at the end of a row, and the `nan` of dataframe tools, are
 * empty. A quote is an ordinary character. Skips and reports rows with invalid numbers. Never throws.
 */
export function decodeDistribution(tsv: string): DecodedDistribution {
  const lines = tsv.replace(/^\uFEFF/, '').split('\n')
  const headerIndex = lines.findIndex((line) => line.trim() !== '')
  if (headerIndex === -1) {
    return {
      rows: [],
      problems: [{ line: 1, column: '', message: 'the file is empty' }],
      rejected: 0,
    }
  }
  const header = new Map<string, number>()
  for (const [index, name] of (lines[headerIndex] ?? '').split('\t').entries()) {
    const column = name.trim().toUpperCase()
    if (!header.has(column)) header.set(column, index)
  }
  const missing = ['CODE', 'COUNT'].filter((column) => !header.has(column))
  if (missing.length > 0) {
    const line = headerIndex + 1
    return {
      rows: [],
      problems: missing.map((column) => ({ line, column, message: 'is missing from the header' })),
      rejected: lines.slice(headerIndex + 1).filter((text) => text.trim() !== '').length,
    }
  }
  const rows: DistributionRow[] = []
  const problems: RowProblem[] = []
  let rejected = 0
  // One reader for all rows, because a file may have hundreds of thousands.
  const reader = new RowReader(header)
  for (let index = headerIndex + 1; index < lines.length; index++) {
    const text = lines[index] ?? ''
    if (text.trim() === '') continue
    const row = reader.read(text.split('\t'))
    if (reader.problems.length === 0) {
      rows.push(row)
      continue
    }
    rejected++
    for (const { column, message } of reader.problems) {
      if (problems.length < MAX_PROBLEMS) problems.push({ line: index + 1, column, message })
    }
  }
  return { rows, problems, rejected }
}

class RowReader {
  /** The problems of the last row. */
  problems: { column: Column; message: string }[] = []
  readonly #header: ReadonlyMap<string, number>
  #fields: readonly string[] = []

  constructor(header: ReadonlyMap<string, number>) {
    this.#header = header
  }

  read(fields: readonly string[]): DistributionRow {
    this.#fields = fields
    if (this.problems.length > 0) this.problems = []
    const code = this.#field('CODE')
    if (code === '') this.#problem('CODE', 'is empty')
    return {
      biobank: this.#field('BIOBANK'),
      code,
      count: this.#count(),
      description: this.#text('DESCRIPTION'),
      min: this.#statistic('MIN'),
      q1: this.#statistic('Q1'),
      median: this.#statistic('MEDIAN'),
      mean: this.#statistic('MEAN'),
      q3: this.#statistic('Q3'),
      max: this.#statistic('MAX'),
      alternatives: this.#text('ALTERNATIVES'),
      dataset: this.#text('DATASET'),
      omop: this.#omop(),
      omopDescription: this.#text('OMOP_DESCR'),
      category: this.#text('CATEGORY'),
    }
  }

  #field(column: Column): string {
    return this.#fields[this.#header.get(column) ?? -1]?.trim() ?? ''
  }

  #text(column: Column): string {
    const text = this.#field(column)
    return text === 'nan' || text === 'NaN' ? '' : text
  }

  #count(): number {
    const count = parseInteger(this.#field('COUNT'))
    if (count !== undefined && count >= 0) return count
    this.#problem('COUNT', 'is not a whole number of people')
    return 0
  }

  // Dataframe tools write 8507 as 8507.0 if the column has empty cells.
  #omop(): string {
    const text = this.#text('OMOP')
    return /^\d+\.0+$/.test(text) ? text.slice(0, text.indexOf('.')) : text
  }

  #statistic(column: (typeof STATISTICS)[number]): number | null {
    const text = this.#field(column)
    if (text === '' || /^[+-]?(?:nan|inf|infinity)$/i.test(text)) return null
    const number = parseDecimal(text)
    if (number !== undefined) return number
    this.#problem(column, 'is not a number')
    return null
  }

  #problem(column: Column, message: string): void {
    this.problems.push({ column, message })
  }
}
