import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

import { fileErrorReason } from '@warren/runtime'

import type { CdmColumn, CdmTable } from '@warren/cdm'
import { EXPECTED, UNREADABLE, fieldReader, type FieldReader } from './field-reader.ts'
import type { LoadProblems } from './load-problem.ts'
import { RecordSplitter } from './record-splitter.ts'
import { RowBatch, type CdmValue } from './row-batch.ts'

interface MappedColumn {
  readonly column: CdmColumn
  /** Index of the field in a record. */
  readonly field: number
  readonly read: FieldReader
  /** Index of the column in a batch. */
  readonly index: number
}

interface Header {
  readonly width: number
  readonly mapped: readonly MappedColumn[]
}

/** NULL as written by COPY of PostgreSQL. An empty field is also NULL. */
const COPY_NULL = String.raw`\N`
const CHUNK_BYTES = 256 * 1024

/**
 * A CSV file of a CDM export, read as a stream. Adds problems with file, line and column to `problems`, and yields the
 * readable rows in batches. A batch is valid until the next one is requested.
 */
export class CdmFile {
  readonly name: string
  readonly table: CdmTable
  /** Columns of the file that are not in the table. */
  readonly ignoredColumns: string[] = []
  readonly #path: string
  readonly #problems: LoadProblems
  #header: Header | undefined
  #filled: readonly string[] = []
  #rows = 0
  #skipped = 0
  /** The batches filled from the current chunk. The last one may be partial. */
  #batches: RowBatch[] = []
  #spare: RowBatch[] = []

  constructor(path: string, table: CdmTable, problems: LoadProblems) {
    this.name = basename(path)
    this.table = table
    this.#path = path
    this.#problems = problems
  }

  /** Readable rows so far. */
  get rows(): number {
    return this.#rows
  }

  /** Unreadable lines so far. */
  get skipped(): number {
    return this.#skipped
  }

  async *batches(options: {
    onBytes?: ((bytes: number) => void) | undefined
    signal?: AbortSignal | undefined
  }): AsyncGenerator<RowBatch> {
    let splitter: RecordSplitter | undefined
    let start = ''
    for await (const chunk of this.#text(options)) {
      options.signal?.throwIfAborted()
      if (splitter === undefined) {
        start += chunk
        if (!start.includes('\n')) continue
        splitter = this.#splitter(start)
        splitter.push(start)
      } else {
        splitter.push(chunk)
      }
      yield* this.#complete()
    }
    if (splitter === undefined) {
      splitter = this.#splitter(start)
      splitter.push(start)
    }
    splitter.end()
    if (start === '' && this.#header === undefined) {
      this.#fail('is empty: expected a line with column names')
    }
    yield* this.#batches
  }

  async *#text(options: {
    onBytes?: ((bytes: number) => void) | undefined
    signal?: AbortSignal | undefined
  }): AsyncGenerator<string> {
    const file = createReadStream(this.#path, { highWaterMark: CHUNK_BYTES })
    const compressed = /\.gz$/i.test(this.#path)
    // The callback prevents an unhandled error: the loop below throws it too.
    const bytes: AsyncIterable<Buffer> = compressed
      ? pipeline(file, createGunzip(), () => {})
      : file
    const decoder = new TextDecoder('utf-8', { fatal: true })
    try {
      for await (const chunk of bytes) {
        options.onBytes?.(file.bytesRead)
        yield decoder.decode(chunk, { stream: true })
      }
      yield decoder.decode()
    } catch (error: unknown) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
        this.#fail('is not UTF-8 text: convert it, for example with iconv -f WINDOWS-1252 -t UTF-8')
      } else if (code.startsWith('Z_')) {
        this.#fail('is not a complete gzip file')
      } else if (/^E[A-Z]+$/.test(code)) {
        this.#fail(`cannot read the file: ${fileErrorReason(error, 'read')}`)
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
        // Rows are unreadable without column names. An empty header prevents the next line from being read as the header.
        this.#header ??= { width: 0, mapped: [] }
      },
    })
  }

  #readHeader(fields: readonly string[]): Header {
    const names = fields.map((field) => field.trim().toLowerCase())
    const width = names.length
    const mapped: MappedColumn[] = []
    for (const [index, column] of this.table.columns.entries()) {
      const field = names.indexOf(column.name)
      if (field >= 0) mapped.push({ column, field, read: fieldReader(column.type), index })
      if (field !== names.lastIndexOf(column.name)) {
        this.#fail('the column occurs twice in the first line', column.name)
      }
      // The names found are not printed: without a header they are data of the first patient.
      if (field < 0 && column.required) {
        const separators = width === 1 ? ': separate columns by commas or tabs' : ''
        this.#fail(`the column is missing in the first line${separators}`, column.name)
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
    // Trailing separators are common and harmless. A value after them means that the line is shifted.
    if (fields.length < width || fields.slice(width).some((field) => field.trim() !== '')) {
      this.#skipped++
      const found = fields.length === 1 ? '1 field' : `${fields.length} fields`
      const message = `the line has ${found}, the first line has ${width}`
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
        batch.set(row, one.index, value)
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

  /** Yields the full batches, then reuses them. */
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
