import { ascii } from '../byte-scan.ts'
import { JsonScan, unescapeJson } from '../json-scan.ts'
import { MAX_LINE_BYTES } from '../line-splitter.ts'
import type { LineView } from '../line-view.ts'
import type { SourceLabels } from '../source-labels.ts'
import { IsoTime } from '../timestamps.ts'
import { EXPORT_NAMES } from './export-names.ts'
import { exportTime } from './export-time.ts'
import { Origins } from './origins.ts'
import type { Wrapper } from './wrapper.ts'

const NAMES = {
  line: EXPORT_NAMES.line.map(ascii),
  time: EXPORT_NAMES.time.map(ascii),
  record: EXPORT_NAMES.record.map(ascii),
  labels: EXPORT_NAMES.labels.map(ascii),
} as const
/** A container runtime splits longer lines into pieces of this size, bytes. */
const PIECE_BYTES = 16 * 1024

const MAX_LABEL_DEPTH = 3

/** Members that only Warren's programs log: a line with one of them is not a wrapper. */
const WARREN_MEMBERS = ['msg', 'level', 'component'].map(ascii)

/** What a record contains. */
interface RecordParts {
  /** [start, end) is the program's line; -1 if none was found. */
  start: number
  end: number
  escaped: boolean
  /** The line is a string, which no other member replaces. */
  isText: boolean
  /** UTC milliseconds; NaN if unknown. */
  time: number
  originLength: number
}

function noParts(): RecordParts {
  return { start: -1, end: -1, escaped: false, isText: false, time: Number.NaN, originLength: 0 }
}

// All files share it: a line is finished before the next one is read.
const SCRATCH = Buffer.allocUnsafe(MAX_LINE_BYTES)
const ORIGIN = Buffer.allocUnsafe(4096)

/**
 * One JSON object per record, with the program's line in one of its members: Docker's json-file (`log`, `time`), stern (`message`,
 * `podName`), Loki (`line`, `timestamp`, `labels`), a hit of Elasticsearch (`_source`), and so on: see `EXPORT_NAMES`. Only the
 * displayed name depends on the kind.
 */
export class JsonRecordWrapper implements Wrapper {
  readonly holdsLineEnds = true
  readonly #scan = new JsonScan()
  readonly #inner = new JsonScan()
  readonly #time = new IsoTime()
  readonly #origins = new Origins(labelsOf)
  #kind = 'JSON records'
  #record: RecordParts = noParts()
  #sawLineEnd = false
  /** Bytes of a line that is a list of numbers; -1 if it is a text. */
  #bytes = -1

  get name(): string {
    return this.#kind
  }

  unwrap(view: LineView): boolean {
    const scan = this.#scan
    if (view.buf[view.start] !== 123 || !scan.begin(view.buf, view.start, view.end)) return false
    const record = noParts()
    this.#record = record
    this.#bytes = -1
    if (!this.#readMembers(scan) || record.start < 0) return false
    const { start: textStart, end: textEnd, escaped, time, originLength } = record
    view.origin = originLength === 0 ? 0 : this.#origins.number(ORIGIN, 0, originLength)
    view.wrapperTime = time
    if (this.#bytes >= 0) {
      view.buf = SCRATCH
      view.start = 0
      view.end = this.#bytes
      this.#trimLineEnd(view, true)
      return true
    }
    if (escaped && onlyLineEndEscaped(view.buf, textStart, textEnd)) {
      // The usual Docker line: only its line end is escaped, so it need not be copied.
      view.start = textStart
      view.end = textEnd - 2
      view.partial = false
      this.#sawLineEnd = true
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
    // Docker splits long lines, and only the last piece has a line end. Other programs write records without any.
    view.partial =
      this.#kind === DOCKER && !ended && (this.#sawLineEnd || view.end - view.start >= PIECE_BYTES)
    if (ended) this.#sawLineEnd = true
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

  /** Finds line, time and origin among the members; false if the object is a line of Warren's programs. */
  #readMembers(scan: JsonScan): boolean {
    const record = this.#record
    while (scan.next()) {
      if (WARREN_MEMBERS.some((name) => scan.keyIs(name))) return false
      if (!record.isText && NAMES.line.some((name) => scan.keyIs(name))) {
        this.#readLine(scan)
      } else if (NAMES.time.some((name) => scan.keyIs(name))) {
        const read = this.#readTime(scan)
        if (!Number.isNaN(read) && Number.isNaN(record.time)) record.time = read
      } else if (NAMES.labels.some((name) => scan.keyIs(name))) {
        // The bytes of all label members identify the origin, so that they are parsed only once per origin.
        const length = scan.valueEnd - scan.valueStart + scan.keyEnd - scan.keyStart + 4
        if (record.originLength + length < ORIGIN.length)
          record.originLength += this.#copyMember(scan, record.originLength)
      } else if (scan.kind === 'object' && scan !== this.#inner && this.#isRecord(scan)) {
        this.#inner.begin(scan.buf, scan.valueStart, scan.valueEnd)
        // A line of Warren that the store has parsed.
        if (!this.#readMembers(this.#inner)) this.#takeObject(scan)
      }
    }
    return true
  }

  /** The line is a text. Stores that parse lines write an object, and journald lists the bytes of a line that is not plain text. */
  #readLine(scan: JsonScan): void {
    const record = this.#record
    if (scan.kind === 'object') this.#takeObject(scan)
    else if (scan.kind === 'array') this.#takeBytes(scan)
    else if (scan.kind === 'string') {
      record.start = scan.valueStart
      record.end = scan.valueEnd
      record.escaped = scan.escaped
      record.isText = true
    } else return
    this.#kind = kindOf(scan)
  }

  #takeObject({ valueStart, valueEnd }: JsonScan): void {
    const record = this.#record
    record.start = valueStart
    record.end = valueEnd
    record.escaped = false
  }

  #takeBytes(scan: JsonScan): void {
    const numbers = scan.buf.toString('latin1', scan.valueStart + 1, scan.valueEnd - 1).split(',')
    const bytes = numbers.slice(0, SCRATCH.length).map(Number)
    if (bytes.some((byte) => !(byte >= 0 && byte < 256))) return
    this.#takeObject(scan)
    this.#bytes = Buffer.from(bytes).copy(SCRATCH)
  }

