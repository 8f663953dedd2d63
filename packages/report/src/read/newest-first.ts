import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OnLine } from './line-splitter.ts'

const HEAD_BYTES = 9

/**
 * Turns a newest-first export (what log viewers give by default) round: records go in newest first and come out oldest first.
 * Memory is bounded: each full segment is written to a temporary file, readable by us only, and removed afterwards.
 */
export class NewestFirst {
  readonly #onLine: OnLine
  readonly #segmentBytes: number
  readonly #records: Buffer[] = []
  #bytes = 0
  #folder: string | undefined
  #segments = 0

  constructor(onLine: OnLine, segmentBytes = 16 * 1024 * 1024) {
    this.#onLine = onLine
    this.#segmentBytes = segmentBytes
  }

  readonly add: OnLine = (buf, start, end, line, shortened) => {
    const record = Buffer.allocUnsafe(HEAD_BYTES + end - start)
    record.writeUInt32LE(end - start, 0)
    record.writeUInt32LE(line >>> 0, 4)
    record[8] = shortened ? 1 : 0
    buf.copy(record, HEAD_BYTES, start, end)
    this.#records.push(record)
    this.#bytes += record.length
    if (this.#bytes >= this.#segmentBytes) this.#spill()
  }

  /** Hands everything on, oldest first, and removes what was written. */
  finish(): void {
    try {
      this.#replay(Buffer.concat(this.#records.toReversed()))
      this.#records.length = 0
      for (let segment = this.#segments - 1; segment >= 0; segment--)
        this.#replay(readFileSync(this.#path(segment)))
    } finally {
      if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
    }
  }

  #spill(): void {
    this.#folder ??= mkdtempSync(join(tmpdir(), 'warren-report-'))
    const file = openSync(this.#path(this.#segments), 'wx', 0o600)
    try {
      writeSync(file, Buffer.concat(this.#records.toReversed()))
    } finally {
      closeSync(file)
    }
    this.#segments++
    this.#records.length = 0
    this.#bytes = 0
  }

  #path(segment: number): string {
    return join(this.#folder ?? '', `${segment}`)
  }

  #replay(segment: Buffer): void {
    let at = 0
    while (at + HEAD_BYTES <= segment.length) {
      const length = segment.readUInt32LE(at)
      const line = segment.readUInt32LE(at + 4)
      const start = at + HEAD_BYTES
      this.#onLine(segment, start, start + length, line, segment[at + 8] === 1)
      at = start + length
    }
  }
}
