import { quote } from '../facts/evidence-keeper.ts'
import type { Quotable, RawEvidence } from '../facts/evidence-keeper.ts'
import { BrokerFacts } from '../facts/facts.ts'
import { KeptLine, OpenError } from '../facts/kept-line.ts'
import { outcomeOf } from '../facts/link-stats.ts'
import { ascii, find, findByte, readNumber, startsWith, textOf } from '../read/byte-scan.ts'
import { IsoTime, SECOND } from '../read/timestamps.ts'
import { BrokerLife } from './broker-life.ts'
import { LEVEL } from '../read/event-head.ts'
import type { EventHead } from '../read/event-head.ts'
import type { FormatReader } from './format-reader.ts'
import { JsonEvent } from './json-event.ts'
import { brokerProblem } from './broker-problem.ts'

const PHRASES = {
  accepting: ascii('accepting AMQP'),
  connection: ascii('connection '),
  closing: ascii('closing AMQP'),
  errorOn: ascii('Error on AMQP'),
  channelError: ascii('Channel error on'),
  authenticated: ascii('authenticated and granted access'),
  user: ascii("user '"),
  vhost: ascii("vhost: '"),
  noVhost: ascii("vhost: 'none'"),
  limit: ascii('limit alarm'),
  alarmSet: ascii('alarm set'),
  cleared: ascii('cleared'),
  startup: ascii('Server startup complete'),
  starting: ascii('Starting RabbitMQ '),
  sigterm: ascii('SIGTERM received'),
  askedToStop: ascii('RabbitMQ is asked to stop'),
  featureFlags: ascii('Feature flags: list of'),
  logging: ascii('Logging: '),
  syslog: ascii('Application syslog exited'),
  process: ascii('<0.'),
} as const

const OPENING_BRACE = 123
const LEVELS: ReadonlyMap<string, number> = new Map([
  ['debug', LEVEL.debug],
  ['info', LEVEL.info],
  ['notice', LEVEL.info],
  ['warning', LEVEL.warn],
  ['error', LEVEL.error],
  ['critical', LEVEL.fatal],
  ['alert', LEVEL.fatal],
  ['emergency', LEVEL.fatal],
])

/** A shorter connection was opened for a single operation. */
const SHORT_LIVED_MS = 5 * SECOND
const MAX_OPEN_CONNECTIONS = 4_096
/** The lines of one event have the same time, but a log collector may have added its own. */
const ONE_EVENT_MS = SECOND
const MAX_ALARMS = 16

interface OpenConnection {
  acceptedAt: number
  loggedIn: boolean
  accepted: RawEvidence | undefined
  authenticated: RawEvidence | undefined
}

/** An unusual event whose lines are being collected. */
interface OpenEvent {
  readonly text: OpenError
  readonly pid: number
  readonly level: number
  /** The connection had logged in before. */
  readonly loggedIn: boolean
  /** The line with the reason, if it is not the first. */
  reason: KeptLine | undefined
}

/** RabbitMQ 3.8 to 4.2, as text or JSON. The lines of an event repeat the time (since 3.9) or do not (3.8). */
export class RabbitReader implements FormatReader {
  readonly name = 'RabbitMQ'
  readonly #facts = new BrokerFacts()
  readonly #life = new BrokerLife(this.#facts)
  readonly #open = new Map<number, OpenConnection>()
  readonly #alarms = new Set<string>()
  readonly #iso = new IsoTime()
  #json: JsonEvent | undefined
  #used = false
  #event: OpenEvent | undefined

  constructor() {
    this.#facts.program = 'RabbitMQ'
  }

  facts(): readonly BrokerFacts[] {
    return this.#used ? [this.#facts] : []
  }

  event(line: Quotable, head: EventHead): boolean {
    const { buf, end } = line
    if (buf[line.start] === OPENING_BRACE) {
      return this.#json !== undefined && this.#jsonEvent(line, this.#json, head)
    }
    let at = head.message
    let pid = 0
    // All versions log `<0.725.0> ` here; otherwise the message has no process.
    if (buf[at] === 60) {
      const close = findByte(buf, at, Math.min(end, at + 40), 62)
      if (close > 0) {
        pid = pidOf(buf, at, close)
        at = close + 2
      }
    }
    this.#message(line, at, end, pid, head.level)
    return true
  }

  /** Time of a JSON line, milliseconds since the epoch; NaN if it is not one. Call it before `event`. */
  jsonTimeOf(line: Quotable): number {
    const { buf } = line
    this.#json ??= new JsonEvent()
    const event = this.#json
    if (!event.read(line) || !event.has('msg')) return Number.NaN
    const process = event.range('pid')
    const time = event.range('time')
    if (process === undefined || time === undefined) return Number.NaN
    if (!startsWith(buf, process.start, process.end, PHRASES.process)) return Number.NaN
    // In text format, or as seconds or microseconds since the epoch.
    if (this.#iso.read(buf, time.start, time.end)) return this.#iso.ms
    const number = readNumber(buf, time.start, time.end)
    return number > 1e14 ? number / 1_000 : number * 1_000
  }

  /** In JSON, the whole event is one line with an escaped message. */
  #jsonEvent(line: Quotable, event: JsonEvent, head: EventHead): boolean {
    const message = event.range('msg')
    const process = event.range('pid')
    if (message === undefined || process === undefined) return false
    head.level = LEVELS.get(event.word('level').toLowerCase()) ?? LEVEL.info
    const pid = pidOf(line.buf, process.start, process.end - 1)
    this.#message(line, message.start, message.end, pid, head.level)
    return true
  }

