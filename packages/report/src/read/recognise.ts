import { EventHead } from './event-head.ts'
import { copyWithoutColours, isColoured } from './colours.ts'
import { LineSplitter } from './line-splitter.ts'
import type { OnLine } from './line-splitter.ts'
import { LineView } from './line-view.ts'
import { DocumentSplitter } from './document-splitter.ts'
import { isDocument } from './forms/document-forms.ts'
import { LINE_FORMS } from './forms/line-forms.ts'
import { CsvSplitter, JsonArraySplitter } from './record-splitter.ts'
import type { Splitter } from './record-splitter.ts'
import { ComposeWrapper } from './wrappers/compose.ts'
import { ChainedWrapper } from './wrappers/chained.ts'
import { CriWrapper } from './wrappers/cri.ts'
import { CsvRecordWrapper, csvColumns } from './wrappers/csv-record.ts'
import { JsonRecordWrapper } from './wrappers/json-record.ts'
import { KubectlWrapper } from './wrappers/kubectl.ts'
import { LineFormWrapper } from './wrappers/line-form.ts'
import { LogcliWrapper } from './wrappers/logcli.ts'
import { NamedLineWrapper } from './wrappers/named-line.ts'
import { RecordFormWrapper } from './wrappers/record-form.ts'
import { SternWrapper } from './wrappers/stern.ts'
import { NO_WRAPPER } from './wrappers/wrapper.ts'
import type { Wrapper } from './wrappers/wrapper.ts'

/** Bytes at the beginning of a file that are used to recognise its format. */
export const HEAD_BYTES = 128 * 1024
const HEAD_LINES = 400

/** The format of a file, from its beginning. */
export interface Recognition {
  layout: 'lines' | 'json-array' | 'documents' | 'csv'
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
  () => new RecordFormWrapper(),
  () => new JsonRecordWrapper(),
  () => new ComposeWrapper(),
  () => new SternWrapper(),
  ...LINE_FORMS.map((form) => () => new LineFormWrapper(form)),
]

/** What a program or another collector wrote within a wrapper. */
const INNER_CANDIDATES: readonly (() => Wrapper)[] = [
  () => new CriWrapper(),
  () => new RecordFormWrapper(),
  () => new JsonRecordWrapper(),
  ...LINE_FORMS.map((form) => () => new LineFormWrapper(form)),
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
    return inspect(
      head,
      'csv',
      withInner(head, 'csv', () => new CsvRecordWrapper(columns)),
    )
  }
  if (layout === 'json-array' || layout === 'documents')
    return inspect(
      head,
      layout,
      withInner(head, layout, () => new JsonRecordWrapper()),
    )
  const outer = bestWrapper((onView) => eachHeadLine(head, 'lines', onView), CANDIDATES)
  return inspect(
    head,
    'lines',
    outer === undefined ? () => NO_WRAPPER : withInner(head, 'lines', outer),
  )
}

/** The candidate that unwraps the most lines. */
function bestWrapper(
  eachLine: (onView: (view: LineView) => void) => void,
  candidates: readonly (() => Wrapper)[],
): (() => Wrapper) | undefined {
  let best: (() => Wrapper) | undefined
  let bestHits = 0
  for (const candidate of candidates) {
    const wrapper = candidate()
    let hits = 0
    let lines = 0
    eachLine((view) => {
      lines++
      if (wrapper.unwrap(view)) hits++
    })
    // A wrapper is on every line, but a third is enough: files may contain garbage, or notes of the tool that collected them.
    if (hits > bestHits && hits * 3 >= lines) {
      best = candidate
      bestHits = hits
    }
  }
  return best
}

/** The wrapper, around another one if its lines are wrapped again. */
function withInner(
  head: Buffer,
  layout: Recognition['layout'],
  makeOuter: () => Wrapper,
): () => Wrapper {
  const makeInner = bestWrapper((onView) => {
    const outer = makeOuter()
    eachHeadLine(head, layout, (view) => {
      if (outer.unwrap(view) && !view.partial) onView(view)
    })
  }, INNER_CANDIDATES)
  return makeInner === undefined ? makeOuter : () => new ChainedWrapper(makeOuter(), makeInner())
}

/** The splitter for a recognised file. */
export function splitterFor(layout: Recognition['layout'], onLine: OnLine): Splitter {
  if (layout === 'json-array') return new JsonArraySplitter(onLine)
  if (layout === 'documents') return new DocumentSplitter(onLine)
  if (layout === 'csv') return new CsvSplitter(onLine)
  return new LineSplitter(onLine)
}

/** An array of objects, or an answer of CloudWatch, Elasticsearch or Datadog that contains one. */
const JSON_ARRAY = /^(?:\{[^[]{0,2000}"(?:events|hits|data)"\s*:\s*)?\[\s*\{/
/** Several objects, of which the first one ends before the array begins. */
const JSON_LINES = /^\{[^[]*\}\s*\n\s*\{/

function layoutOf(head: Buffer): Recognition['layout'] {
  let at = 0
  while (at < head.length && (head[at] ?? 0) <= 32) at++
  const beginning = head.toString('latin1', at, at + 2_400)
  if (isDocument(beginning)) return 'documents'
  if (JSON_ARRAY.test(beginning) && !JSON_LINES.test(beginning)) return 'json-array'
  return csvColumns(firstLine(head)) ? 'csv' : 'lines'
}

function firstLine(head: Buffer): string {
  const newline = head.indexOf(10)
  return head.toString('utf8', 0, Math.min(newline < 0 ? head.length : newline, 4096))
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