  #isRecord(scan: JsonScan): boolean {
    return NAMES.record.some((name) => scan.keyIs(name))
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
    const { buf, valueStart, valueEnd } = scan
    return exportTime(this.#time, buf, valueStart, valueEnd)
  }
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

/** Only the displayed name, and whether pieces of a line may follow each other, depend on it. */
function kindOf(scan: JsonScan): string {
  if (scan.keyIs(LOG)) return DOCKER
  return scan.keyIs(LINE) ? 'Loki export (JSON)' : 'JSON records'
}

const [LOG, LINE] = [ascii('log'), ascii('line')]

/** Collects labels at any depth by their usual names; a value that is not a JSON object is used as it is. */
export function collectLabels(key: string, value: string, into: SourceLabels, depth = 0): void {
  if (value.startsWith('{')) {
    let parsed: unknown
    try {
      parsed = JSON.parse(value)
    } catch {
      return
    }
    if (typeof parsed !== 'object' || parsed === null) return
    for (const [inner, text] of Object.entries(parsed)) {
      // `{"pod": {"name": "relay-0"}}`
      const name = inner === 'name' ? key : inner
      if (typeof text === 'string') collectLabels(name, text, into)
      else if (typeof text === 'object' && text !== null && depth < MAX_LABEL_DEPTH)
        collectLabels(name, JSON.stringify(text), into, depth + 1)
    }
    return
  }
  if (value === '') return
  const label = LABELS.get(key.toLowerCase().replaceAll(/[^a-z]/g, ''))
  if (label !== undefined) into[label] = value
}

/** What stores call each label, in lower case and without punctuation. */
const LABELS = new Map<string, 'pod' | 'container' | 'namespace' | 'cluster' | 'component'>([
  ...['pod', 'podname', 'kubernetespodname', 'kspodname', 'logstream', 'logstreamname'].map(
    (name) => [name, 'pod'] as const,
  ),
  ...[
    'container',
    'containername',
    'kubernetescontainername',
    'kscontainername',
    'systemdunit',
  ].map((name) => [name, 'container'] as const),
  ...[
    'namespace',
    'namespacename',
    'podnamespace',
    'kubernetesnamespace',
    'kubernetesnamespacename',
    'ksnamespacename',
  ].map((name) => [name, 'namespace'] as const),
  ...['cluster', 'clustername', 'ksclustername'].map((name) => [name, 'cluster'] as const),
  ...['component', 'appkubernetesiocomponent'].map((name) => [name, 'component'] as const),
])

/** The only escape in [start, end) is a final `\\n`. */
function onlyLineEndEscaped(buf: Buffer, start: number, end: number): boolean {
  if (end - start < 2 || buf[end - 1] !== 110 || buf[end - 2] !== 92) return false
  for (let at = start; at < end - 2; at++) if (buf[at] === 92) return false
  return true
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === 10 || byte === 13
}
