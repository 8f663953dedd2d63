import type { LogSource } from './log-source.ts'
import type { SourceGroup } from './source-group.ts'
import { copyWithoutColours } from '../read/colours.ts'
import { LineView } from '../read/line-view.ts'
import { MAX_LINE_BYTES } from '../read/line-splitter.ts'
import { NewestFirst } from '../read/newest-first.ts'
import type { Recognition } from '../read/recognise.ts'
import { splitterFor } from '../read/recognise.ts'
import type { Splitter } from '../read/record-splitter.ts'
import { labelsOfPath } from '../read/path-labels.ts'
import type { SourceLabels } from '../read/source-labels.ts'
import type { Wrapper } from '../read/wrappers/wrapper.ts'

const ESCAPE = 27

/** The current line without colours. All files share it: a line is finished before the next one is read. */
const PLAIN = Buffer.allocUnsafe(MAX_LINE_BYTES)

/** Reads one file: splits and unwraps its lines and passes each to the sources of its pod or file. Memory does not grow with the file. */
export class LogReader {
  readonly wrapper: Wrapper
  readonly file: string
  readonly #labels: SourceLabels
  readonly #splitter: Splitter
  readonly #newestFirst: NewestFirst | undefined
  readonly #groupFor: (labels: SourceLabels, file: string) => SourceGroup
  readonly #groups: (SourceGroup | undefined)[] = []
  readonly #coloured: boolean
  readonly #mayHoldLineEnds: boolean
  /** The first row contains the column names. */
  readonly #headRow: boolean
  readonly #view = new LineView()
  readonly #partials = new Map<number, { buf: Buffer; length: number; line: number }>()
  bytes = 0

  constructor(options: {
    file: string
    labels: SourceLabels
    recognition: Recognition
    /** Returns the sources of a pod or file, and creates them the first time. */
    groupFor: (labels: SourceLabels, file: string) => SourceGroup
  }) {
    const { file, labels, recognition, groupFor } = options
    this.file = file
    this.#labels = labels
    this.#groupFor = groupFor
    this.wrapper = recognition.makeWrapper()
    this.#coloured = recognition.coloured
    this.#headRow = recognition.layout === 'csv'
    this.#mayHoldLineEnds = recognition.layout !== 'lines' || this.wrapper.holdsLineEnds === true
    if (recognition.newestFirst) this.#newestFirst = new NewestFirst(this.#line)
    this.#splitter = splitterFor(recognition.layout, this.#newestFirst?.add ?? this.#line)
  }

  get lines(): number {
    return this.#splitter.lines
  }

  /** Sources with lines in this file. */
  get sources(): LogSource[] {
    return [...new Set(this.#groups.flatMap((group) => group?.sources ?? []))]
  }

  push(chunk: Buffer): void {
    this.bytes += chunk.length
    this.#splitter.push(chunk)
  }

  finish(): void {
    this.#splitter.finish()
    this.#newestFirst?.finish()
    for (const [origin, partial] of this.#partials) {
      const view = this.#view
      view.buf = partial.buf
      view.start = 0
      view.end = partial.length
      view.line = partial.line
      view.origin = origin
      this.#deliver(view)
    }
    this.#partials.clear()
  }

  readonly #line = (
    buf: Buffer,
    start: number,
    end: number,
    line: number,
    shortened: boolean,
  ): void => {
    const view = this.#view
    view.buf = buf
    view.start = start
    view.end = end
    view.line = line
    view.wrapperTime = Number.NaN
    view.origin = 0
    view.shortened = shortened
    view.partial = false
    if (this.#coloured) this.#withoutColours(view)
    this.wrapper.unwrap(view)
    // Colours that the wrapper had escaped.
    if (this.#coloured) this.#withoutColours(view)
    if (this.#headRow && line === 1) return
    if (view.partial || this.#partials.size > 0) {
      if (this.#joinPartial(view)) return
    }
    this.#deliver(view)
  }

  /** Passes on a line; a JSON record with several lines is passed on line by line. */
  #deliver(view: LineView): void {
    const group = this.#groupOf(view.origin)
    // Raw lines contain no line end; only unescaped or joined ones can.
    if (!this.#mayHoldLineEnds || !holdsLineEnd(view)) {
      group.feed(view)
      return
    }
    const { start, end } = view
    let at = start
    while (at < end) {
      let next = view.buf.indexOf(10, at)
      if (next < 0 || next > end) next = end
      view.start = at
      view.end = next > at && view.buf[next - 1] === 13 ? next - 1 : next
      group.feed(view)
      at = next + 1
    }
  }

  #groupOf(origin: number): SourceGroup {
    let group = this.#groups[origin]
    if (group === undefined) {
      const wrapped = origin === 0 ? {} : this.wrapper.labels(origin)
      const named = wrapped.pod === undefined ? { ...labelsOfPath(this.file), ...wrapped } : wrapped
      // Labels from the operator take precedence over those from the wrapper.
      group = this.#groupFor({ ...named, ...this.#labels }, this.file)
      this.#groups[origin] = group
    }
    return group
  }

  /** Collects the pieces of a line that a container runtime split; true while more pieces follow. */
  #joinPartial(view: LineView): boolean {
    let partial = this.#partials.get(view.origin)
    if (partial === undefined) {
      if (!view.partial || this.#partials.size >= 64) return false
      partial = { buf: Buffer.allocUnsafe(MAX_LINE_BYTES), length: 0, line: view.line }
      this.#partials.set(view.origin, partial)
    }
    partial.length += view.buf.copy(partial.buf, partial.length, view.start, view.end)
    if (view.partial) return true
    this.#partials.delete(view.origin)
    view.buf = partial.buf
    view.start = 0
    view.end = partial.length
    view.line = partial.line
    return false
  }

  #withoutColours(view: LineView): void {
    if (!view.buf.subarray(view.start, view.end).includes(ESCAPE)) return
    view.end = copyWithoutColours(view.buf, view.start, view.end, PLAIN)
    view.buf = PLAIN
    view.start = 0
  }
}

function holdsLineEnd(view: LineView): boolean {
  for (let at = view.start; at < view.end; at++) if (view.buf[at] === 10) return true
  return false
}
