import { countLineEnds, LineEnds } from './line-ends.ts'

/** Between the fields of a line. */
export type Delimiter = ',' | '\t' | ';' | '|'

export interface SplitterOptions {
  readonly delimiter: Delimiter
  /** Whether fields can be enclosed in `"`, with `""` for a quote inside. */
  readonly quotes: boolean
  /** `line` is the first line of the record, counted from 1. The splitter does not reuse the array. */
  readonly onRecord: (fields: string[], line: number) => void
  /** A record whose end is unclear. Splitting continues with the next line. */
  readonly onBadRecord: (line: number, message: string) => void
}

/**
 * The longest record, in characters. Without a limit, a quote that is never closed would include the rest of the file.
 * After a longer record, splitting continues with the line after its first line.
 */
export const MAX_RECORD_LENGTH = 1_000_000

const QUOTE = 34

/**
 * Splits the text of a file, pushed in chunks, into records. Skips blank lines. Lines end with LF, CR LF or CR, also mixed
 * in one file. In quotes they are text.
 */
export class RecordSplitter {
  readonly #options: SplitterOptions
  #rest = ''
  #line = 1
  /** The rest of a rejected line is still to come. */
  #isSkipping = false

  constructor(options: SplitterOptions) {
    this.#options = options
  }

  push(text: string): void {
    this.#rest = this.#split(this.#rest + text, false)
  }

  end(): void {
    this.#split(this.#rest, true)
    this.#rest = ''
  }

  /** Returns the rest of `text` after its last complete record. */
  #split(text: string, isLast: boolean): string {
    const { quotes, delimiter, onRecord } = this.#options
    const ends = new LineEnds(text, delimiter)
    let at = 0
    while (at < text.length) {
      const end = ends.next(at)
      const isComplete = isLast || ends.isComplete(end)
      if (this.#isSkipping) {
        if (!isComplete) return text.slice(end)
        this.#isSkipping = false
        at = ends.after(end)
        continue
      }
      if (!isComplete) {
        if (text.length - at <= MAX_RECORD_LENGTH) return text.slice(at)
        // Keeping the line would fill the memory.
        at = this.#reject(ends, at, 'the line is longer than a million characters')
        continue
      }
      const line = text.slice(at, end)
      if (quotes && line.includes('"')) {
        const next = this.#splitQuoted(text, ends, at, isLast)
        if (next === undefined) return text.slice(at)
        at = next
        continue
      }
      if (line !== '') onRecord(line.split(delimiter), this.#line)
      this.#line++
      at = ends.after(end)
    }
    return ''
  }

  /** Splits one record with quotes, from `start`. Returns the start of the next one, or `undefined` if `text` is incomplete. */
  #splitQuoted(text: string, ends: LineEnds, start: number, isLast: boolean): number | undefined {
    const { delimiter, onRecord } = this.#options
    const fields: string[] = []
    let lines = 1
    let at = start
    for (;;) {
      if (text.charCodeAt(at) === QUOTE) {
        let value = ''
        let from = at + 1
        for (;;) {
          const close = text.indexOf('"', from)
          const tooLong = (close < 0 ? text.length : close) - start > MAX_RECORD_LENGTH
          if (tooLong || (close < 0 && isLast)) {
            return this.#reject(ends, start, 'a quote is opened and never closed')
          }
          // A quote at the end of a chunk may be the first half of `""`.
          if (close < 0 || (close === text.length - 1 && !isLast)) return undefined
          value += text.slice(from, close)
          from = close + 1
          if (text.charCodeAt(from) !== QUOTE) break
          value += '"'
          from++
        }
        lines += countLineEnds(value)
        fields.push(value)
        at = from
      } else {
        const end = ends.next(at)
        if (end === text.length && !isLast) return undefined
        const stop = Math.min(end, ends.nextDelimiter(at))
        const value = text.slice(at, stop)
        if (value.includes('"')) {
          const message = 'a quote is inside a field that does not start with one'
          return this.#reject(ends, start, message)
        }
        fields.push(value)
        at = stop
      }
      if (at >= text.length || ends.isLineEnd(at)) {
        if (!isLast && !ends.isComplete(at)) return undefined
        onRecord(fields, this.#line)
        this.#line += lines
        return ends.after(at)
      }
      if (text.charCodeAt(at) !== delimiter.charCodeAt(0)) {
        const message = 'a closing quote is not followed by the end of the field'
        return this.#reject(ends, start, message)
      }
      at++
      if (at >= text.length && !isLast) return undefined
    }
  }

  /** Returns the start of the next line. If it is not in `text`, the rest of this line is skipped when it comes. */
  #reject(ends: LineEnds, start: number, message: string): number {
    this.#options.onBadRecord(this.#line, message)
    this.#line++
    const end = ends.next(start)
    if (ends.isComplete(end)) return ends.after(end)
    this.#isSkipping = true
    return end
  }
}
