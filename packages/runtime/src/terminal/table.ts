import { stripVTControlCharacters } from 'node:util'

export type Cell = string | number | bigint | boolean | null | undefined
export interface TableOptions {
  head?: readonly string[]
  /** True for a person at a terminal, false for a pipe: `io.stdout.isTTY === true`. */
  tty: boolean
}

const GAP = '  '

/**
 * Rows as text, each line ended by a newline. On a terminal columns are aligned under an optional head, numbers to
 * the right; in a pipe there is one tab between cells, no head and no style, so that `cut` and `awk` work.
 */
export function formatTable(
  rows: readonly (readonly Cell[])[],
  { head, tty }: TableOptions,
): string {
  const cells = rows.map((row) => row.map((cell) => formatCell(cell)))
  if (!tty) {
    const plain = cells.map((row) => row.map((cell) => stripVTControlCharacters(cell)))
    return plain.map((row) => `${row.join('\t')}\n`).join('')
  }

  const lines = head === undefined ? cells : [[...head], ...cells]
  const columns = Math.max(0, ...lines.map((line) => line.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    lines.reduce((widest, line) => Math.max(widest, displayWidth(line[column] ?? '')), 0),
  )
  const numeric = Array.from(
    { length: columns },
    (_, column) => rows.length > 0 && rows.every((row) => isNumeric(row[column])),
  )
  const format = (line: readonly string[]): string =>
    line
      .map((cell, column) => pad(cell, widths[column] ?? 0, numeric[column] ?? false))
      .join(GAP)
      .trimEnd()
  return lines.map((line) => `${format(line)}\n`).join('')
}

/** Columns of a terminal that `text` takes, styles not counted, wide characters counted twice. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text)) {
    if (/\p{Mark}|\u200d|\ufe0f/u.test(character)) continue
    width +=
      /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u.test(
        character,
      )
        ? 2
        : 1
  }
  return width
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
