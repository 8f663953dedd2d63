import type { Quotable } from '../facts/evidence-keeper.ts'
import { DatabaseFacts } from '../facts/facts.ts'
import { outcomeOf } from '../facts/link-stats.ts'
import { ascii, find, readNumber, textOf } from '../read/byte-scan.ts'
import type { EventHead } from '../read/event-head.ts'
import { databaseReason } from '../vocabulary/database-reasons.ts'
import type { FormatReader } from './format-reader.ts'

const FATAL = ['FATAL:  ', 'PANIC:  '].map(ascii)
const ERROR = ascii('ERROR:  ')
const DURATION = ascii('duration: ')
const READY = ascii('database system is ready to accept connections')
const STARTING = ascii('starting PostgreSQL ')
const SHUTDOWN = ascii('database system is shut down')

/** The client disconnected or never logged in: a port probe, or a program that was killed. The server is healthy. */
const CLIENT_GONE = [
  'connection to client lost',
  'unexpected EOF on client connection',
  'could not receive data from client',
  'canceling authentication due to timeout',
  'unsupported frontend protocol',
  'no PostgreSQL user name specified in startup packet',
].map(ascii)

/** Statement errors that indicate a problem of the server, not of the statement. */
const SERVER_ERRORS = [
  'canceling statement due to statement timeout',
  'deadlock detected',
  'out of memory',
  'No space left on device',
  'could not extend file',
  'could not write',
  'terminating connection',
].map(ascii)

/** PostgreSQL server log with the usual prefix (`%m [%p] …`). */
export class PostgresReader implements FormatReader {
  readonly name = 'PostgreSQL'
  readonly #facts = new DatabaseFacts()
  #used = false

  constructor() {
    this.#facts.program = 'PostgreSQL'
  }

  facts(): readonly DatabaseFacts[] {
    return this.#used ? [this.#facts] : []
  }

  event(line: Quotable, head: EventHead): boolean {
    this.#used = true
    const { buf, end } = line
    const { link } = this.#facts
    const at = head.message
    const severity = Math.min(end, at + 160)
    const has = (word: Uint8Array): boolean => find(buf, at, end, word) >= 0
    if (FATAL.some((word) => find(buf, at, severity, word) >= 0)) {
      if (CLIENT_GONE.some(has)) link.beat(line.time)
      else this.#fail(line)
    } else if (find(buf, at, severity, ERROR) >= 0) {
      if (SERVER_ERRORS.some(has)) this.#fail(line)
      else link.beat(line.time)
    } else if (has(READY)) {
      this.#facts.started(line, '')
      link.success(line, 0, Number.NaN)
    } else if (has(SHUTDOWN)) {
      this.#facts.lastStop = line.time
    } else if (has(STARTING)) {
      const from = find(buf, at, end, STARTING) + STARTING.length
      this.#facts.version = String(readNumber(buf, from, end))
    } else {
      const duration = find(buf, at, end, DURATION)
      if (duration >= 0) link.success(line, 0, readNumber(buf, duration + DURATION.length, end))
      else link.beat(line.time)
    }
    return true
  }

  #fail(line: Quotable): void {
    const { link } = this.#facts
    link.failure(line, outcomeOf('database-failing'), 'database-failing', Number.NaN)
    const reason = databaseReason(
      textOf(line.buf, line.start, Math.min(line.end, line.start + 600)),
    )
    if (reason !== undefined) link.problems.get('database-failing')?.detail(reason.name)
  }
}
