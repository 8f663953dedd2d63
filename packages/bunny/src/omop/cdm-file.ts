import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

import type { CdmColumn, CdmTable } from './cdm-tables.ts'
import { EXPECTED, UNREADABLE, fieldReader, type FieldReader } from './field-reader.ts'
import type { LoadProblems } from './load-problem.ts'
import { RecordSplitter } from './record-splitter.ts'
import { RowBatch, type CdmValue } from './row-batch.ts'

interface MappedColumn {
  readonly column: CdmColumn
  /** Where its field stands in a record. */
  readonly field: number
  readonly read: FieldReader
  /** Where its values stand in a batch. */
  readonly place: number
}

interface Header {
  readonly width: number
  readonly mapped: readonly MappedColumn[]
}

/** How PostgreSQL's COPY writes NULL; a field without a character is NULL anyway. */
const COPY_NULL = String.raw`\N`
const PIECE_BYTES = 256 * 1024

/**
 * One CSV file of a CDM export, read as a stream. Problems go to `problems`, with file, line and column; the rows that
 * can be read come out in batches, each of which is valid until the next one is asked for.
 */
export class CdmFile {
  readonly name: string
  readonly table: CdmTable
  /** Columns of the file that this table does not have. */
  readonly ignoredColumns: string[] = []
  readonly #path: string
  readonly #problems: LoadProblems
  #header: Header | undefined
  #filled: readonly string[] = []
  #rows = 0
  #skipped = 0
  /** Batches filled by the piece of text just read, the last one of them perhaps not yet full. */
  #batches: RowBatch[] = []
  #spare: RowBatch[] = []

  constructor(path: string, table: CdmTable, problems: LoadProblems) {
    this.name = basename(path)
    this.table = table
    this.#path = path
    this.#problems = problems
  }

  /** Rows that could be read, so far. */
  get rows(): number {
    return this.#rows
  }

  /** Lines that could not be read, so far. */
  get skipped(): number {
    return this.#skipped
  }

  async *batches(options: {
    onBytes?: ((bytes: number) => void) | undefined
    signal?: AbortSignal | undefined
  }): AsyncGenerator<RowBatch> {
    let splitter: RecordSplitter | undefined
    let start = ''
    for await (const piece of this.#text(options)) {
      options.signal?.throwIfAborted()
      if (splitter === undefined) {
        start += piece
        if (!start.includes('\n')) continue
        splitter = this.#splitter(start)
        splitter.push(start)
      } else {
        splitter.push(piece)
      }
      yield* this.#complete()
    }
    if (splitter === undefined) {
      splitter = this.#splitter(start)
      splitter.push(start)
    }
    splitter.end()
    if (start === '' && this.#header === undefined) {
      this.#fail('the file is empty: expected a line with column names')
    }
    yield* this.#batches
  }

