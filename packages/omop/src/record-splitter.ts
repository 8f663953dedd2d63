export interface SplitterOptions {
  readonly delimiter: ',' | '\t'
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
const MAX_RECORD_LENGTH = 1_000_000

/** Splits the text of a file, pushed in chunks, into records. Skips blank lines. Lines end with LF or CR LF. */
export class RecordSplitter {
  readonly #options: SplitterOptions
  #rest = ''
  #line = 1

  constructor(options: SplitterOptions) {
    this.#options = options
  }

  /** The first line of the next record. */
  get line(): number {
    return this.#line
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
    let at = 0
    while (at < text.length) {
      const newline = text.indexOf('\n', at)
      if (newline < 0 && !isLast) {
        if (text.length - at <= MAX_RECORD_LENGTH) return text.slice(at)
        // Keeping the line would fill the memory.
        this.#options.onBadRecord(this.#line, 'the line is longer than a million characters')
        return ''
      }
      const end = newline < 0 ? text.length : newline
      const lineEnd = end > at && text.charCodeAt(end - 1) === 13 ? end - 1 : end
      const line = text.slice(at, lineEnd)
      if (quotes && line.includes('"')) {
        const next = this.#splitQuoted(text, at, isLast)
        if (next === undefined) return text.slice(at)
        at = next
        continue
      }
      if (line !== '') onRecord(line.split(delimiter), this.#line)
      this.#line++
      at = end + 1
    }
    return ''
  }

  /** Splits one record with quotes, from `start`. Returns the start of the next one, or `undefined` if `text` is incomplete. */
  #splitQuoted(text: string, start: number, isLast: boolean): number | undefined {
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
            return this.#reject(text, start, 'a quote is opened and never closed')
          }
          // A quote at the end of a chunk may be the first half of `""`.
          if (close < 0 || (close === text.length - 1 && !isLast)) return undefined
          value += text.slice(from, close)
          from = close + 1
          if (text.charCodeAt(from) !== QUOTE) break
          value += '"'
          from++
        }
        lines += value.split('\n').length - 1
        fields.push(value)
        at = from
      } else {
        const nextDelimiter = text.indexOf(delimiter, at)
        const newline = text.indexOf('\n', at)
        const stops = [nextDelimiter, newline].filter((stop) => stop >= 0)
        if (newline < 0 && !isLast) return undefined
        const stop = stops.length === 0 ? text.length : Math.min(...stops)
        const value = text.slice(at, stop)
        if (value.includes('"')) {
          return this.#reject(text, start, 'a quote is inside a field that does not start with one')
        }
        fields.push(stop === newline || stop === text.length ? value.replace(/\r$/, '') : value)
        at = stop
      }
      if (text.startsWith('\r\n', at) || (isLast && text.slice(at) === '\r')) at++
      if (at >= text.length || text.charCodeAt(at) === LF) {
        // The line feed that ends the record may be in the next chunk, after a carriage return in this one.
        if (at >= text.length && !isLast) return undefined
        onRecord(fields, this.#line)
        this.#line += lines
        return at + 1
      }
      if (text.charCodeAt(at) !== delimiter.charCodeAt(0)) {
        if (at === text.length - 1 && !isLast) return undefined
        return this.#reject(text, start, 'a closing quote is not followed by the end of the field')
      }
      at++
      if (at >= text.length && !isLast) return undefined
    }
  }

  #reject(text: string, start: number, message: string): number {
    this.#options.onBadRecord(this.#line, message)
    this.#line++
    const newline = text.indexOf('\n', start)
    return newline < 0 ? text.length : newline + 1
  }
}

const QUOTE = 34
const LF = 10
