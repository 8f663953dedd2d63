/** Bytes of one line that are processed. A longer line is truncated and counted. */
export const MAX_LINE_BYTES = 64 * 1024

const NEWLINE = 10
const RETURN = 13

/** Receives the line [start, end) of `buf` without its line end; `buf` is only valid during the call. */
export type OnLine = (
  buf: Buffer,
  start: number,
  end: number,
  line: number,
  shortened: boolean,
) => void

/**
 * Splits chunks into lines, wherever the chunks are cut. A line within one chunk is passed on in place; only a line across chunks is
 * copied, into a buffer of fixed size.
 */
export class LineSplitter {
  readonly #onLine: OnLine
  /** Allocated for the first line across chunks: many files fit into one chunk. */
  #carry: Buffer | undefined
  #carried = 0
  #overlong = false
  #line: number

  constructor(onLine: OnLine, firstLine = 1) {
    this.#onLine = onLine
    this.#line = firstLine
  }

  /** Lines so far. */
  get lines(): number {
    return this.#line - 1
  }

  push(chunk: Buffer): void {
    let at = 0
    if (this.#carried > 0 || this.#overlong) {
      const newline = chunk.indexOf(NEWLINE)
      this.#keep(chunk, 0, newline < 0 ? chunk.length : newline)
      if (newline < 0) return
      this.#handOnCarried()
      at = newline + 1
    }
    const length = chunk.length
    while (at < length) {
      const newline = chunk.indexOf(NEWLINE, at)
      if (newline < 0) {
        this.#keep(chunk, at, length)
        return
      }
      let end = newline
      const shortened = end - at > MAX_LINE_BYTES
      if (shortened) end = at + MAX_LINE_BYTES
      else if (end > at && chunk[end - 1] === RETURN) end--
      this.#onLine(chunk, at, end, this.#line++, shortened)
      at = newline + 1
    }
  }

  /** Passes on the last line if it has no line end. */
  finish(): void {
    this.#handOnCarried()
    this.#carry = undefined
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const room = MAX_LINE_BYTES - this.#carried
    const wanted = to - from
    if (wanted > room) this.#overlong = true
    const taken = Math.min(room, wanted)
    this.#carry ??= Buffer.allocUnsafe(MAX_LINE_BYTES)
    chunk.copy(this.#carry, this.#carried, from, from + taken)
    this.#carried += taken
  }

  #handOnCarried(): void {
    const carry = this.#carry
    if (carry === undefined || (this.#carried === 0 && !this.#overlong)) return
    let end = this.#carried
    // A line of exactly the limit must not count as too long because of its carriage return.
    if (!this.#overlong && end > 0 && carry[end - 1] === RETURN) end--
    this.#onLine(carry, 0, end, this.#line++, this.#overlong)
    this.#carried = 0
    this.#overlong = false
  }
}
