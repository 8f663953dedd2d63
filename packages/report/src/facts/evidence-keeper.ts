/** A line that may be quoted, not masked yet. `time` is in the clock of its source. */
export interface RawEvidence {
  readonly source: number
  readonly file: string
  readonly line: number
  readonly time: number
  readonly text: string
}

/** A line in a buffer that can be quoted. */
export interface Quotable {
  readonly buf: Buffer
  readonly start: number
  readonly end: number
  readonly line: number
  readonly time: number
  readonly sourceId: number
  readonly file: string
}

/** Bytes of a line that are kept for quoting. */
export const QUOTE_BYTES = 1_200

/** Quotes the current line. It allocates a string, so use it only for lines that matter. */
export function quote(line: Quotable): RawEvidence {
  const end = Math.min(line.end, line.start + QUOTE_BYTES)
  return {
    source: line.sourceId,
    file: line.file,
    line: line.line,
    time: line.time,
    text: line.buf.toString('utf8', line.start, end) + (end < line.end ? '…' : ''),
  }
}

/** The first few lines of a kind and the last one: enough evidence, however often it happened. */
export class EvidenceKeeper {
  readonly #first: RawEvidence[] = []
  readonly #keep: number
  // The last line is kept as bytes because it is replaced far more often than it is read.
  #last: Buffer | undefined
  #lastLength = 0
  #lastCut = false
  #lastLine = 0
  #lastTime = Number.NaN
  #lastSource = 0
  #lastFile = ''

  constructor(keep = 2) {
    this.#keep = keep
  }

  take(line: Quotable): void {
    if (this.#first.length < this.#keep) {
      this.#first.push(quote(line))
      return
    }
    this.#last ??= Buffer.allocUnsafe(QUOTE_BYTES)
    this.#lastLength = line.buf.copy(
      this.#last,
      0,
      line.start,
      Math.min(line.end, line.start + QUOTE_BYTES),
    )
    this.#lastCut = this.#lastLength < line.end - line.start
    this.#lastLine = line.line
    this.#lastTime = line.time
    this.#lastSource = line.sourceId
    this.#lastFile = line.file
  }

  get empty(): boolean {
    return this.#first.length === 0
  }

  lines(): RawEvidence[] {
    if (this.#last === undefined) return [...this.#first]
    const text = this.#last.toString('utf8', 0, this.#lastLength) + (this.#lastCut ? '…' : '')
    return [
      ...this.#first,
      {
        source: this.#lastSource,
        file: this.#lastFile,
        line: this.#lastLine,
        time: this.#lastTime,
        text,
      },
    ]
  }
}