  continuation(line: Quotable): void {
    if (this.#event !== undefined) addLine(this.#event, line)
    // 3.8 logs its version on the second line of an event.
    else this.#ofLife(line, line.start, line.end)
  }

  finish(): void {
    if (this.#event !== undefined) this.#close(this.#event)
  }

  #message(line: Quotable, at: number, end: number, pid: number, level: number): void {
    this.#used = true
    const { buf } = line
    const opens = this.#opens(buf, at, end)
    const before = this.#event
    if (before !== undefined) {
      if (!opens && before.pid === pid && line.time - before.text.line.time < ONE_EVENT_MS) {
        addLine(before, line)
        return
      }
      this.#close(before)
    }
    this.#life.observe(line)
    if (opens && level <= LEVEL.info) this.#connection(line, at, end, pid, level)
    else if (find(buf, at, end, PHRASES.limit) >= 0) this.#alarm(line, at, end)
    else if (level >= LEVEL.error || (opens && level === LEVEL.warn))
      this.#begin(line, at, end, pid, level)
    else if (level === LEVEL.info) this.#ofLife(line, at, end)
  }

  /** The message begins like one about a connection. */
  #opens(buf: Buffer, at: number, end: number): boolean {
    switch (buf[at] ?? 0) {
      case 97: // a
        return startsWith(buf, at, end, PHRASES.accepting)
      case 99: // c
        return (
          startsWith(buf, at, end, PHRASES.connection) || startsWith(buf, at, end, PHRASES.closing)
        )
      case 67: // C
        return startsWith(buf, at, end, PHRASES.channelError)
      case 69: // E
        return startsWith(buf, at, end, PHRASES.errorOn)
      default:
        return false
    }
  }

