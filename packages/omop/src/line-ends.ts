const LF = 10
const CR = 13

/**
 * Finds the next of some characters in a text. `indexOf` alone would scan the rest of the text for a character that no
 * longer occurs, once per line.
 */
class NextOf {
  readonly #text: string
  readonly #wanted: string
  #searchedFrom = 0
  #found = -1

  constructor(text: string, wanted: string) {
    this.#text = text
    this.#wanted = wanted
  }

  /** The index of the next one from `from`; the length of the text if there is none. */
  from(from: number): number {
    if (from < this.#searchedFrom || from > this.#found) {
      const index = this.#text.indexOf(this.#wanted, from)
      this.#searchedFrom = from
      this.#found = index < 0 ? this.#text.length : index
    }
    return this.#found
  }
}

/** The line ends (LF, CR LF or CR, also mixed) and the delimiters of a text. */
export class LineEnds {
  readonly #text: string
  readonly #lf: NextOf
  readonly #cr: NextOf
  readonly #delimiter: NextOf

  constructor(text: string, delimiter: string) {
    this.#text = text
    this.#lf = new NextOf(text, '\n')
    this.#cr = new NextOf(text, '\r')
    this.#delimiter = new NextOf(text, delimiter)
  }

  /** The index of the next line end; the length of the text if there is none. */
  next(from: number): number {
    return Math.min(this.#lf.from(from), this.#cr.from(from))
  }

  nextDelimiter(from: number): number {
    return this.#delimiter.from(from)
  }

  /** Whether the line end at `end` is known: a CR at the end of the text may be the first half of CR LF. */
  isComplete(end: number): boolean {
    if (end >= this.#text.length) return false
    return end < this.#text.length - 1 || this.#text.charCodeAt(end) !== CR
  }

  isLineEnd(at: number): boolean {
    const code = this.#text.charCodeAt(at)
    return code === LF || code === CR
  }

  /** The index after the line end at `end`. */
  after(end: number): number {
    return this.#text.startsWith('\r\n', end) ? end + 2 : end + 1
  }
}

/** The number of line ends in a text. */
export function countLineEnds(text: string): number {
  return text.includes('\n') || text.includes('\r') ? text.split(/\r\n|\r|\n/).length - 1 : 0
}
