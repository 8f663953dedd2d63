import { ascii, find, readNumber, startsWith } from '../read/byte-scan.ts'
import { EventHead } from '../read/event-head.ts'
import type { LineView } from '../read/line-view.ts'
import { DAY, MINUTE } from '../read/timestamps.ts'
import type { LogSource } from './log-source.ts'
import { isClockChange } from './summer-time.ts'

/** A log that continues this much earlier than its last line is another log of the same program. Interleaved pods differ by less. */
const MIN_RESTART_MS = 2 * MINUTE
/** Logs of one program that are kept apart in one file; with more of them its lines are in no order. */
const MAX_PARTS = 8

const COMPONENTS = ['bunny', 'relay', 'upstream'].map((name) => ({
  key: `json ${name}`,
  value: ascii(`"${name}"`),
}))
const ERLANG_PROCESS = ascii('"<0.')

/** One log of a program. */
interface Part {
  readonly source: LogSource
  /** Latest logged time. */
  latest: number
}

/** One program of the group, whose logs may follow one another. */
interface Program {
  part: Part
  /** The log before this one, while this one has a single line: that line may be out of order. */
  before: Part | undefined
  parts: number
}

/**
 * The sources of one pod or one file. Usually one; a file into which several logs were pasted or merged has one for each program, and
 * one for each log of a program if these follow one another.
 */
export class SourceGroup {
  readonly #open: () => LogSource
  readonly #head = new EventHead()
  readonly #component = new Member('component')
  readonly #time = new Member('time')
  readonly #programs = new Map<string, Program>()
  #last: { readonly key: string; readonly program: Program } | undefined
  /** Source of the last event: lines that begin no event continue it. */
  #current: LogSource
  readonly #sources: LogSource[]

  /** @param open creates a source of this pod or file */
  constructor(open: () => LogSource) {
    this.#open = open
    this.#current = open()
    this.#sources = [this.#current]
  }

  get sources(): readonly LogSource[] {
    return this.#sources
  }

  /** The lines that follow are from this file. They may begin before the last line of the file before. */
  beginFile(file: string): void {
    for (const source of this.#sources) source.file = file
    for (const { part } of this.#programs.values()) part.latest = Number.NaN
  }

  /** Passes a line to the source that it belongs to. */
  feed(view: LineView): void {
    const head = this.#head
    const { start } = view
    view.start = afterQuoting(view)
    const key = head.read(view.buf, view.start, view.end) ? this.#keyOf(head, view) : ''
    if (key === '') {
      view.start = start
      this.#current.feed(view, undefined)
      return
    }
    const program = this.#programFor(key)
    const latest = this.#follow(program, head, view)
    const { part } = program
    this.#current = part.source
    if (part.source.feed(view, head)) part.latest = latest
  }

  #programFor(key: string): Program {
    if (this.#last?.key === key) return this.#last.program
    let program = this.#programs.get(key)
    if (program === undefined) {
      // The first program takes the lines before its first event.
      const source = this.#programs.size === 0 ? this.#current : this.#openSource()
      program = { part: { source, latest: Number.NaN }, before: undefined, parts: 1 }
      this.#programs.set(key, program)
    }
    this.#last = { key, program }
    return program
  }

  /** Opens the next source of a program at a line that is clearly earlier than those before. Returns the latest time of its source. */
  #follow(program: Program, head: EventHead, view: LineView): number {
    const { timeKind } = head
    const bare = Number.isNaN(view.wrapperTime)
    const time = bare ? this.#loggedTime(head, view) : view.wrapperTime
    const { before } = program
    if (before !== undefined) {
      program.before = undefined
      if (time >= before.latest - MIN_RESTART_MS) program.part = before
    }
    const { latest } = program.part
    const back = latest - time
    if (!(back > MIN_RESTART_MS)) return back > 0 ? latest : time
    const newDay = timeKind === 'time-of-day' && back > DAY / 2
    const clockChange = timeKind === 'dated' && isClockChange(latest, time)
    if (bare && (newDay || clockChange)) return time
    if (program.parts >= MAX_PARTS) return latest
    program.before = program.part
    program.part = { source: this.#openSource(), latest: Number.NaN }
    program.parts++
    return time
  }

  /** The program that writes such lines; '' if the report knows none. */
  #keyOf({ format }: EventHead, view: LineView): string {
    if (format === 'nginx-error') return 'nginx'
    if (format !== 'json') return format
    const at = this.#component.valueIn(view)
    const { buf, start, end } = view
    if (at < 0) return find(buf, start, end, ERLANG_PROCESS) < 0 ? '' : 'rabbitmq'
    for (const { key, value } of COMPONENTS) if (startsWith(buf, at, end, value)) return key
    return ''
  }

  /** NaN if the line has to be read to know its time. */
  #loggedTime(head: EventHead, view: LineView): number {
    if (head.format !== 'json') return head.time
    const at = this.#time.valueIn(view)
    return at < 0 ? Number.NaN : readNumber(view.buf, at, view.end)
  }

  #openSource(): LogSource {
    const source = this.#open()
    if (!this.#sources.includes(source)) this.#sources.push(source)
    return source
  }
}

/** Finds a member of JSON lines. It is usually where it was in the line before. */
class Member {
  readonly #name: Uint8Array
  #offset = 0

  constructor(name: string) {
    this.#name = ascii(`"${name}"`)
  }

  /** Where its value begins; -1 if the line has no such member. */
  valueIn({ buf, start, end }: LineView): number {
    const name = this.#name
    if (!startsWith(buf, start + this.#offset, end, name)) {
      const found = find(buf, start, end, name)
      if (found < 0) return -1
      this.#offset = found - start
    }
    let at = start + this.#offset + name.length
    while (at < end && (buf[at] === COLON || buf[at] === SPACE)) at++
    return at
  }
}

const SPACE = 32
const TAB = 9
const COLON = 58
const QUOTE_MARK = 62

/** After the indentation or the `> ` that marks a quotation in a mail, a chat or Markdown. */
function afterQuoting({ buf, start, end }: LineView): number {
  let at = start
  while (at < end && (buf[at] === QUOTE_MARK || buf[at] === SPACE || buf[at] === TAB)) at++
  return at
}
