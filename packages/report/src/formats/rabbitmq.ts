import { quote } from '../facts/evidence-keeper.ts'
import type { Quotable, RawEvidence } from '../facts/evidence-keeper.ts'
import { BrokerFacts } from '../facts/facts.ts'
import { KeptLine } from '../facts/kept-line.ts'
import { outcomeOf } from '../facts/link-account.ts'
import { ascii, find, findByte, startsWith, textOf } from '../read/byte-scan.ts'
import { SECOND } from '../read/timestamps.ts'
import { LEVEL } from './event-head.ts'
import type { EventHead } from './event-head.ts'
import type { FormatReader } from './format-reader.ts'

const W = {
  accepting: ascii('accepting AMQP connection'),
  connection: ascii('connection <'),
  closing: ascii('closing AMQP connection'),
  errorOn: ascii('Error on AMQP connection'),
  authenticated: ascii('authenticated and granted access'),
  user: ascii("user '"),
  plain: ascii('PLAIN login refused'),
  amqplain: ascii('AMQPLAIN login refused'),
  accessTo: ascii('access to vhost '),
  refusedFor: ascii(' refused'),
  missed: ascii('missed heartbeats from client'),
  unexpectedly: ascii('client unexpectedly closed TCP connection'),
  limit: ascii('resource limit alarm'),
  alarmSet: ascii('alarm set'),
  cleared: ascii('cleared'),
  badHeader: ascii('{bad_header'),
  badVersion: ascii('{bad_version'),
  handshake: ascii('{handshake_'),
  startup: ascii('Server startup complete'),
  starting: ascii('Starting RabbitMQ '),
  refuse: ascii('refused'),
  invalid: ascii('invalid credentials'),
} as const

/** A connection closed again so soon was opened for one thing only. */
const SHORT_LIVED_MS = 5 * SECOND
const MOST_OPEN = 4_096

interface OpenConnection {
  acceptedAt: number
  accepted: RawEvidence | undefined
  authenticated: RawEvidence | undefined
}

/** RabbitMQ 3.8 and later. One event may span lines, with the stamp repeated (3.9 on) or without (3.8). */
export class RabbitReader implements FormatReader {
  readonly name = 'RabbitMQ'
  readonly #facts = new BrokerFacts()
  readonly #open = new Map<number, OpenConnection>()
  #used = false
  #level = 0
  /** The event announces its reason on the next line. */
  #announced: KeptLine | undefined

  constructor() {
    this.#facts.program = 'RabbitMQ'
  }

  facts(): readonly BrokerFacts[] {
    return this.#used ? [this.#facts] : []
  }

  event(line: Quotable, head: EventHead): boolean {
    this.#used = true
    const { buf, end } = line
    let at = head.message
    let pid = 0
    // 3.8 to 3.13 all write `<0.725.0> ` here; anything else is a message without a process.
    if (buf[at] === 60) {
      const close = findByte(buf, at, Math.min(end, at + 40), 62)
      if (close > 0) {
        pid = pidOf(buf, at, close)
        at = close + 2
      }
    }
    this.#level = head.level
    this.#message(line, at, pid)
    return true
  }