  async *#text(options: {
    onBytes?: ((bytes: number) => void) | undefined
    signal?: AbortSignal | undefined
  }): AsyncGenerator<string> {
    const file = createReadStream(this.#path, { highWaterMark: PIECE_BYTES })
    const packed = /\.gz$/i.test(this.#path)
    // The callback only keeps pipeline from throwing elsewhere: the loop below sees the same error.
    const bytes: AsyncIterable<Buffer> = packed ? pipeline(file, createGunzip(), () => {}) : file
    const decoder = new TextDecoder('utf-8', { fatal: true })
    try {
      for await (const piece of bytes) {
        options.onBytes?.(file.bytesRead)
        yield decoder.decode(piece, { stream: true })
      }
      yield decoder.decode()
    } catch (error: unknown) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
        this.#fail('is not UTF-8 text; convert it, e.g. iconv -f WINDOWS-1252 -t UTF-8')
      } else if (code.startsWith('Z_')) {
        this.#fail('is not a complete gzip file')
      } else if (/^E[A-Z]+$/.test(code)) {
        this.#fail(`cannot be read (${code})`)
      } else {
        throw error
      }
    } finally {
      file.destroy()
    }
  }

  #splitter(start: string): RecordSplitter {
    const end = start.indexOf('\n')
    const headerLine = end < 0 ? start : start.slice(0, end)
    const delimiter = headerLine.includes('\t') ? '\t' : ','
    return new RecordSplitter({
      delimiter,
      quotes: delimiter === ',' || headerLine.includes('"'),
      onRecord: (fields, line) => {
        if (this.#header === undefined) this.#header = this.#readHeader(fields)
        else this.#readRow(fields, line, this.#header)
      },
      onBadRecord: (line, message) => {
        this.#skipped++
        this.#problems.add({ file: this.name, line, message }, { fatal: line === 1 })
        // Without column names no row can be read; a header nothing is taken from keeps the next line from being one.
        this.#header ??= { width: 0, mapped: [] }
      },
    })
  }

  #readHeader(fields: readonly string[]): Header {
    const names = fields.map((field) => field.trim().toLowerCase())
    const width = names.length
    const mapped: MappedColumn[] = []
    for (const [place, column] of this.table.columns.entries()) {
      const field = names.indexOf(column.name)
      if (field >= 0) mapped.push({ column, field, read: fieldReader(column.type), place })
      if (field !== names.lastIndexOf(column.name)) {
        this.#fail('the column stands twice in the first line', column.name)
      }
      // The names found instead are not shown: without a header they are the first patient's data.
      if (field < 0 && column.required) {
        const separated = width === 1 ? '; columns are separated by commas or tabs' : ''
        this.#fail(`the column is missing from the first line${separated}`, column.name)
      }
    }
    this.#filled = mapped.map(({ column }) => column.name)
    const known = new Set(this.table.columns.map(({ name }) => name))
    const nothingMissing = this.table.columns.every(
      ({ name, required }) => !required || names.includes(name),
    )
    if (nothingMissing) {
      this.ignoredColumns.push(...names.filter((name) => name !== '' && !known.has(name)))
    }
    return { width, mapped }
  }

  #readRow(fields: readonly string[], line: number, header: Header): void {
    const { width, mapped } = header
    if (mapped.length === 0) return
    // Trailing separators beyond the header are common and harmless; a value there means the line is shifted.
    if (fields.length < width || fields.slice(width).some((field) => field.trim() !== '')) {
      this.#skipped++
      const message = `the line has ${fields.length} fields, the first line has ${width}`
      this.#problems.add({ file: this.name, line, message })
      return
    }
    const batch = this.#openBatch()
    const row = batch.nextRow()
    let good = true
    for (const one of mapped) {
      const value = readField(fields[one.field] ?? '', one.read)
      if (value === UNREADABLE) {
        good = false
        const message = `expected ${EXPECTED[one.column.type]}`
        this.#problems.add({ file: this.name, line, column: one.column.name, message })
      } else if (value === null && one.column.required) {
        good = false
        this.#problems.add({ file: this.name, line, column: one.column.name, message: 'is empty' })
      } else {
        batch.set(row, one.place, value)
      }
    }
    if (good) {
      this.#rows++
    } else {
      this.#skipped++
      batch.dropRow()
    }
  }

  #openBatch(): RowBatch {
    const last = this.#batches.at(-1)
    if (last !== undefined && !last.isFull) return last
    const batch = this.#spare.pop() ?? new RowBatch(this.table, this.#filled)
    this.#batches.push(batch)
    return batch
  }

  /** Hands out the full batches and takes them back. */
  *#complete(): Generator<RowBatch> {
    const partial = this.#batches.at(-1)?.isFull === false ? this.#batches.pop() : undefined
    for (const batch of this.#batches) {
      yield batch
      batch.clear()
      this.#spare.push(batch)
    }
    this.#batches = partial === undefined ? [] : [partial]
  }

  #fail(message: string, column?: string): void {
    this.#problems.add(
      { file: this.name, ...(column === undefined ? {} : { line: 1, column }), message },
      { fatal: true },
    )
  }
}

function readField(text: string, read: FieldReader): CdmValue | typeof UNREADABLE {
  if (text === '') return null
  const value = read(text)
  if (value === COPY_NULL) return null
  if (value !== UNREADABLE) return value
  const bare = text.trim()
  return bare === '' || bare === COPY_NULL ? null : UNREADABLE
}
