import { stripVTControlCharacters } from 'node:util'

import type { CliIo } from './cli-io.ts'
import { columnsOf } from './columns.ts'
import { displayWidth, longestWord, truncate, wrapWords } from './text-width.ts'

export type Cell = string | number | bigint | boolean | null | undefined

export interface TableOptions {
  head?: readonly string[]
  /** True on a terminal, false in a pipe: `io.stdout.isTTY === true`. */
  tty: boolean
  /** Maximum width of a line on a terminal; default: unlimited. */
  columns?: number
}

const GAP = '  '
/** A second column narrower than this goes below the first. */
const MIN_VALUE_WIDTH = 8

/** Writes rows to standard output, fitted to the terminal. */
export function writeTable(
  { stdout, env }: CliIo,
  rows: readonly (readonly Cell[])[],
  { head }: { head?: readonly string[] } = {},
): void {
  const tty = stdout.isTTY === true
  const columns = columnsOf(stdout, env)
  stdout.write(formatTable(rows, { tty, columns, ...(head === undefined ? {} : { head }) }))
}

/**
 * Rows as text, each line ended by a newline. On a terminal columns are aligned under an optional head, numbers to
 * the right, and cells wrap at spaces where the table is too wide; a table that cannot be made narrow enough becomes
 * a list of records. In a pipe there is one tab between cells, no head and no style, so that `cut` and `awk` work.
 */
export function formatTable(
  rows: readonly (readonly Cell[])[],
  { head, tty, columns = Number.POSITIVE_INFINITY }: TableOptions,
): string {
  const cells = rows.map((row) => row.map((cell) => formatCell(cell)))
  if (!tty) {
    const plain = cells.map((row) => row.map((cell) => stripVTControlCharacters(cell)))
    return plain.map((row) => `${row.join('\t')}\n`).join('')
  }

  const lines = head === undefined ? cells : [[...head], ...cells]
  const count = Math.max(0, ...lines.map((line) => line.length))
  const natural = columnWidths(lines, count, displayWidth)
  const narrowest = columnWidths(lines, count, longestWord)
  const numeric = Array.from(
    { length: count },
    (_, column) => rows.length > 0 && rows.every((row) => isNumeric(row[column])),
  )
  const widths = fittingWidths(natural, narrowest, columns - GAP.length * (count - 1))
  const text =
    widths !== undefined
      ? lines.flatMap((line) => rowLines(line, widths, numeric))
      : count === 2 && columns - (natural[0] ?? 0) - GAP.length >= MIN_VALUE_WIDTH
        ? lines.flatMap((line) => pairLines(line, natural[0] ?? 0, columns))
        : cells.flatMap((row, index) => [
            ...(index > 0 ? [''] : []),
            ...recordLines(row, head, columns),
          ])
  return text.map((line) => `${line}\n`).join('')
}

function columnWidths(
  lines: readonly (readonly string[])[],
  count: number,
  measure: (cell: string) => number,
): number[] {
  return Array.from({ length: count }, (_, column) =>
    lines.reduce((widest, line) => Math.max(widest, measure(line[column] ?? '')), 0),
  )
}

/** Widths that add up to `available`, taken from the widest columns first; undefined if a word would have to be cut. */
function fittingWidths(
  natural: readonly number[],
  narrowest: readonly number[],
  available: number,
): readonly number[] | undefined {
  const widths = [...natural]
  let excess = widths.reduce((sum, width) => sum + width, 0) - available
  while (excess > 0) {
    const slack = widths.map((width, column) => (width > (narrowest[column] ?? 0) ? width : 0))
    const widest = slack.indexOf(Math.max(...slack))
    if ((slack[widest] ?? 0) === 0) return undefined
    widths[widest] = (widths[widest] ?? 0) - 1
    excess -= 1
  }
  return widths
}

function rowLines(
  line: readonly string[],
  widths: readonly number[],
  numeric: readonly boolean[],
): string[] {
  const parts = widths.map((width, column) => cellLines(line[column] ?? '', width))
  const height = Math.max(1, ...parts.map((part) => part.length))
  return Array.from({ length: height }, (_, row) =>
    parts
      .map((part, column) => pad(part[row] ?? '', widths[column] ?? 0, numeric[column] ?? false))
      .join(GAP)
      .trimEnd(),
  )
}

function cellLines(cell: string, width: number): string[] {
  return displayWidth(cell) <= width ? [cell] : wrapWords(cell, width)
}

/** A name and its value on one line, or the value below the name if one of its words is too long. */
function pairLines([name = '', value = '']: readonly string[], width: number, columns: number) {
  const indent = ' '.repeat(width + GAP.length)
  if (longestWord(value) + indent.length <= columns) {
    return wrapWords(value, columns, { first: pad(name, width, false) + GAP, rest: indent }).map(
      (line) => line.trimEnd(),
    )
  }
  return [name, ...indented(value, columns)]
}

/** One row as a block: a cell per line, after its name in the head. */
function recordLines(
  row: readonly string[],
  head: readonly string[] | undefined,
  columns: number,
): string[] {
  const nameWidth = Math.max(0, ...(head ?? []).map((name) => displayWidth(name)))
  return row.flatMap((cell, column) => {
    if (head === undefined) {
      return column === 0 ? [truncate(cell, columns)] : indented(cell, columns)
    }
    return pairLines([head[column] ?? '', cell], nameWidth, columns)
  })
}

function indented(text: string, columns: number): string[] {
  return wrapWords(text, columns, { first: GAP, rest: GAP }).map((line) => truncate(line, columns))
}

function pad(cell: string, width: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(cell)))
  return right ? blanks + cell : cell + blanks
}

function isNumeric(cell: Cell): boolean {
  return typeof cell === 'number' || typeof cell === 'bigint'
}

function formatCell(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  // A tab or a newline inside a cell would make two cells or two rows of it.
  return String(cell).replaceAll(/[\t\r\n]+/g, ' ')
}
