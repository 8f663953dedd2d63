import { displayWidth } from '@warren/runtime/cli'

// Text is not wrapped at less than this, even on a narrower terminal.
const MIN_COLUMNS = 30

// A number and its unit stay together.
const SPACE = / (?!(?:ms|s|min|h|d|%)(?!\p{L}))/u

/** Wraps a text to lines of at most `columns`, each indented. A longer word gets its own line. */
export function wrapped(text: string, columns: number, indent: string): string[] {
  const width = Math.max(MIN_COLUMNS, columns) - indent.length
  const lines: string[] = []
  let line = ''
  for (const word of text.split(SPACE)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && displayWidth(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line].map((one) => indent + one)
}

/** At most `max` characters, with … if some are left out. */
export function shortened(text: string, max: number): string {
  const room = Math.max(MIN_COLUMNS, max)
  return text.length <= room ? text : `${text.slice(0, room - 1).toWellFormed()}…`
}