  continuation(line: Quotable): void {
    let at = line.start
    while (at < line.end && (line.buf[at] ?? 0) <= 32) at++
    if (this.#announced !== undefined) this.#reason(line, at)
  }

  settle(): void {
    if (this.#announced !== undefined) this.#unexplained()
  }

  #message(line: Quotable, at: number, pid: number): void {
    const { buf, end } = line
    if (this.#announced !== undefined) {
      if (this.#reason(line, at)) return
      this.#unexplained()
    }
    if (startsWith(buf, at, end, W.accepting)) this.#accepted(line, pid)
    else if (startsWith(buf, at, end, W.connection)) this.#connection(line, at, pid)
    else if (startsWith(buf, at, end, W.closing)) this.#closing(line, pid)
    else if (startsWith(buf, at, end, W.errorOn)) this.#announced = new KeptLine(line)
    else if (find(buf, at, end, W.limit) >= 0) this.#alarm(line, at)
    else if (startsWith(buf, at, end, W.startup)) this.#facts.started(line, '')
    else if (find(buf, at, Math.min(end, at + 60), W.starting) >= 0) this.#version(line, at)
    else if (!this.#reason(line, at) && this.#level >= LEVEL.error) this.#facts.errors.see(line)
  }

  #accepted(line: Quotable, pid: number): void {
    const facts = this.#facts
    facts.accepted++
    facts.link.sign(line.time)
    if (this.#open.size >= MOST_OPEN) {
      const oldest = this.#open.keys().next()
      if (oldest.done !== true) this.#open.delete(oldest.value)
    }
    const accepted = facts.moments.wants(line.time) ? quote(line) : undefined
    this.#open.set(pid, { acceptedAt: line.time, accepted, authenticated: undefined })
  }

  #connection(line: Quotable, at: number, pid: number): void {
    const { buf, end } = line
    const facts = this.#facts
    if (find(buf, at, end, W.authenticated) < 0) return
    facts.authenticated++
    const open = this.#open.get(pid)
    facts.link.success(line, 0, open === undefined ? Number.NaN : line.time - open.acceptedAt)
    if (open?.accepted !== undefined) open.authenticated = quote(line)
    this.#countUser(buf, at, end)
  }

  #closing(line: Quotable, pid: number): void {
    const facts = this.#facts
    if (this.#level >= LEVEL.warn) {
      this.#announced = new KeptLine(line)
      this.#open.delete(pid)
      return
    }
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
    facts.moments.add({
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

  /** The line that says why, after one that announced it; true if it was such a line. */
  #reason(line: Quotable, at: number): boolean {
    const { buf, end } = line
    const { link, portProbes } = this.#facts
    const has = (word: Uint8Array): boolean => find(buf, at, end, word) >= 0
    if (has(W.badHeader) || has(W.badVersion) || has(W.handshake)) portProbes.see(line)
    else if (
      has(W.plain) ||
      has(W.amqplain) ||
      has(W.invalid) ||
      (has(W.accessTo) && has(W.refusedFor))
    ) {
      link.failure(line, outcomeOf('broker-auth-failed'), 'broker-auth-failed', Number.NaN)
      const user = userOf(buf, at, end)
      if (user !== '') link.problems.get('broker-auth-failed')?.detail(user)
    } else if (has(W.missed)) {
      link.failure(line, outcomeOf('broker-heartbeat-lost'), 'broker-heartbeat-lost', Number.NaN)
    } else if (has(W.unexpectedly)) {
      link.failure(line, outcomeOf('broker-connection-lost'), 'broker-connection-lost', Number.NaN)
    } else return false
    this.#announced = undefined
    return true
  }

  #unexplained(): void {
    const line = this.#announced
    this.#announced = undefined
    if (line !== undefined) this.#facts.errors.see(line)
  }

  #alarm(line: Quotable, at: number): void {
    const { buf, end } = line
    const { alarms } = this.#facts
    if (find(buf, at, end, W.cleared) >= 0) alarms.recover(line)
    else if (find(buf, at, end, W.alarmSet) >= 0) {
      alarms.see(line)
      const text = textOf(buf, at, end)
      alarms.detail(
        text.includes('disk') ? 'disk' : text.includes('memory') ? 'memory' : 'resource',
      )
    }
  }

  #version(line: Quotable, at: number): void {
    const from = find(line.buf, at, line.end, W.starting) + W.starting.length
    let to = from
    while (to < line.end && (line.buf[to] ?? 0) > 32) to++
    this.#facts.started(line, textOf(line.buf, from, Math.min(to, from + 30)))
  }

  #countUser(buf: Buffer, at: number, end: number): void {
    const { users } = this.#facts
    const user = userOf(buf, at, end)
    if (user !== '' && (users.has(user) || users.size < 32))
      users.set(user, (users.get(user) ?? 0) + 1)
  }
}

function userOf(buf: Buffer, at: number, end: number): string {
  const user = find(buf, at, end, W.user)
  if (user < 0) return ''
  const from = user + W.user.length
  const to = findByte(buf, from, end, 39)
  return to < 0 ? '' : textOf(buf, from, Math.min(to, from + 80))
}

/** `<0.725.0>` as a number; only used to find the same process again. */
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
