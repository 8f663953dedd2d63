import { KEPT_SHAPE, LINE_HEAD, LONG_ID } from './kept-shapes.ts'
import { KNOWN_PARTS, partsOf } from './known-words.ts'

const CUT = '…'
const WORD = /[\p{L}\p{M}\p{N}_]+/uy
/** Punctuation never identifies anyone. Everything that is neither a word nor one of these is cut. */
const MARK = /[\t -/:-@[-^`{-~]/

/**
 * Cuts quoted lines to what the lines of known programs may hold: their words, times, statuses, durations, shortened IDs, and names that
 * the report mentions anyway. The rest, such as the free text of an exception, becomes `…`. Expects masked text.
 */
export class LineQuoter {
  /** In lower case. */
  readonly #names: ReadonlySet<string>

  /** @param names of components, as the report shows them */
  constructor(names: Iterable<string>) {
    this.#names = new Set(
      [...names].filter((name) => NAME.test(name)).map((name) => name.toLowerCase()),
    )
  }

  quote(line: string): string {
    const out = new Output()
    let at = LINE_HEAD.exec(line)?.[0].length ?? 0
    out.keep(line.slice(0, at))
    while (at < line.length) {
      const kept = sticky(KEPT_SHAPE, line, at)
      if (kept !== '') {
        out.keep(kept)
        at += kept.length
        continue
      }
      const name = this.#nameAt(line, at)
      if (name !== '') {
        out.keep(name)
        at += name.length
        continue
      }
      LONG_ID.lastIndex = at
      const id = LONG_ID.exec(line)
      if (id !== null) {
        out.keep(id.groups?.['first'] ?? '')
        out.cut()
        at += id[0].length
        continue
      }
      const word = sticky(WORD, line, at)
      if (word !== '') {
        if (isKnown(word)) out.keep(word)
        else out.cut()
        at += word.length
        continue
      }
      const mark = line[at] ?? ''
      if (MARK.test(mark)) out.mark(mark)
      else out.cut()
      at++
    }
    return out.text
  }

  /** The longest name of a component that begins at a position and ends with a word; '' if there is none. */
  #nameAt(line: string, at: number): string {
    if (this.#names.size === 0 || WORD_END.test(line[at - 1] ?? '')) return ''
    for (let name = sticky(NAME_LIKE, line, at); name !== ''; name = name.replace(LAST_PART, ''))
      if (this.#names.has(name.toLowerCase())) return name
    return ''
  }
}

/** Only these can be names: a sentence or a number that a client gives as its user name is cut. */
const NAME = /^(?=.*\p{L})[\p{L}\p{N}_][\p{L}\p{N}_.@-]{1,99}$/u
const NAME_LIKE = /[\p{L}\p{N}_][\p{L}\p{N}_.@-]{0,99}/uy
const LAST_PART = /(?:^|[.@-]+)[\p{L}\p{N}_]*$/u
const WORD_END = /[\p{L}\p{M}\p{N}_]/u

function sticky(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0] ?? ''
}

function isKnown(word: string): boolean {
  const parts = partsOf(word)
  const known = parts.filter((part) => KNOWN_PARTS.has(part.toLowerCase()))
  // A single digit numbers things: `__username_0`.
  return known.length > 0 && parts.every((part) => known.includes(part) || /^\d$/.test(part))
}

const ANONYMOUS = new LineQuoter([])

/** What a log line gives as the reason of a failure, without the text that is not known. */
export function knownReason(text: string): string {
  return ANONYMOUS.quote(text)
}

/** Joins what is cut, with the punctuation between it, to one mark. */
class Output {
  text = ''
  /** Length of the text after the last cut, while only punctuation follows it; -1 otherwise. */
  #afterCut = -1

  keep(text: string): void {
    if (text === '') return
    this.text += text
    this.#afterCut = -1
  }

  mark(mark: string): void {
    this.text += mark
  }

  cut(): void {
    if (this.#afterCut >= 0) this.text = this.text.slice(0, this.#afterCut)
    else {
      this.text += CUT
      this.#afterCut = this.text.length
    }
  }
}
