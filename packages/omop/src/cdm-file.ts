import type { CdmTable } from '@warren/cdm'
import { EXPECTED, UNREADABLE, type FieldReader } from './field-reader.ts'
import { UnreadableFile } from './file-format.ts'
import { readText } from './file-text.ts'
import { readHeader, UNREADABLE_HEADER, type Header, type UnknownColumns } from './header.ts'
import type { LoadProblems } from './load-problem.ts'
import { COPY_NULL, knownMarker } from './null-marker.ts'
import { MAX_RECORD_LENGTH, RecordSplitter, type Delimiter } from './record-splitter.ts'
import { RowBatch, type CdmValue } from './row-batch.ts'

export interface CdmFileOptions {
  /** For messages: the name of the file in the folder of the export. */
  readonly name: string
  readonly path: string
  readonly table: CdmTable
  readonly problems: LoadProblems
  /** Fields with one of these texts are NULL, besides empty ones and `\N`. */
  readonly nullMarkers: ReadonlySet<string>
}

/**
 * A CSV file of a CDM export, read as a stream. Adds problems with file, line and column to `problems`, and yields the
 * readable rows in batches. A batch is valid until the next one is requested.
 */
export class CdmFile {
  readonly #options: CdmFileOptions
  #header: Header | undefined
  #filled: readonly string[] = []
  #rows = 0
  #skipped = 0
  readonly #emptied = new Map<string, number>()
  /** The batches filled from the current chunk. The last one may be partial. */
  #batches: RowBatch[] = []
  #spare: RowBatch[] = []

  constructor(options: CdmFileOptions) {
    this.#options = options
  }

  /** Readable rows so far. */
  get rows(): number {
    return this.#rows
  }

  /** Unreadable lines so far. */
  get skipped(): number {
    return this.#skipped
  }

  /** Columns of the file that are not in the table. */
  get unknown(): UnknownColumns {
    return this.#header?.unknown ?? UNREADABLE_HEADER.unknown
  }

  /** By column: how many values could not be read and are NULL, because no task reads the column. */
  get emptied(): ReadonlyMap<string, number> {
    return this.#emptied
  }

  async *batches(options: {
    onBytes?: ((bytes: number) => void) | undefined
    signal?: AbortSignal | undefined
  }): AsyncGenerator<RowBatch> {
    try {
      yield* this.#read(options)
    } catch (error: unknown) {
      if (!(error instanceof UnreadableFile)) throw error
      this.#fail(error.message)
    }
  }

  async *#read(options: {
    onBytes?: ((bytes: number) => void) | undefined
    signal?: AbortSignal | undefined
  }): AsyncGenerator<RowBatch> {
    let splitter: RecordSplitter | undefined
    let start = ''
    for await (const chunk of readText(this.#options.path, options)) {
      options.signal?.throwIfAborted()
      if (splitter === undefined) {
        start += chunk
        if (!/[^\r\n][\r\n]/.test(start) && start.length <= MAX_RECORD_LENGTH) continue
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
    if (this.#header === undefined) this.#fail('is empty: expected a line with column names')
    yield* this.#batches
  }

  #splitter(start: string): RecordSplitter {
    const headerLine = /[^\r\n]+/.exec(start)?.[0] ?? ''
    const delimiter = delimiterOf(headerLine)
    return new RecordSplitter({
      delimiter,
      quotes: delimiter !== '\t' || headerLine.includes('"'),
      onRecord: (fields, line) => {
        if (this.#header === undefined) this.#header = this.#readHeader(fields, line)
        else this.#readRow(fields, line, this.#header)
      },
      onBadRecord: (line, message) => {
        const isHeader = this.#header === undefined
        if (!isHeader && this.#header?.mapped.length === 0) return
        this.#skipped++
        this.#problem({ line, message }, { fatal: isHeader })
        // Rows are unreadable without column names, and the next line is not the header.
        this.#header ??= UNREADABLE_HEADER
      },
    })
  }

  #readHeader(fields: readonly string[], line: number): Header {
    const { problems, ...header } = readHeader(fields, this.#options.table)
    for (const problem of problems) this.#problem({ line, ...problem }, { fatal: true })
    this.#filled = header.mapped.map(({ column }) => column.name)
    return header
  }

  #readRow(fields: readonly string[], line: number, header: Header): void {
    const { width, mapped } = header
    if (mapped.length === 0) return
    // Trailing separators are common and harmless. A value after them means that the line is shifted.
    if (fields.length < width || fields.slice(width).some((field) => field.trim() !== '')) {
      this.#skipped++
      const found = fields.length === 1 ? '1 field' : `${fields.length} fields`
      this.#problem({ line, message: `the line has ${found}, the first line has ${width}` })
      return
    }
    const batch = this.#openBatch()
    const row = batch.nextRow()
    let good = true
    for (const { column, field, read, index, isRead } of mapped) {
      const text = fields[field] ?? ''
      const isName = column.required && column.type === 'text'
      let value = this.#isNull(text) && !isName ? null : readField(text, read)
      if (!isRead && (value === UNREADABLE || (value === null && column.required))) {
        this.#emptied.set(column.name, (this.#emptied.get(column.name) ?? 0) + 1)
        value = null
      } else if (value === UNREADABLE) {
        good = false
        this.#problem({ line, column: column.name, message: this.#expected(text, column.type) })
        continue
      } else if (value === null && column.required) {
        good = false
        this.#problem({ line, column: column.name, message: 'is empty' })
      }
      batch.set(row, index, value)
    }
    if (good) {
      this.#rows++
    } else {
      this.#skipped++
      batch.dropRow()
    }
  }

  #isNull(text: string): boolean {
    const { nullMarkers } = this.#options
    return nullMarkers.size > 0 && nullMarkers.has(text.trim())
  }

  #expected(text: string, type: keyof typeof EXPECTED): string {
    // Excel writes 1.23457E+12 for a longer number.
    if (type !== 'text' && /^\s*\d(?:\.\d+)?e[+-]?\d+\s*$/i.test(text)) {
      return `expected ${EXPECTED[type]}, found scientific notation, which has lost digits: export the column as text`
    }
    const marker = knownMarker(text)
    if (marker === undefined) return `expected ${EXPECTED[type]}`
    this.#options.problems.noteMarker(marker)
    return `expected ${EXPECTED[type]}, found ${marker}`
  }

  #openBatch(): RowBatch {
    const last = this.#batches.at(-1)
    if (last !== undefined && !last.isFull) return last
    const batch = this.#spare.pop() ?? new RowBatch(this.#options.table, this.#filled)
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

  #problem(
    problem: { line?: number; column?: string; message: string },
    options: { fatal?: boolean } = {},
  ): void {
    this.#options.problems.add({ file: this.#options.name, ...problem }, options)
  }

  #fail(message: string): void {
    this.#problem({ message }, { fatal: true })
  }
}

/** Names of columns contain none of them. Excel writes semicolons where the comma is the decimal separator. */
function delimiterOf(headerLine: string): Delimiter {
  return (['\t', ',', ';', '|'] as const).find((one) => headerLine.includes(one)) ?? ','
}

function readField(text: string, read: FieldReader): CdmValue | typeof UNREADABLE {
  if (text === '') return null
  const value = read(text)
  if (value === COPY_NULL) return null
  if (value !== UNREADABLE) return value
  const bare = text.trim()
  return bare === '' || bare === COPY_NULL ? null : UNREADABLE
}
