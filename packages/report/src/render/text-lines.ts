import { displayWidth } from '@warren/runtime/cli'

// Below this a text would be a column of single words.
const NARROWEST = 30

// A number and its unit stay together.
const SPACE = / (?!(?:ms|s|min|h|d|%)(?!\p{L}))/u

/** A text in lines of at most `columns`, each indented; a word that is longer stands on a line of its own. */
export function wrapped(text: string, columns: number, indent: string): string[] {
  const width = Math.max(NARROWEST, columns) - indent.length
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

/** At most that many characters, with … where some were left out. */
export function shortened(text: string, most: number): string {
  const room = Math.max(NARROWEST, most)
  return text.length <= room ? text : `${text.slice(0, room - 1).toWellFormed()}…`
}
