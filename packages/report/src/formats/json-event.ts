import type { Quotable } from '../facts/evidence-keeper.ts'
import { hashBytes, readNumber, textOf } from '../read/byte-scan.ts'
import { Interner } from '../read/interner.ts'
import { JsonScan, unescapeJson } from '../read/json-scan.ts'

/** Members of Warren's log lines that the report reads. */
const FIELDS = [
  'time',
  'level',
  'msg',
  'component',
  'hostname',
  'requestId',
  'since',
  'status',
  'durationMs',
  'heldMs',
  'user',
  'node',
  'path',
  'method',
  'kind',
  'code',
  'detail',
  'taskId',
  'subtaskId',
  'reason',
  'cause',
  'attempt',
  'link',
  'polls',
  'emptyPolls',
  'p50Ms',
  'p95Ms',
  'maxMs',
  'periodMs',
  'waitMs',
  'type',
  'upstream',
  'version',
  'relay',
  'count',
  'database',
  'store',
  'queue',
  'collection',
  'nodes',
  'missing',
  'users',
  'deadlineMs',
  'late',
  'asked',
  'address',
  'answered',
  'err',
  'retryInMs',
  'url',
  'pid',
  'dependency',
  'technology',
  'checks',
  'state',
] as const
export type Field = (typeof FIELDS)[number]

const NUMBER_OF = new Map<Field, number>(FIELDS.map((field, index) => [field, index]))
const NONE = -1

/** A JSON line of a Warren program. Its known members are located in one pass; values are read on demand. One object is reused. */
export class JsonEvent {
  readonly #scan = new JsonScan()
  readonly #names = new Interner(FIELDS.length)
  /** Per member, the number of the line in which it was last seen, so that members need not be reset. */
  readonly #seen = new Float64Array(FIELDS.length)
  #line = 0
  readonly #starts = new Int32Array(FIELDS.length)
  readonly #ends = new Int32Array(FIELDS.length)
  readonly #escaped = new Uint8Array(FIELDS.length)
  readonly #words = new Interner(4_000)
  readonly #scratch = Buffer.allocUnsafe(4_096)
  #buf: Buffer = Buffer.alloc(0)

  constructor() {
    // Registered in this order, so that the number of a name is its index.
    for (const field of FIELDS) this.#names.id(Buffer.from(field), 0, field.length)
  }

  /** Reads a line; false if it is not a complete JSON object. */
  read(line: Pick<Quotable, 'buf' | 'start' | 'end'>): boolean {
    this.#line++
    this.#buf = line.buf
    const scan = this.#scan
    if (!scan.begin(line.buf, line.start, line.end)) return false
    while (scan.next()) {
      const field = this.#names.id(line.buf, scan.keyStart, scan.keyEnd)
      if (field < 0) continue
      this.#seen[field] = this.#line
      this.#starts[field] = scan.valueStart
      this.#ends[field] = scan.valueEnd
      this.#escaped[field] = scan.kind === 'string' && scan.escaped ? 1 : 0
    }
    return scan.complete
  }

  has(field: Field): boolean {
    return this.#start(field) !== NONE
  }

  /** NaN if the member is absent or not a number. */
  number(field: Field): number {
    const start = this.#start(field)
    return start === NONE ? Number.NaN : readNumber(this.#buf, start, this.#end(field))
  }

  /** '' if the member is absent. Truncated after 4 kB. */
  text(field: Field): string {
    const start = this.#start(field)
    if (start === NONE) return ''
    const end = this.#end(field)
    if (this.#escaped[NUMBER_OF.get(field) ?? 0] === 1) {
      return textOf(this.#scratch, 0, unescapeJson(this.#buf, start, end, this.#scratch))
    }
    return textOf(this.#buf, start, Math.min(end, start + 4_096))
  }

  /** Like `text`, for members with few different values: each string is created once. */
  word(field: Field): string {
    const start = this.#start(field)
    if (start === NONE) return ''
    const id = this.#words.id(this.#buf, start, this.#end(field))
    return id < 0 ? this.text(field) : this.#words.text(id)
  }

  /** Hash of the member, to match lines; 0 if it is absent. */
  hash(field: Field): number {
    const start = this.#start(field)
    return start === NONE ? 0 : hashBytes(this.#buf, start, this.#end(field))
  }

  /** [start, end) of a value in the line. */
  range(field: Field): { start: number; end: number } | undefined {
    const start = this.#start(field)
    return start === NONE ? undefined : { start, end: this.#end(field) }
  }

  /** The strings in a list; a few at most. */
  texts(field: Field): string[] {
    const start = this.#start(field)
    const end = this.#end(field)
    if (start === NONE || this.#buf[start] !== 91 || end - start > 4_096) return []
    const list: unknown = parsed(this.#buf.toString('utf8', start, end))
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string').slice(0, 32) : []
  }

  /** The numeric members of a nested object, such as the counts of a summary: the first `most`. */
  numbers(field: Field, most = 32): [string, number][] {
    const start = this.#start(field)
    if (start === NONE) return []
    const scan = new JsonScan()
    const found: [string, number][] = []
    if (!scan.begin(this.#buf, start, this.#end(field))) return found
    while (scan.next() && found.length < most) {
      const value = readNumber(this.#buf, scan.valueStart, scan.valueEnd)
      if (!Number.isNaN(value)) found.push([textOf(this.#buf, scan.keyStart, scan.keyEnd), value])
    }
    return found
  }

  #start(field: Field): number {
    const number = NUMBER_OF.get(field) ?? 0
    return this.#seen[number] === this.#line ? (this.#starts[number] ?? NONE) : NONE
  }

  #end(field: Field): number {
    return this.#ends[NUMBER_OF.get(field) ?? 0] ?? NONE
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
