import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MAX_LINE_BYTES } from './line-splitter.ts'
import type { OnLine } from './line-splitter.ts'

const HEAD_BYTES = 9

/**
 * Reverses an export that begins with the newest line, as log viewers do by default. Records are added newest first and passed on
 * oldest first. One segment is kept in memory and filled from its end, so that it begins with its oldest record. Each full segment
 * goes into a temporary file that only this user can read and that is removed afterwards.
 */
export class NewestFirst {
  readonly #onLine: OnLine
  readonly #segmentBytes: number
  #segment: Buffer | undefined
  /** Position of the first record in the segment. */
  #from = 0
  #folder: string | undefined
  /** Length of each segment in a file. */
  readonly #written: number[] = []

  constructor(onLine: OnLine, segmentBytes = 8 * 1024 * 1024) {
    this.#onLine = onLine
    this.#segmentBytes = Math.max(segmentBytes, MAX_LINE_BYTES + HEAD_BYTES)
  }

  readonly add: OnLine = (buf, start, end, line, shortened) => {
    const length = HEAD_BYTES + end - start
    let segment = this.#segment
    if (segment === undefined) {
      segment = Buffer.allocUnsafe(this.#segmentBytes)
      this.#segment = segment
      this.#from = segment.length
    }
    if (length > this.#from) this.#spill(segment)
    this.#from -= length
    segment.writeUInt32LE(end - start, this.#from)
    segment.writeUInt32LE(line >>> 0, this.#from + 4)
    segment[this.#from + 8] = shortened ? 1 : 0
    buf.copy(segment, this.#from + HEAD_BYTES, start, end)
  }

  /** Passes on all records, oldest first, and removes the temporary files. */
  finish(): void {
    const segment = this.#segment
    this.#segment = undefined
    if (segment === undefined) return
    try {
      this.#replay(segment, this.#from, segment.length)
      for (let number = this.#written.length - 1; number >= 0; number--)
        this.#replay(segment, 0, this.#load(number, segment))
    } finally {
      if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    }
  }

  #spill(segment: Buffer): void {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'warren-report-'))
    const path = this.#path(this.#written.length)
    writeFileSync(path, segment.subarray(this.#from), { flag: 'wx', mode: 0o600 })
    this.#written.push(segment.length - this.#from)
    this.#from = segment.length
  }

  /** Reads a segment back; returns its length. */
  #load(number: number, into: Buffer): number {
    const file = openSync(this.#path(number), 'r')
    try {
      return readSync(file, into, 0, this.#written[number] ?? 0, 0)
    } finally {
      closeSync(file)
    }
  }

  #path(number: number): string {
    return join(this.#folder ?? '', `${number}`)
  }

  #replay(segment: Buffer, from: number, to: number): void {
    let at = from
    while (at + HEAD_BYTES <= to) {
      const length = segment.readUInt32LE(at)
      const line = segment.readUInt32LE(at + 4)
      const start = at + HEAD_BYTES
      this.#onLine(segment, start, start + length, line, segment[at + 8] === 1)
      at = start + length
    }
  }
}
