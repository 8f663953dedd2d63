import { EventHead } from './event-head.ts'
import { copyWithoutColours, isColoured } from './colours.ts'
import { LineSplitter } from './line-splitter.ts'
import type { OnLine } from './line-splitter.ts'
import { LineView } from './line-view.ts'
import { OtlpSplitter } from './otlp-splitter.ts'
import { CsvSplitter, JsonArraySplitter } from './record-splitter.ts'
import type { Splitter } from './record-splitter.ts'
import { ComposeWrapper } from './wrappers/compose.ts'
import { CriWrapper } from './wrappers/cri.ts'
import { CsvRecordWrapper, csvColumns } from './wrappers/csv-record.ts'
import { JsonRecordWrapper } from './wrappers/json-record.ts'
import { KubectlWrapper } from './wrappers/kubectl.ts'
import { LogcliWrapper } from './wrappers/logcli.ts'
import { NamedLineWrapper } from './wrappers/named-line.ts'
import { SternWrapper } from './wrappers/stern.ts'
import { NO_WRAPPER } from './wrappers/wrapper.ts'
import type { Wrapper } from './wrappers/wrapper.ts'

/** Bytes at the beginning of a file that are used to recognise its format. */
export const HEAD_BYTES = 128 * 1024
const HEAD_LINES = 400

/** The format of a file, from its beginning. */
export interface Recognition {
  layout: 'lines' | 'json-array' | 'otlp' | 'csv'
  /** Creates a wrapper; each reader needs its own. */
  makeWrapper: () => Wrapper
  /** The export begins with the newest line. */
  newestFirst: boolean
  /** The lines contain terminal colours. */
  coloured: boolean
  /** Earliest time in the first lines, as logged, to sort the rotated files of one pod; NaN if there is none. */
  firstTime: number
}

const CANDIDATES: readonly (() => Wrapper)[] = [
  () => new CriWrapper(),
  () => new LogcliWrapper(),
  () => new NamedLineWrapper(),
  () => new KubectlWrapper(),
  () => new JsonRecordWrapper(),
  () => new ComposeWrapper(),
  () => new SternWrapper(),
]

/** Recognises the format of a file from its first bytes (decompressed, UTF-8). */
export function recognise(bytes: Buffer): Recognition {
  const coloured = isColoured(bytes)
  const head = coloured ? withoutColours(bytes) : bytes
  return { ...recognisePlain(head), coloured }
}

function withoutColours(bytes: Buffer): Buffer {
  const plain = Buffer.allocUnsafe(bytes.length)
  return plain.subarray(0, copyWithoutColours(bytes, 0, bytes.length, plain))
}

function recognisePlain(head: Buffer): Omit<Recognition, 'coloured'> {
  const layout = layoutOf(head)
  const columns = layout === 'csv' ? csvColumns(firstLine(head)) : undefined
  if (columns) {
    return inspect(head, 'csv', () => new CsvRecordWrapper(columns))
  }
  if (layout === 'json-array' || layout === 'otlp')
    return inspect(head, layout, () => new JsonRecordWrapper())
  let best: (() => Wrapper) | undefined
  let bestHits = 0
  for (const candidate of CANDIDATES) {
    const { hits, lines } = countHits(head, candidate())
    // A wrapper is on every line, but a third is enough: files may contain garbage, or notes of the tool that collected them.
    if (hits > bestHits && hits * 3 >= lines) {
      best = candidate
      bestHits = hits
    }
  }
  return inspect(head, 'lines', best ?? (() => NO_WRAPPER))
}

/** The splitter for a recognised file. */
export function splitterFor(layout: Recognition['layout'], onLine: OnLine): Splitter {
  if (layout === 'json-array') return new JsonArraySplitter(onLine)
  if (layout === 'otlp') return new OtlpSplitter(onLine)
  if (layout === 'csv') return new CsvSplitter(onLine)
  return new LineSplitter(onLine)
}

/** An array of objects, or an answer of CloudWatch or Elasticsearch that contains one. */
const JSON_ARRAY = /^(?:\{\s*"events"\s*:\s*|\{[^[{]*"hits"\s*:\s*\{[^[]*"hits"\s*:\s*)?\[\s*\{/
const OTLP = /^\{\s*"resourceLogs"\s*:/

function layoutOf(head: Buffer): Recognition['layout'] {
  let at = 0
  while (at < head.length && (head[at] ?? 0) <= 32) at++
  const beginning = head.toString('latin1', at, at + 400)
  if (JSON_ARRAY.test(beginning)) return 'json-array'
  if (OTLP.test(beginning)) return 'otlp'
  return csvColumns(firstLine(head)) ? 'csv' : 'lines'
}

function firstLine(head: Buffer): string {
  const newline = head.indexOf(10)
  return head.toString('utf8', 0, Math.min(newline < 0 ? head.length : newline, 4096))
}

function countHits(head: Buffer, wrapper: Wrapper): { hits: number; lines: number } {
  let hits = 0
  let lines = 0
  eachHeadLine(head, 'lines', (view) => {
    lines++
    if (wrapper.unwrap(view)) hits++
  })
  return { hits, lines }
}

function inspect(
  head: Buffer,
  layout: Recognition['layout'],
  makeWrapper: () => Wrapper,
): Omit<Recognition, 'coloured'> {
  const wrapper = makeWrapper()
  const event = new EventHead()
  let rising = 0
  let falling = 0
  let previous = Number.NaN
  let firstTime = Number.NaN
  eachHeadLine(head, layout, (view) => {
    wrapper.unwrap(view)
    let time = view.wrapperTime
    if (Number.isNaN(time) && event.read(view.buf, view.start, view.end)) time = event.time
    if (Number.isNaN(time)) return
    if (time > previous) rising++
    if (time < previous) falling++
    previous = time
    if (!(time >= firstTime)) firstTime = time
  })
  return {
    layout,
    makeWrapper,
    newestFirst: falling >= 3 && falling > rising * 4,
    firstTime,
  }
}

function eachHeadLine(
  head: Buffer,
  layout: Recognition['layout'],
  onView: (view: LineView) => void,
): void {
  const view = new LineView()
  let lines = 0
  const splitter = splitterFor(layout, (buf, start, end, line) => {
    if (lines >= HEAD_LINES || end === start) return
    lines++
    view.buf = buf
    view.start = start
    view.end = end
    view.line = line
    view.wrapperTime = Number.NaN
    view.origin = 0
    view.partial = false
    onView(view)
  })
  // The head may end within a line (and be shorter without colours), so the piece after its last line end is ignored.
  const cut = head.length >= HEAD_BYTES / 2 ? head.lastIndexOf(10) + 1 : head.length
  splitter.push(cut === head.length || layout !== 'lines' ? head : head.subarray(0, cut))
  splitter.finish()
}
