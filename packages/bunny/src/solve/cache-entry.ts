import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { z } from 'zod'
import type { DisclosedRow, RowSink } from './row-sink.ts'

/** An entry is a file of lines: this header, one row each, and the number of rows. */
const headerSchema = z.object({ format: z.literal(2), key: z.string(), madeAt: z.number() })

export type EntryHeader = Omit<z.infer<typeof headerSchema>, 'format'>

const statistic = z.number().nullable()
const rowSchema: z.ZodType<DisclosedRow> = z.strictObject({
  code: z.string(),
  count: z.number(),
  description: z.string(),
  min: statistic,
  q1: statistic,
  median: statistic,
  mean: statistic,
  q3: statistic,
  max: statistic,
  alternatives: z.string(),
  dataset: z.string(),
  omop: z.string(),
  omopDescription: z.string(),
  category: z.string(),
})
const endSchema = z.strictObject({ rows: z.number() })

const NOT_AN_ENTRY = 'the file is not a cache entry'
const PIECE_LENGTH = 65_536
const MAX_HEADER_BYTES = 4_096

/** A file that is not an entry, or not a complete one. */
export class CacheFormatError extends Error {}

function parse<T>(schema: z.ZodType<T>, line: string): T {
  try {
    return schema.parse(JSON.parse(line))
  } catch (error: unknown) {
    throw new CacheFormatError(NOT_AN_ENTRY, { cause: error })
  }
}

/** `undefined`: there is no file. Throws `CacheFormatError`, or the error of the file system. */
export async function readHeader(path: string): Promise<EntryHeader | undefined> {
  const file = await openIfPresent(path)
  if (file === undefined) return undefined
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEADER_BYTES), 0)
    const start = buffer.toString('utf8', 0, bytesRead)
    return parse(headerSchema, start.slice(0, Math.max(0, start.indexOf('\n'))))
  } finally {
    await file.close()
  }
}

/** Passes the rows of an entry on. Throws like `readHeader`, perhaps after some of the rows. */
export async function readEntry(path: string, sink: RowSink): Promise<void> {
  const file = await openIfPresent(path)
  if (file === undefined) throw new CacheFormatError(NOT_AN_ENTRY)
  try {
    let rest = ''
    let lines = 0
    let last = ''
    // Not the line reader of Node.js: it also splits at U+2028, which JSON allows inside a text.
    for await (const piece of file.createReadStream({ encoding: 'utf8', autoClose: false })) {
      const found = (rest + String(piece)).split('\n')
      rest = found.pop() ?? ''
      for (const line of found) {
        if (lines > 1) sink.add(parse(rowSchema, last))
        last = line
        lines += 1
      }
    }
    const rows = lines - 2
    if (rest !== '' || rows < 0 || parse(endSchema, last).rows !== rows) {
      throw new CacheFormatError(NOT_AN_ENTRY)
    }
  } finally {
    await file.close()
  }
}

async function openIfPresent(path: string) {
  try {
    return await open(path, 'r')
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes an entry row by row, to a draft that only its owner can read. Synchronous, so that rows never pile up. */
export class EntryWriter implements RowSink {
  readonly #path: string
  readonly #header: string
  readonly #file: number
  #text = ''
  #rows = 0
  /** The position in the file: `ftruncate` does not change that of the descriptor. */
  #position = 0

  constructor(path: string, header: EntryHeader) {
    this.#path = path
    this.#header = `${JSON.stringify({ format: 2, ...header })}\n`
    rmSync(this.#draft, { force: true })
    this.#file = openSync(this.#draft, 'wx', 0o600)
    this.clear()
  }

  add(row: DisclosedRow): void {
    this.#text += `${JSON.stringify(row)}\n`
    this.#rows += 1
    if (this.#text.length > PIECE_LENGTH) this.#flush()
  }

  clear(): void {
    ftruncateSync(this.#file)
    this.#position = 0
    this.#rows = 0
    this.#text = this.#header
  }

  /** Makes the draft the entry. */
  end(): void {
    this.#text += `${JSON.stringify({ rows: this.#rows })}\n`
    this.#flush()
    fsyncSync(this.#file)
    closeSync(this.#file)
    renameSync(this.#draft, this.#path)
  }

  /** Removes the draft. */
  abandon(): void {
    try {
      closeSync(this.#file)
    } catch {
      // It was closed before the rename failed.
    }
    rmSync(this.#draft, { force: true })
  }

  get #draft(): string {
    return `${this.#path}.draft`
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text)
    let written = 0
    while (written < bytes.length) {
      written += writeSync(
        this.#file,
        bytes,
        written,
        bytes.length - written,
        this.#position + written,
      )
    }
    this.#position += written
    this.#text = ''
  }
}
