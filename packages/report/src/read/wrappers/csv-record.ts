import { unescapeJson } from '../json-scan.ts'
import { MAX_LINE_BYTES } from '../line-splitter.ts'
import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { IsoTime } from '../timestamps.ts'
import { EXPORT_NAMES } from './export-names.ts'
import { exportTime } from './export-time.ts'
import { collectLabels } from './json-record.ts'
import { Origins } from './origins.ts'
import type { Wrapper } from './wrapper.ts'

const QUOTE = 34
const COMMA = 44

/** The relevant columns of a CSV export. */
export interface CsvColumns {
  line: number
  times: readonly number[]
  labels: readonly { column: number; name: string }[]
}

const LINE_COLUMNS: ReadonlySet<string> = lowerCase(EXPORT_NAMES.line)
const TIME_COLUMNS = [...lowerCase(EXPORT_NAMES.time)]

function lowerCase(names: readonly string[]): Set<string> {
  return new Set(names.map((name) => name.toLowerCase()))
}

/** Finds the columns of the export of a log store in its header row; undefined if it is not such an export. */
export function csvColumns(headRow: string): CsvColumns | undefined {
  const names = headRow
    .replace(/^\uFEFF/, '')
    .trim()
    .split(',')
    .map((name) => name.trim().replaceAll('"', '').toLowerCase())
  const line = names.findIndex((name) => LINE_COLUMNS.has(name))
  const times = TIME_COLUMNS.map((name) => names.indexOf(name)).filter((column) => column >= 0)
  if (line < 0 || times.length === 0) return undefined
  const labels = names.flatMap((name, column) =>
    column === line || times.includes(column) ? [] : [{ column, name }],
  )
  return { line, times, labels }
}

// All files share it: a line is finished before the next one is read.
const SCRATCH = Buffer.allocUnsafe(MAX_LINE_BYTES)

/** Rows of a CSV export (Loki, Grafana, Kibana, CloudWatch, Azure): one column is the program's line, others contain its time and labels. */
export class CsvRecordWrapper implements Wrapper {
  readonly name = 'CSV export'
  readonly #columns: CsvColumns
  readonly #time = new IsoTime()
  readonly #origins: Origins
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  constructor(columns: CsvColumns) {
    this.#columns = columns
    this.#origins = new Origins((text) => labelsOf(columns, text))
  }

  unwrap(view: LineView): boolean {
    const fields = this.#split(view)
    const { line, times, labels } = this.#columns
    if (fields <= line) return false
    const { buf } = view
    let time = Number.NaN
    for (const column of times) {
      const start = this.#starts[column]
      const end = this.#ends[column]
      if (start === undefined || end === undefined || !Number.isNaN(time)) continue
      time = exportTime(this.#time, buf, start, end)
    }
    view.wrapperTime = time
    view.origin = this.#originOf(view, labels)
    const start = this.#starts[line] ?? view.start
    const end = this.#ends[line] ?? view.end
    this.#take(view, start, end)
    return true
  }

  labels(origin: number): SourceLabels {
    return this.#origins.labels(origin)
  }

  #originOf(view: LineView, labels: CsvColumns['labels']): number {
    let length = 0
    for (const { column } of labels) {
      const start = this.#starts[column] ?? 0
      const end = this.#ends[column] ?? 0
      if (length + end - start + 1 > 4096) break
      length += view.buf.copy(SCRATCH, length, start, end)
      SCRATCH[length++] = 1
    }
    return length === 0 ? 0 : this.#origins.number(SCRATCH, 0, length)
  }

  /** Passes on the field with doubled quotes unescaped. */
  #take(view: LineView, start: number, end: number): void {
    const { buf } = view
    let quotes = false
    for (let at = start; at < end && !quotes; at++) quotes = buf[at] === QUOTE
    view.start = start
    view.end = end
    if (!quotes) return
    this.#unquote(view)
    this.#withoutJson(view)
  }

  #unquote(view: LineView): void {
    const { buf, start, end } = view
    let length = 0
    for (let at = start; at < end && length < SCRATCH.length; at++) {
      const byte = buf[at] ?? 0
      SCRATCH[length++] = byte
      if (byte === QUOTE && at + 1 < end && buf[at + 1] === QUOTE) at++
    }
    view.buf = SCRATCH
    view.start = 0
    view.end = length
  }

  /** Azure writes a line as a JSON string. */
  #withoutJson(view: LineView): void {
    const { buf, start, end } = view
    if (end - start < 2 || buf[start] !== QUOTE || buf[end - 1] !== QUOTE) return
    view.start = 0
    // Never longer than the escaped text, so it may replace it.
    view.end = unescapeJson(buf, start + 1, end - 1, SCRATCH)
  }

  /** Bytes after the end of the row belong to another row. */
  #isQuote({ buf, end }: LineView, at: number): boolean {
    return at < end && buf[at] === QUOTE
  }

  #split(view: LineView): number {
    const { buf, end } = view
    let at = view.start
    let field = 0
    while (at <= end && field < 64) {
      let start = at
      let stop: number
      if (buf[at] === QUOTE && at < end) {
        start = at + 1
        at = start
        while (at < end && !(buf[at] === QUOTE && !this.#isQuote(view, at + 1)))
          at += buf[at] === QUOTE ? 2 : 1
        stop = Math.min(at, end)
        at = stop + 1
      } else {
        while (at < end && buf[at] !== COMMA) at++
        stop = at
      }
      this.#starts[field] = start
      this.#ends[field] = stop
      field++
      if (at >= end || buf[at] !== COMMA) break
      at++
    }
    return field
  }
}

function labelsOf(columns: CsvColumns, text: string): SourceLabels {
  const labels: SourceLabels = {}
  const values = text.split('\u0001')
  columns.labels.forEach(({ name }, index) => {
    collectLabels(name, (values[index] ?? '').replaceAll('""', '"'), labels)
  })
  return labels
}
