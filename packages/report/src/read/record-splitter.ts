import { MAX_LINE_BYTES } from './line-splitter.ts'
import type { OnLine } from './line-splitter.ts'

/** Splits chunks into lines, or into records that span lines. */
export interface Splitter {
  push(chunk: Buffer): void
  finish(): void
  /** Physical lines so far. */
  readonly lines: number
}

/** Collects one record in a buffer of fixed size. */
class RecordBuffer {
  readonly #onLine: OnLine
  #buffer = Buffer.allocUnsafe(MAX_LINE_BYTES)
  #length = 0
  #shortened = false
  #line = 1

  constructor(onLine: OnLine) {
    this.#onLine = onLine
  }

  get empty(): boolean {
    return this.#length === 0
  }

  add(byte: number, line: number): void {
    if (this.#length === 0) this.#line = line
    if (this.#length < this.#buffer.length) this.#buffer[this.#length++] = byte
    else this.#shortened = true
  }

  passOn(): void {
    if (this.#length === 0) return
    this.#onLine(this.#buffer, 0, this.#length, this.#line, this.#shortened)
    this.#length = 0
    this.#shortened = false
  }

  /** No more records follow, so the buffer is released. */
  finish(): void {
    this.passOn()
    this.#buffer = Buffer.alloc(0)
  }
}

/** Splits a JSON array of objects into its elements, whatever its line breaks and whatever object contains the array. */
export class JsonArraySplitter implements Splitter {
  readonly #record: RecordBuffer
  #line = 1
  #begun = false
  #depth = 0
  #inString = false
  #afterBackslash = false

  constructor(onLine: OnLine) {
    this.#record = new RecordBuffer(onLine)
  }

  get lines(): number {
    return this.#line - 1
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === 10) this.#line++
      if (this.#depth > 0) {
        this.#record.add(byte, this.#line)
        this.#inside(byte)
      } else if (byte === 91) {
        this.#begun = true
      } else if (byte === 93) {
        // The figures of a query may follow the array. They are not records.
        this.#begun = false
      } else if (byte === 123 && this.#begun) {
        this.#depth = 1
        this.#record.add(byte, this.#line)
      }
    }
  }

  finish(): void {
    this.#record.finish()
  }

  #inside(byte: number): void {
    if (this.#inString) {
      if (this.#afterBackslash) this.#afterBackslash = false
      else if (byte === 92) this.#afterBackslash = true
      else if (byte === 34) this.#inString = false
    } else if (byte === 34) this.#inString = true
    else if (byte === 123) this.#depth++
    else if (byte === 125) {
      this.#depth--
      if (this.#depth === 0) this.#record.passOn()
    }
  }
}

/** Splits a CSV file into rows; a quoted field may contain line ends. */
export class CsvSplitter implements Splitter {
  readonly #record: RecordBuffer
  #line = 1
  #quoted = false

  constructor(onLine: OnLine) {
    this.#record = new RecordBuffer(onLine)
  }

  get lines(): number {
    return this.#line - (this.#record.empty ? 1 : 0)
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === 34) this.#quoted = !this.#quoted
      if (byte === 10 && !this.#quoted) this.#record.passOn()
      else if (byte !== 13) this.#record.add(byte, this.#line)
      if (byte === 10) this.#line++
    }
  }

  finish(): void {
    this.#record.finish()
  }
}
