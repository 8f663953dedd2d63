import type { Quotable, RawEvidence } from '../facts/evidence-keeper.ts'
import { quote } from '../facts/evidence-keeper.ts'
import type { Facts } from '../facts/facts.ts'
import { Heartbeat } from '../facts/heartbeat.ts'
import type { LineMemory } from '../read/line-memory.ts'
import type { LineView } from '../read/line-view.ts'
import type { SourceLabels } from '../read/source-labels.ts'
import { DAY, HOUR } from '../read/timestamps.ts'
import { AlbReader, NginxReader } from '../formats/access-log.ts'
import { DotnetRelayReader } from '../formats/dotnet-relay.ts'
import type { EventHead, Format, TimeKind } from '../read/event-head.ts'
import type { FormatReader } from '../formats/format-reader.ts'
import { NginxErrorReader } from '../formats/nginx-error.ts'
import { PostgresReader } from '../formats/postgresql.ts'
import { PythonBunnyReader } from '../formats/python-bunny.ts'
import { RabbitReader } from '../formats/rabbitmq.ts'
import { WarrenJsonReader } from '../formats/warren-json.ts'
import { SummerTime } from './summer-time.ts'
import { ZoneWatch } from './zone-watch.ts'

/** A larger jump is accepted only if the next time confirms it, so that one damaged time does not shift the log. */
const LEAP_MS = 36 * HOUR
/** A date outside of these years is damaged, or from a clock that was never set. */
const EARLIEST_MS = Date.UTC(2000, 0)
const LATEST_MS = Date.UTC(2050, 0)
const SAMPLES = 3

/** The time range to read, in the clock of the source; open if undefined. */
export interface TimeRange {
  since: number | undefined
  until: number | undefined
}

/**
 * All lines of one program in one pod or file, over all its files. Keeps the clock of the source, and passes events to the reader of
 * their format.
 */
export class LogSource implements Quotable {
  readonly sourceId: number
  readonly labels: SourceLabels
  // The current line.
  buf: Buffer = Buffer.alloc(0)
  start = 0
  end = 0
  line = 0
  time = Number.NaN
  file: string

  lines = 0
  events = 0
  continuations = 0
  unreadable = 0
  shortened = 0
  outside = 0
  /** Events that were also in another file. */
  repeated = 0
  /** A file of this source begins before the previous one ends. */
  filesOverlap = false
  first = Number.NaN
  last = Number.NaN
  /** How complete the logged times are: the least complete kind so far. */
  timeKind: TimeKind = 'none'
  /** Number of times that came from the wrapper. */
  wrapperTimes = 0
  readonly zone = new ZoneWatch()
  readonly summerTime = new SummerTime()
  readonly heartbeat = new Heartbeat()
  readonly samples: RawEvidence[] = []
  readonly #readers = new Map<Format, FormatReader>()
  // Created on demand like all readers: many pods have only a few lines each.
  #json: WarrenJsonReader | undefined
  #rabbit: RabbitReader | undefined
  readonly #timeRange: TimeRange
  readonly #memory: LineMemory | undefined
  #fileBefore = ''
  /** Names this source and its current file for the memory. */
  #log = ''
  readonly #baseDay: number
  #reader: FormatReader | undefined
  #readerFormat: Format = 'unknown'
  #inEvent = false
  #skipping = false
  #day = 0
  #timeOfDay = Number.NaN
  #suspect = Number.NaN

  /**
   * @param baseDay date of the first line in logs without dates, ms; 0 if unknown
   * @param memory remembers the lines of earlier files, if they may repeat
   */
  constructor(
    sourceId: number,
    labels: SourceLabels,
    file: string,
    timeRange: TimeRange,
    baseDay: number,
    memory?: LineMemory,
  ) {
    this.#memory = memory
    this.sourceId = sourceId
    this.labels = labels
    this.file = file
    this.#timeRange = timeRange
    this.#baseDay = baseDay
  }

