import { ascii, readNumber } from '../byte-scan.ts'
import { JsonScan, unescapeJson } from '../json-scan.ts'
import { MAX_LINE_BYTES } from '../line-splitter.ts'
import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { IsoTime } from '../timestamps.ts'
import { Origins } from './origins.ts'
import type { Wrapper } from './wrapper.ts'

const NAMES = {
  text: ['log', 'line', 'message', 'Line', 'body'].map(ascii),
  time: ['time', 'timestamp', 'ts', 'tsNs', 'Time'].map(ascii),
  labels: ['labels', 'fields', 'stream', 'kubernetes'].map(ascii),
  pod: ['podName', 'pod', 'pod_name'].map(ascii),
  container: ['containerName', 'container', 'container_name'].map(ascii),
  namespace: ['namespace', 'namespace_name'].map(ascii),
} as const

/** Members that only Warren's programs log: a line with one of them is not a wrapper. */
const WARREN_MEMBERS = ['msg', 'level', 'component'].map(ascii)

// All files share it: a line is finished before the next one is read.
const SCRATCH = Buffer.allocUnsafe(MAX_LINE_BYTES)
const ORIGIN = Buffer.allocUnsafe(4096)

/**
 * One JSON object per line with the program's line in a string member: Docker's json-file (`log`, `time`), stern's JSON (`message`,
 * `podName`), Loki and Grafana exports (`line`, `timestamp`, `labels`). Only the displayed name depends on the kind.
 */
export class JsonRecordWrapper implements Wrapper {
  readonly #scan = new JsonScan()
  readonly #time = new IsoTime()
  readonly #origins = new Origins(labelsOf)
  #kind = 'JSON records'

  get name(): string {
    return this.#kind
  }

  unwrap(view: LineView): boolean {
    const scan = this.#scan
    if (view.buf[view.start] !== 123 || !scan.begin(view.buf, view.start, view.end)) return false
    let textStart = -1
    let textEnd = -1
    let escaped = false
    let time = Number.NaN
    let originLength = 0
    while (scan.next()) {
      if (WARREN_MEMBERS.some((name) => scan.keyIs(name))) return false
      if (textStart < 0 && NAMES.text.some((name) => scan.keyIs(name))) {
        if (scan.kind !== 'string' && scan.kind !== 'object') return false
        textStart = scan.valueStart
        textEnd = scan.valueEnd
        escaped = scan.kind === 'string' && scan.escaped
        this.#kind = kindByMember(view.buf[scan.keyStart + 1] ?? 0)
      } else if (NAMES.time.some((name) => scan.keyIs(name))) {
        const read = this.#readTime(scan)
        if (!Number.isNaN(read)) time = read
      } else if (this.#isOrigin(scan)) {
        // The bytes of all label members identify the origin, so that they are parsed only once per origin.
        const length = scan.valueEnd - scan.valueStart + scan.keyEnd - scan.keyStart + 4
        if (originLength + length < ORIGIN.length)
          originLength += this.#copyMember(scan, originLength)
      }
    }
    if (textStart < 0) return false
    view.origin = originLength === 0 ? 0 : this.#origins.number(ORIGIN, 0, originLength)
    view.wrapperTime = time
    if (escaped && onlyLineEndEscaped(view.buf, textStart, textEnd)) {
      // The usual Docker line: only its line end is escaped, so it need not be copied.
      view.start = textStart
      view.end = textEnd - 2
      view.partial = false
      return true
    }
    if (escaped) {
      view.end = unescapeJson(view.buf, textStart, textEnd, SCRATCH)
      view.buf = SCRATCH
      view.start = 0
    } else {
      view.start = textStart
      view.end = textEnd
    }
    const ended = this.#trimLineEnd(view, escaped)
    // Docker splits long lines; only the last piece has a line end.
    view.partial = this.#kind === DOCKER && !ended
    return true
  }

  labels(origin: number): SourceLabels {
    return this.#origins.labels(origin)
  }

  /** Removes line ends; true if there was one. */
  #trimLineEnd(view: LineView, unescaped: boolean): boolean {
    const { buf, start, end } = view
    if (unescaped) while (view.end > start && isLineEnd(buf[view.end - 1])) view.end--
    return view.end < end
  }

  #isOrigin(scan: JsonScan): boolean {
    if (scan.kind === 'object') return NAMES.labels.some((name) => scan.keyIs(name))
    return (
      NAMES.pod.some((name) => scan.keyIs(name)) ||
      NAMES.container.some((name) => scan.keyIs(name)) ||
      NAMES.namespace.some((name) => scan.keyIs(name))
    )
  }

  #copyMember(scan: JsonScan, at: number): number {
    let length = 0
    if (at > 0) ORIGIN[at + length++] = 1
    length += scan.buf.copy(ORIGIN, at + length, scan.keyStart, scan.keyEnd)
    ORIGIN[at + length++] = 2
    length += scan.buf.copy(ORIGIN, at + length, scan.valueStart, scan.valueEnd)
    return length
  }

  #readTime(scan: JsonScan): number {
    if (this.#time.read(scan.buf, scan.valueStart, scan.valueEnd)) return this.#time.ms
    return epochMs(readNumber(scan.buf, scan.valueStart, scan.valueEnd))
  }
}

/** Seconds, milliseconds, microseconds or nanoseconds since the epoch, recognised by their size, as milliseconds. */
export function epochMs(value: number): number {
  if (!(value > 1e8)) return Number.NaN
  if (value < 1e11) return value * 1000
  if (value < 1e14) return value
  if (value < 1e17) return value / 1000
  return value / 1e6
}

/** Parses members copied one after the other as `name \u0002 value`. */
function labelsOf(text: string): SourceLabels {
  const labels: SourceLabels = {}
  for (const record of text.split('\u0001')) {
    const cut = record.indexOf('\u0002')
    collectLabels(record.slice(0, cut), record.slice(cut + 1), labels)
  }
  return labels
}

const DOCKER = 'Docker json-file'

function kindByMember(second: number): string {
  if (second === 111) return DOCKER
  if (second === 105) return 'Loki export (JSON)'
  return 'JSON records'
}

/** Collects labels at any depth by their usual names; a value that is not a JSON object is used as it is. */
export function collectLabels(key: string, value: string, into: SourceLabels): void {
  if (value.startsWith('{')) {
    let parsed: unknown
    try {
      parsed = JSON.parse(value)
    } catch {
      return
    }
    if (typeof parsed !== 'object' || parsed === null) return
    for (const [inner, text] of Object.entries(parsed)) {
      if (typeof text === 'string') collectLabels(inner, text, into)
    }
    return
  }
  if (value === '') return
  const name = key.toLowerCase().replaceAll(/[^a-z]/g, '')
  if (name === 'pod' || name === 'podname') into.pod = value
  else if (name === 'container' || name === 'containername') into.container = value
  else if (name === 'namespace' || name === 'namespacename') into.namespace = value
  else if (name === 'cluster' || name === 'clustername') into.cluster = value
  else if (name === 'component' || name === 'appkubernetesiocomponent') into.component = value
}

/** The only escape in [start, end) is a final `\\n`. */
function onlyLineEndEscaped(buf: Buffer, start: number, end: number): boolean {
  if (end - start < 2 || buf[end - 1] !== 110 || buf[end - 2] !== 92) return false
  for (let at = start; at < end - 2; at++) if (buf[at] === 92) return false
  return true
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === 10 || byte === 13
}
