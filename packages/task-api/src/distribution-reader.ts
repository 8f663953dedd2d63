import { STATISTICS, type Column } from './distribution-file.ts'
import type { DistributionRow } from './distribution-row.ts'
import { parseDecimal, parseInteger } from './wire-value.ts'

/** Why a line of a file was skipped. `line` counts from 1 and includes the header. 0: the whole file. */
export interface RowProblem {
  readonly line: number
  readonly column: string
  readonly message: string
}

export interface DecodedDistribution {
  readonly rows: DistributionRow[]
  /** The first 100; `rejected` counts all skipped lines. */
  readonly problems: readonly RowProblem[]
  readonly rejected: number
}

/** A row with a valid CODE and COUNT. `row` reads its other cells. */
export interface DistributionLine {
  readonly line: number
  readonly code: string
  readonly count: number
  readonly row: () => DistributionRow
}

export interface DistributionReaderOptions {
  /** Longer lines are skipped and never in memory as a whole. Default: no limit. */
  readonly maxLineLength?: number
  /** `check`: a row with an invalid statistic is skipped. `ignore`: an invalid statistic is null. */
  readonly statistics: 'check' | 'ignore'
}

const MAX_PROBLEMS = 100

/**
 * Reads either distribution file, one row at a time, by the names in its header. Columns may be in any order, and there may
 * be more of them; lines may end in CRLF. Absent cells at the end of a row, and the `nan` of dataframe tools, are empty. A
 * quote is an ordinary character. Skips and reports rows with invalid numbers.
 */
export class DistributionReader {
  /** The first 100 problems. */
  readonly problems: RowProblem[] = []
  /** How many lines were skipped. */
  rejected = 0
  readonly #maxLineLength: number
  readonly #checksStatistics: boolean

  constructor({ maxLineLength = Infinity, statistics }: DistributionReaderOptions) {
    this.#maxLineLength = maxLineLength
    this.#checksStatistics = statistics === 'check'
  }

  /** `pieces` is the text of the file, split anywhere. A yielded line is valid until the next one is read. */
  *lines(pieces: Iterable<string>): Generator<DistributionLine, void, void> {
    let number = 0
    let cells: RowCells | null | undefined
    for (const text of splitLines(pieces, this.#maxLineLength)) {
      number++
      if (text === null) {
        this.#skip(number, [
          { column: '', message: `is longer than ${this.#maxLineLength} characters` },
        ])
        continue
      }
      if (text.trim() === '') continue
      if (cells === undefined) {
        cells = this.#readHeader(number, text)
      } else if (cells === null) {
        this.rejected++
      } else {
        cells.read(number, text, this.#checksStatistics)
        if (cells.problems.length === 0) yield cells
        else this.#skip(number, cells.problems)
      }
    }
    if (cells === undefined)
      this.problems.push({ line: 1, column: '', message: 'the file is empty' })
  }

  /** Null without the required columns. */
  #readHeader(line: number, text: string): RowCells | null {
    const header = new Map<string, number>()
    for (const [index, name] of text.split('\t').entries()) {
      const column = name.trim().toUpperCase()
      if (!header.has(column)) header.set(column, index)
    }
    const missing = ['CODE', 'COUNT'].filter((column) => !header.has(column))
    for (const column of missing) {
      this.problems.push({ line, column, message: 'is missing from the header' })
    }
    return missing.length > 0 ? null : new RowCells(header)
  }

  #skip(line: number, problems: readonly Omit<RowProblem, 'line'>[]): void {
    this.rejected++
    for (const { column, message } of problems) {
      if (this.problems.length < MAX_PROBLEMS) this.problems.push({ line, column, message })
    }
  }
}

/** Reads a whole file that is in memory. Never throws. */
export function decodeDistribution(tsv: string): DecodedDistribution {
  const reader = new DistributionReader({ statistics: 'check' })
  const rows: DistributionRow[] = []
  for (const line of reader.lines([tsv])) rows.push(line.row())
  return { rows, problems: reader.problems, rejected: reader.rejected }
}

/** Null stands for a line that is too long. */
function* splitLines(pieces: Iterable<string>, maxLength: number): Generator<string | null> {
  let rest = ''
  let isTooLong = false
  for (const piece of pieces) {
    const text = rest + piece
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      yield isTooLong || end - start > maxLength ? null : text.slice(start, end)
      isTooLong = false
      start = end + 1
    }
    rest = isTooLong ? '' : text.slice(start)
    if (rest.length > maxLength) {
      isTooLong = true
      rest = ''
    }
  }
  yield isTooLong ? null : rest
}

/** The cells of the current row. One object for all rows, because a file may have hundreds of thousands. */
class RowCells implements DistributionLine {
  line = 0
  code = ''
  count = 0
  problems: { column: Column; message: string }[] = []
  readonly #header: ReadonlyMap<string, number>
  /** CODE and COUNT are among this many cells. Most rows need no others. */
  readonly #firstCells: number
  #text = ''
  #fields: readonly string[] = []

  constructor(header: ReadonlyMap<string, number>) {
    this.#header = header
    this.#firstCells = Math.max(header.get('CODE') ?? 0, header.get('COUNT') ?? 0) + 1
  }

  read(line: number, text: string, checksStatistics: boolean): void {
    this.line = line
    this.#text = text
    this.#fields = text.split('\t', checksStatistics ? undefined : this.#firstCells)
    if (this.problems.length > 0) this.problems = []
    this.code = this.#field('CODE')
    if (this.code === '') this.#problem('CODE', 'is empty')
    this.count = this.#count()
    if (checksStatistics) for (const column of STATISTICS) this.#checkStatistic(column)
  }

  row(): DistributionRow {
    this.#fields = this.#text.split('\t')
    return {
      biobank: this.#field('BIOBANK'),
      code: this.code,
      count: this.count,
      description: this.#words('DESCRIPTION'),
      min: this.#statistic('MIN'),
      q1: this.#statistic('Q1'),
      median: this.#statistic('MEDIAN'),
      mean: this.#statistic('MEAN'),
      q3: this.#statistic('Q3'),
      max: this.#statistic('MAX'),
      alternatives: this.#words('ALTERNATIVES'),
      dataset: this.#words('DATASET'),
      omop: this.#omop(),
      omopDescription: this.#words('OMOP_DESCR'),
      category: this.#words('CATEGORY'),
    }
  }

  #field(column: Column): string {
    return this.#fields[this.#header.get(column) ?? -1]?.trim() ?? ''
  }

  #words(column: Column): string {
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
    const text = this.#words('OMOP')
    return /^\d+\.0+$/.test(text) ? text.slice(0, text.indexOf('.')) : text
  }

  #statistic(column: (typeof STATISTICS)[number]): number | null {
    return parseDecimal(this.#field(column)) ?? null
  }

  #checkStatistic(column: (typeof STATISTICS)[number]): void {
    const text = this.#field(column)
    if (text === '' || /^[+-]?(?:nan|inf|infinity)$/i.test(text)) return
    if (parseDecimal(text) === undefined) this.#problem(column, 'is not a number')
  }

  #problem(column: Column, message: string): void {
    this.problems.push({ column, message })
  }
}