  get readers(): readonly FormatReader[] {
    return [...this.#readers.values()].filter((reader) => reader.facts().length > 0)
  }

  get facts(): Facts[] {
    return this.readers.flatMap((reader) => [...reader.facts()])
  }

  /** Host name that the program logs, which is the pod in Kubernetes. */
  get hostname(): string {
    return this.#json?.hostname ?? ''
  }

  /**
   * Reads one line, and returns whether it is an event.
   * @param head the beginning of the event; undefined if the line begins none
   */
  feed(view: LineView, head: EventHead | undefined): boolean {
    this.buf = view.buf
    this.start = view.start
    this.end = view.end
    this.line = view.line
    this.lines++
    if (view.shortened) this.shortened++
    if (view.start >= view.end) return false
    if (head !== undefined && this.#event(head, view.wrapperTime)) return true
    this.#other(view)
    return false
  }

  /** Called at the end of the input. */
  finish(): void {
    for (const reader of this.#readers.values()) reader.finish?.()
  }

  #event(head: EventHead, wrapperTime: number): boolean {
    let written = head.time
    if (head.format === 'json') {
      this.#json ??= new WarrenJsonReader()
      written = this.#json.timeOf(this)
      if (Number.isNaN(written)) {
        this.#rabbit ??= new RabbitReader()
        written = this.#rabbit.jsonTimeOf(this)
        head.format = 'rabbitmq'
      }
      if (Number.isNaN(written)) return false
      head.timeKind = 'zoned'
    }
    const { format } = head
    const time = this.#place(written, head.timeKind, wrapperTime)
    if (Number.isNaN(time)) return false
    if (format !== this.#readerFormat) this.#switchTo(format)
    const reader = this.#reader
    if (reader === undefined) return false
    const before = this.time
    this.time = time
    if (this.#isOutside(time)) {
      this.outside++
      this.#skipping = true
      this.#inEvent = true
      return true
    }
    if (this.file !== this.#fileBefore) this.#newFile(time)
    if (this.#memory?.isRepeated(this.#log, time, this.buf, this.start, this.end) === true) {
      this.repeated++
      this.#skipping = true
      this.#inEvent = true
      return true
    }
    this.#skipping = false
    if (!reader.event(this, head)) {
      this.time = before
      return false
    }
    this.events++
    this.#inEvent = true
    if (!(this.first <= time)) this.first = time
    if (!(this.last >= time)) this.last = time
    this.heartbeat.beat(time)
    return true
  }

  #newFile(time: number): void {
    if (this.#fileBefore !== '' && time < this.last) this.filesOverlap = true
    this.#fileBefore = this.file
    this.#log = `${this.sourceId} ${this.file}`
  }

  /** Reads a line that does not begin an event: a continuation, or an unreadable line. */
  #other(view: LineView): void {
    const readable = !looksBinary(view.buf, view.start, view.end)
    if (readable && this.#inEvent && this.#mayContinue(view)) {
      this.continuations++
      if (!this.#skipping) this.#reader?.continuation?.(this)
      return
    }
    this.unreadable++
    if (this.samples.length < SAMPLES) this.samples.push({ ...quote(this), time: Number.NaN })
  }

  /** Formats with one line per event have no continuation lines; a line that begins like an event is damaged. */
  #mayContinue(view: LineView): boolean {
    if (
      this.#readerFormat === 'alb' ||
      this.#readerFormat === 'nginx' ||
      this.#readerFormat === 'json'
    )
      return false
    const first = view.buf[view.start]
    return !(
      first === 123 &&
      view.buf[view.start + 1] === 34 &&
      this.#readerFormat !== 'python-bunny'
    )
  }

  #switchTo(format: Format): void {
    this.#readerFormat = format
    let reader = this.#readers.get(format)
    if (reader === undefined) {
      reader = this.#readerOf(format)
      if (reader !== undefined) this.#readers.set(format, reader)
    }
    this.#reader = reader
  }

  #readerOf(format: Format): FormatReader | undefined {
    if (format === 'json') return this.#json
    if (format !== 'rabbitmq') return newReader(format)
    this.#rabbit ??= new RabbitReader()
    return this.#rabbit
  }

  /** The time of an event in the clock of this source; NaN if it is implausible. */
  #place(written: number, kind: TimeKind, wrapperTime: number): number {
    if (kind !== 'time-of-day' && !(written >= EARLIEST_MS && written < LATEST_MS))
      return Number.NaN
    let time = kind === 'time-of-day' ? this.#withDay(written) : written
    if (kind === 'dated' && this.wrapperTimes === 0) time = this.summerTime.correct(written)
    if (kind !== this.timeKind) this.timeKind = lessComplete(this.timeKind, kind)
    if (!Number.isNaN(wrapperTime)) {
      this.wrapperTimes++
      if (kind !== 'zoned') this.zone.observe(written, wrapperTime, kind)
      time = wrapperTime
    } else if (this.wrapperTimes > 0 && kind !== 'zoned')
      time = this.zone.toUtc(written, kind, this.time)
    if (Number.isNaN(this.time) || Math.abs(time - this.time) <= LEAP_MS) {
      this.#suspect = Number.NaN
      return time
    }
    if (Math.abs(time - this.#suspect) <= LEAP_MS) {
      this.#suspect = Number.NaN
      return time
    }
    this.#suspect = time
    return Number.NaN
  }

  /** Adds the date to a time of day: it advances at midnight; a small step back is a line out of order. */
  #withDay(timeOfDay: number): number {
    if (!Number.isNaN(this.#timeOfDay)) {
      if (timeOfDay < this.#timeOfDay - DAY / 2) this.#day++
      else if (timeOfDay > this.#timeOfDay + DAY / 2 && this.#day > 0) {
        return this.#baseDay + (this.#day - 1) * DAY + timeOfDay
      }
    }
    this.#timeOfDay = timeOfDay
    return this.#baseDay + this.#day * DAY + timeOfDay
  }

  #isOutside(time: number): boolean {
    const { since, until } = this.#timeRange
    return (since !== undefined && time < since) || (until !== undefined && time > until)
  }
}

function newReader(format: Exclude<Format, 'json' | 'rabbitmq'>): FormatReader | undefined {
  switch (format) {
    case 'python-bunny':
      return new PythonBunnyReader()
    case 'dotnet-relay':
      return new DotnetRelayReader()
    case 'postgresql':
      return new PostgresReader()
    case 'alb':
      return new AlbReader()
    case 'nginx':
      return new NginxReader()
    case 'nginx-error':
      return new NginxErrorReader()
    case 'unknown':
      return undefined
    default:
      return format satisfies never
  }
}

const KIND_ORDER: readonly TimeKind[] = ['none', 'zoned', 'dated', 'time-of-day']

function lessComplete(a: TimeKind, b: TimeKind): TimeKind {
  return KIND_ORDER.indexOf(a) > KIND_ORDER.indexOf(b) ? a : b
}

/** Finds control characters in the first bytes, which no log line contains. */
function looksBinary(buf: Buffer, start: number, end: number): boolean {
  const limit = Math.min(end, start + 48)
  for (let at = start; at < limit; at++) {
    const byte = buf[at] ?? 0
    if (byte < 9 || (byte > 13 && byte < 27) || byte === 0xff) return true
  }
  return false
}