  #connection(line: Quotable, at: number, end: number, pid: number, level: number): void {
    const { buf } = line
    // At level debug, port probes are logged as accepted and closed too.
    if (level < LEVEL.info) return
    if (buf[at] === 97) this.#accepted(line, pid)
    else if (startsWith(buf, at, end, PHRASES.closing)) this.#closed(line, pid)
    else if (find(buf, at, end, PHRASES.authenticated) >= 0) this.#authenticated(line, at, end, pid)
  }

  #accepted(line: Quotable, pid: number): void {
    const facts = this.#facts
    facts.accepted++
    facts.link.beat(line.time)
    if (this.#open.size >= MAX_OPEN_CONNECTIONS) {
      const oldest = this.#open.keys().next()
      if (oldest.done !== true) this.#open.delete(oldest.value)
    }
    const accepted = facts.sample.wants(line.time) ? quote(line) : undefined
    const acceptedAt = line.time
    this.#open.set(pid, { acceptedAt, loggedIn: false, accepted, authenticated: undefined })
  }

  #authenticated(line: Quotable, at: number, end: number, pid: number): void {
    const facts = this.#facts
    facts.authenticated++
    const open = this.#open.get(pid)
    facts.link.success(line, 0, open === undefined ? Number.NaN : line.time - open.acceptedAt)
    facts.peers.loggedIn(peerOf(line.buf, at, end), line)
    this.#life.acceptLogin(line)
    const user = facts.user(userOf(line.buf, at, end))
    if (user !== undefined) {
      user.logins++
      user.lastLogin = line.time
    }
    if (open === undefined) return
    open.loggedIn = true
    if (open.accepted !== undefined) open.authenticated = quote(line)
  }

  #closed(line: Quotable, pid: number): void {
    const facts = this.#facts
    facts.closed++
    const open = this.#open.get(pid)
    if (open === undefined) return
    this.#open.delete(pid)
    const lifetime = line.time - open.acceptedAt
    facts.lifetimes.add(lifetime)
    if (lifetime >= SHORT_LIVED_MS) return
    facts.shortLived++
    facts.churn.see(line)
    if (open.accepted === undefined || open.authenticated === undefined) return
    facts.sample.add({
      time: line.time,
      durationMs: lifetime,
      status: 0,
      client: '',
      requestId: '',
      lines: [
        { step: 'accepted', evidence: open.accepted },
        { step: 'authenticated', evidence: open.authenticated },
        { step: 'closed', evidence: quote(line) },
      ],
    })
  }

  #begin(line: Quotable, at: number, end: number, pid: number, level: number): void {
    const { buf } = line
    const named = find(buf, at, end, PHRASES.vhost) >= 0 && find(buf, at, end, PHRASES.noVhost) < 0
    const loggedIn = named || this.#open.get(pid)?.loggedIn === true
    // Its closing line, which follows, must not count as a short-lived connection.
    this.#open.delete(pid)
    this.#event = { text: new OpenError(line), pid, level, loggedIn, reason: undefined }
  }

  /** Classifies an event once all its lines are read. */
  #close(event: OpenEvent): void {
    this.#event = undefined
    const { loggedIn } = event
    const text = event.text.text.replaceAll(String.raw`\n`, '\n').replaceAll(String.raw`\"`, '"')
    const line = event.reason ?? event.text.line
    const { link, operations, peers, errors } = this.#facts
    const problem = brokerProblem(text, { loggedIn, stopping: this.#life.isStopping(line.time) })
    switch (problem.kind) {
      case 'link':
        link.failure(line, outcomeOf(problem.cause), problem.cause, Number.NaN)
        if (problem.detail !== '') link.problems.get(problem.cause)?.detail(problem.detail)
        if (problem.cause === 'broker-auth-failed') this.#recordRefusedLogin(problem.detail, line)
        break
      case 'port-probe': {
        const { buf, start, end } = event.text.line
        peers.portProbed(peerOf(buf, start, end), line, problem.detail)
        break
      }
      case 'operation':
        operations.see(line)
        operations.detail(problem.detail)
        break
      case 'unknown':
        if (event.level >= LEVEL.error) errors.see(line)
        break
      case 'nothing':
        break
    }
  }

  #recordRefusedLogin(name: string, { time }: Quotable): void {
    const user = this.#facts.user(name)
    if (user !== undefined) user.lastRefused = time
  }

  #alarm(line: Quotable, at: number, end: number): void {
    const { buf } = line
    const { alarms } = this.#facts
    const text = textOf(buf, at, end)
    const kind =
      /(\S+) (?:resource )?limit alarm/.exec(text)?.[1]?.replaceAll('_', ' ') ?? 'resource'
    const node = /on node '?([^'\s]*?)'?\.?$/.exec(text)?.[1] ?? ''
    const alarm = `${kind} ${node}`
    if (find(buf, at, end, PHRASES.cleared) >= 0) {
      // `across the cluster` means on every node.
      for (const set of this.#alarms)
        if (set === alarm || (node === '' && set.startsWith(alarm))) this.#alarms.delete(set)
      if (this.#alarms.size === 0) alarms.recover(line)
    } else if (find(buf, at, end, PHRASES.alarmSet) >= 0) {
      if (this.#alarms.size < MAX_ALARMS) this.#alarms.add(alarm)
      alarms.see(line)
      alarms.detail(kind)
    }
  }

  /** Starts and stops of the broker itself. */
  #ofLife(line: Quotable, at: number, end: number): void {
    const { buf } = line
    const says = (word: Uint8Array): boolean => startsWith(buf, at, end, word)
    if (says(PHRASES.sigterm) || says(PHRASES.askedToStop)) this.#life.shutDown(line)
    else if (says(PHRASES.featureFlags) || says(PHRASES.logging) || says(PHRASES.syslog))
      this.#life.beginStart(line)
    else if (says(PHRASES.startup)) {
      this.#life.completeStart(line)
      // It logs any remaining alarms again.
      this.#alarms.clear()
      this.#facts.alarms.recover(line)
    } else {
      const from = find(buf, at, Math.min(end, at + 60), PHRASES.starting)
      if (from < 0) return
      this.#open.clear()
      this.#life.start(line, wordAt(buf, from + PHRASES.starting.length, end))
    }
  }
}

function addLine(event: OpenEvent, line: Quotable): void {
  event.text.add(line)
  event.reason ??= new KeptLine(line)
}

function wordAt(buf: Buffer, from: number, end: number): string {
  let to = from
  while (to < Math.min(end, from + 30) && (buf[to] ?? 0) > 32) to++
  return textOf(buf, from, to)
}

function userOf(buf: Buffer, at: number, end: number): string {
  const user = find(buf, at, end, PHRASES.user)
  if (user < 0) return ''
  const from = user + PHRASES.user.length
  const to = findByte(buf, from, end, 39)
  return to < 0 ? '' : textOf(buf, from, Math.min(to, from + 80))
}

const ARROW = ascii(' -> ')

/** The host before `:60700 -> 127.0.0.1:5672`; '' if there is none. */
function peerOf(buf: Buffer, at: number, end: number): string {
  const arrow = find(buf, at, end, ARROW)
  if (arrow < 0) return ''
  let colon = arrow - 1
  while (colon > at && buf[colon] !== 58) colon--
  let from = colon
  while (from > at && from > colon - 64 && (buf[from - 1] ?? 0) > 32 && buf[from - 1] !== 40) from--
  return textOf(buf, from, colon)
}

/** `<0.725.0>` as a number that identifies the process. */
function pidOf(buf: Buffer, at: number, close: number): number {
  let value = 0
  for (let i = at + 1; i < close; i++) {
    const byte = buf[i] ?? 0
    value = byte === 46 ? value * 7 + 1 : value * 10 + readDigit(byte)
  }
  return value
}

function readDigit(byte: number): number {
  return byte >= 48 && byte <= 57 ? byte - 48 : 0
}
