import { QUOTE_BYTES } from './evidence-keeper.ts'
import type { Quotable } from './evidence-keeper.ts'

/** A line copied out of its buffer because its meaning becomes clear only later. */
export class KeptLine implements Quotable {
  readonly buf: Buffer
  readonly start = 0
  readonly end: number
  readonly line: number
  readonly time: number
  readonly sourceId: number
  readonly file: string

  constructor(line: Quotable) {
    const end = Math.min(line.end, line.start + QUOTE_BYTES)
    this.buf = Buffer.from(line.buf.subarray(line.start, end))
    this.end = this.buf.length
    this.line = line.line
    this.time = line.time
    this.sourceId = line.sourceId
    this.file = line.file
  }

  text(): string {
    return this.buf.toString('utf8')
  }
}

/** An error event that is being read: its line, and the text of its continuation lines up to a limit. */
export class OpenError {
  readonly line: KeptLine
  text: string

  constructor(line: Quotable) {
    this.line = new KeptLine(line)
    this.text = this.line.text()
  }

  add(line: Quotable): void {
    if (this.text.length > 6_000) return
    this.text += `\n${line.buf.toString('utf8', line.start, Math.min(line.end, line.start + 400))}`
  }
}
