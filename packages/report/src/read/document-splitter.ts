import type { OnLine } from './line-splitter.ts'
import { MAX_LINE_BYTES } from './line-splitter.ts'
import { recordsOf } from './forms/document-forms.ts'
import type { Splitter } from './record-splitter.ts'

/** A longer JSON value is not read. An exporter writes one value per batch, of up to some thousand records. */
const MAX_VALUE_BYTES = 32 * 1024 * 1024

/**
 * Splits JSON values that contain many records in a form of their own (see `DOCUMENT_FORMS`) into one JSON object per record, with
 * `line`, `timestamp` and `labels`. The values may be printed over many lines.
 */
export class DocumentSplitter implements Splitter {
  readonly #onLine: OnLine
  #pieces: Buffer[] = []
  #length = 0
  #line = 1
  /** Line on which the value began. */
  #begin = 1
  #depth = 0
  #inString = false
  #afterBackslash = false

  constructor(onLine: OnLine) {
    this.#onLine = onLine
  }

  get lines(): number {
    return this.#line - 1
  }

  push(chunk: Buffer): void {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (byte === 10) this.#line++
      if (!this.#ends(byte)) continue
      this.#keep(chunk.subarray(from, at + 1))
      this.#passOn()
      from = at + 1
    }
    this.#keep(chunk.subarray(from))
  }

  finish(): void {
    if (this.#length > 0) this.#passOn()
  }

  /** Whether the byte ends a value. */
  #ends(byte: number): boolean {
    if (this.#inString) {
      if (this.#afterBackslash) this.#afterBackslash = false
      else if (byte === 92) this.#afterBackslash = true
      else if (byte === 34) this.#inString = false
      return false
    }
    if (byte === 34) this.#inString = true
    else if (byte === 123 || byte === 91) this.#depth++
    else if (byte === 125 || byte === 93) return --this.#depth === 0
    return false
  }

  #keep(piece: Buffer): void {
    if (this.#length === 0) {
      // White space between values belongs to none of them.
      const start = piece.findIndex((byte) => byte > 32)
      if (start < 0) return
      this.#begin = this.#line
      piece = piece.subarray(start)
    }
    this.#length += piece.length
    // The chunk is reused by its reader.
    if (this.#length <= MAX_VALUE_BYTES) this.#pieces.push(Buffer.from(piece))
    else this.#pieces = []
  }

  #passOn(): void {
    const text = this.#length > MAX_VALUE_BYTES ? '' : Buffer.concat(this.#pieces).toString()
    this.#pieces = []
    this.#length = 0
    this.#depth = 0
    this.#inString = false
    // A value that cannot be read is passed on as it is, and counted as such.
    for (const record of recordsOf(text) ?? [text]) {
      const bytes = Buffer.from(record)
      const length = Math.min(bytes.length, MAX_LINE_BYTES)
      this.#onLine(bytes, 0, length, this.#begin, length < bytes.length)
    }
  }
}
