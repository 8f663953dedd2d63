import { stripVTControlCharacters } from 'node:util'

const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u
const ZERO_WIDTH = /\p{Mark}|\u200d|\ufe0f/u
// oxlint-disable-next-line eslint/no-control-regex -- styles are escape sequences
const STYLE = /\u001b\[[\d;]*m/y

/** The number of terminal columns that `text` takes: styles take none, wide characters two. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text)) width += characterWidth(character)
  return width
}

/** Shortens `text` to `width` columns, with … at its end. Keeps all styles, so that none stays open. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 0
  let full = false
  for (let index = 0; index < text.length;) {
    STYLE.lastIndex = index
    const style = STYLE.exec(text)?.[0]
    if (style !== undefined) {
      kept += style
      index += style.length
      continue
    }
    const character = String.fromCodePoint(text.codePointAt(index) ?? 0)
    index += character.length
    if (full) continue
    used += characterWidth(character)
    full = used > width - 1
    kept += full ? '…' : character
  }
  return kept
}

export interface WrapOptions {
  /** In front of the first line; counts towards the width. */
  readonly first?: string
  /** In front of every further line. */
  readonly rest?: string
}

/** Lines of at most `width` columns, broken at spaces only: a longer word gets a line to itself. */
export function wrapWords(
  text: string,
  width: number,
  { first = '', rest = '' }: WrapOptions = {},
): string[] {
  const lines: string[] = []
  let line = first
  let hasWord = false
  for (const word of text.split(' ').filter((one) => one !== '')) {
    const longer = hasWord ? `${line} ${word}` : line + word
    if (hasWord && displayWidth(longer) > width) {
      lines.push(line)
      line = rest + word
    } else line = longer
    hasWord = true
  }
  return [...lines, line]
}

/** Columns of the longest word, which are the least that `wrapWords` needs. */
export function longestWord(text: string): number {
  return Math.max(0, ...text.split(' ').map((word) => displayWidth(word)))
}

function characterWidth(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}
