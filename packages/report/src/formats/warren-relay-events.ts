import type { Cause } from '../vocabulary/cause.ts'
import { databaseReason } from '../vocabulary/database-reasons.ts'
import { quote } from '../facts/evidence-keeper.ts'
import type { Quotable, RawEvidence } from '../facts/evidence-keeper.ts'
import { RelayFacts } from '../facts/facts.ts'
import type { RelayClient } from '../facts/facts.ts'
import { KeptLine } from '../facts/kept-line.ts'
import { outcomeOf } from '../facts/link-stats.ts'
import { LEVEL } from '../read/event-head.ts'
import { FailingAddresses } from './failing-addresses.ts'
import { recordRequest } from './relay-requests.ts'
import { brokerCause } from './relay-errors.ts'
import type { JsonEvent } from './json-event.ts'
import { networkCause } from './network-cause.ts'
import { RelayNames, UNKNOWN_CLIENT } from './relay-names.ts'
import { RequestPath } from './request-path.ts'
import type { WarrenEvents } from './warren-events.ts'
import { WarrenRelayTasks } from './warren-relay-tasks.ts'

const REASONS = new Map<string, Cause>([
  ['missing', 'auth-no-credentials'],
  ['malformed', 'auth-no-credentials'],
  ['unknown user', 'auth-unknown-user'],
  ['disabled user', 'auth-disabled-user'],
  ['wrong password', 'auth-wrong-password'],
  ['wrong collection', 'auth-wrong-collection'],
  ['slow-down', 'rate-limited'],
])

/** Failed logins whose request line has not been read yet. */
const MAX_PENDING = 64
/** More checks than a relay makes per minute; a broken line must not cost time. */
const MAX_CHECKS = 100
/** Logins whose request line has not been read yet: polls are held for up to half a minute. */
const MAX_LOGINS = 256
/** More nodes than a relay names in one line. */
const MAX_LISTED_NODES = 256
/** Longest reason of a crash that is kept. */
const MAX_REASON = 160
/** As in NGINX: the client disconnected before the response. */
const CLIENT_LEFT = 499

/** A failed login, which is logged before its request. */
interface FailedLogin {
  readonly cause: Cause
  readonly client: string
  /** The owner of the requested collection; '' if unknown. */
  readonly owner: string
  readonly id: number
  readonly line: Quotable
}

/** Reads the events of Warren's relay. */
export class WarrenRelayEvents implements WarrenEvents {
  readonly facts: RelayFacts
  readonly #path = new RequestPath()
  readonly #names: RelayNames
  readonly #tasks: WarrenRelayTasks
  readonly #failedLogins = new Map<string, FailedLogin>()
  /** Logins of requests without a response yet, by request ID. */
  readonly #logins = new Map<string, RawEvidence>()
  readonly #addresses = new FailingAddresses()
  /** When a summary last named a node, by its name. */
  readonly #listedAt = new Map<string, number>()
  /** The last line was about the database; if there is a broker, the next one is about the broker. */
  #awaitsBroker = false

  /** @param facts to add to, if another reader extracts facts from the same log */
  constructor(facts = new RelayFacts()) {
    this.facts = facts
    this.facts.program = 'Warren relay'
    this.#names = new RelayNames(facts)
    this.#tasks = new WarrenRelayTasks(facts, this.#names)
  }

  event(line: Quotable, event: JsonEvent, level: number): boolean {
    const msg = event.word('msg')
    if (this.#awaitsBroker && msg !== 'dependency summary') {
      this.#awaitsBroker = false
      this.facts.queue = 'database'
    }
    if (msg.startsWith('upstream poll ')) this.facts.ownActivity.beat(line.time)
    else if (msg.endsWith(' summary')) this.facts.logsSummaries = true
    if (msg === 'request completed') this.#request(line, event)
    else if (msg === 'link summary') this.#summary(line, event)
    else if (msg === 'nodes summary') this.#nodesSummary(line, event)
    else if (msg === 'dependency summary') this.#dependency(line, event)
    else if (!this.#service(line, event, msg) && !this.#tasks.read(line, event, msg)) {
      if (level >= LEVEL.error) this.facts.errors.see(line)
      return false
    }
    return true
  }

  #request(line: Quotable, event: JsonEvent): void {
    const { facts } = this
    const status = event.number('status')
    const ms = event.number('durationMs')
    facts.requests++
    facts.logsRequests = true
    facts.crashes.recover(line)
    if (status >= 500) facts.serverErrors.see(line)
    const range = event.range('path')
    if (range === undefined || !(status >= 100)) return
    const path = this.#path
    path.read(line.buf, range.start, range.end)
    const failedLogin = this.#takeFailedLogin(event)
    if (path.kind === 'probe') {
      facts.ownActivity.beat(line.time)
      if (status < 400) facts.probes.success(line, status, ms)
      else facts.probes.failure(line, status, 'probe-failing', ms)
      this.#readiness(line, event, status)
      return
    }
    if (path.kind === 'other') return
    const name = event.word('user')
    if (name !== '' && event.has('node')) this.#names.learn(event.word('node'), name)
    if (status === 401 || (status === 429 && failedLogin !== undefined)) {
      const owner = this.#ownerOf(line.buf, path)
      const id = event.hash('requestId')
      this.#recordRejection(
        failedLogin ?? { cause: 'auth-refused', client: name, owner, id, line },
        status,
        ms,
      )
      return
    }
    // A held poll whose client disconnected, mostly because it was stopped: nothing was lost. If the client sees a failure,
    // its own log shows it.
    if (status === CLIENT_LEFT && event.has('heldMs')) return
    const client = this.#names.client(name)
    if (client === undefined) return
    // The duration does not include the time the poll was held.
    recordRequest(client, line, path.kind, status, ms, event.hash('requestId'), 0)
    if (path.kind === 'poll') this.#addExchange(line, client, status, ms, event)
  }

  #addExchange(
    line: Quotable,
    client: RelayClient,
    status: number,
    ms: number,
    event: JsonEvent,
  ): void {
    const { sample } = this.facts
    if (!sample.wants(line.time)) return
    const requestId = event.text('requestId')
    const login = this.#logins.get(requestId)
    this.#logins.delete(requestId)
    sample.add({
      time: line.time,
      durationMs: ms + (event.has('heldMs') ? event.number('heldMs') : 0),
      status,
      client: client.key,
      requestId,
      lines: [
        ...(login === undefined ? [] : [{ step: 'credentials', evidence: login }]),
        { step: 'responded', evidence: quote(line) },
      ],
    })
  }

  #takeFailedLogin(event: JsonEvent): FailedLogin | undefined {
    if (this.#failedLogins.size === 0) return undefined
    const requestId = event.text('requestId')
    const failedLogin = this.#failedLogins.get(requestId)
    this.#failedLogins.delete(requestId)
    return failedLogin
  }

  /** `/readyz` depends on the database; it succeeds while the broker is down. */
  #readiness(line: Quotable, event: JsonEvent, status: number): void {
    if (status === 200 && event.text('path').endsWith('/readyz')) {
      this.facts.database.success(line, 0, Number.NaN)
    }
  }

  /** The owner of the collection in a path; '' if unknown. */
  #ownerOf(buf: Buffer, { collectionStart, collectionEnd }: RequestPath): string {
    const collection = buf.toString(
      'utf8',
      collectionStart,
      Math.min(collectionEnd, collectionStart + 100),
    )
    return this.#names.ownerOf(collection)
  }

  #summary(line: Quotable, event: JsonEvent): void {
    const [what = '', ...rest] = event.word('link').split(' ')
    const name = rest.join(' ')
    const polls = event.numbers('polls')
    const median = event.number('p50Ms')
    const stats =
      what === 'node' ? this.#names.client(name)?.stats : this.facts.upstream(name || 'a')
    if (stats === undefined) return
    for (const [outcome, n] of polls) {
      const status = Number(outcome)
      // Nearly all of these polls were held, see `#request`.
      if (what === 'node' && status === CLIENT_LEFT) continue
      if (status >= 100) stats.summary(line, status, n, median, event.number('periodMs'))
    }
    if (what !== 'node') return
    this.facts.logsRequests = true
    this.#listedAt.set(name, line.time)
  }

  /** All nodes without a line of their own in this period: their empty polls since they were last named. */
  #nodesSummary(line: Quotable, event: JsonEvent): void {
    const median = event.number('p50Ms')
    this.facts.logsRequests = true
    for (const [name, polls] of event.numbers('emptyPolls', MAX_LISTED_NODES)) {
      const client = this.#names.client(name)
      if (client === undefined) continue
      const since = this.#listedAt.get(name) ?? line.time - event.number('periodMs')
      client.stats.summary(line, 204, polls, median, line.time - since)
      this.#listedAt.set(name, line.time)
    }
  }

  /** A minute of health checks of the database or the broker. */
  #dependency(line: Quotable, event: JsonEvent): void {
    this.facts.probesServices = true
    const isBroker = event.word('dependency') === 'broker'
    const stats = isBroker ? this.facts.broker : this.facts.database
    if (isBroker) this.facts.queue = 'broker'
    else this.facts.store = event.text('technology')
    this.#awaitsBroker = !isBroker && this.facts.queue === ''
    const failing = event.word('state') === 'failing'
    const answered = Math.min(new Map(event.numbers('checks')).get('ok') ?? 0, MAX_CHECKS)
    // Successes before an open problem do not end it.
    const proven = failing && stats.hasOpenProblem ? 0 : answered
    for (let n = 1; n <= proven; n++)
      stats.success(line, 0, event.number(n === proven ? 'maxMs' : 'p50Ms'))
    // A failure that has ended was counted when it was logged.
    if (!failing) return
    const cause = isBroker ? brokerCause(event.text('detail').toLowerCase()) : 'database-failing'
    stats.failure(line, outcomeOf(cause), cause, Number.NaN)
  }

  #service(line: Quotable, event: JsonEvent, msg: string): boolean {
    const { facts } = this
    switch (msg) {
      case 'credentials validated':
        facts.validated++
        if (facts.sample.wants(line.time)) this.#keepLogin(event.text('requestId'), line)
        break
      case 'duplicate workers on node': {
        const from = line.time - (event.number('periodMs') || 0)
        this.#names.client(event.word('user'))?.stats.problem('two-instances', line, 1, from)
        break
      }
      case 'authentication failed':
        this.#authenticationFailed(line, event)
        break
      case 'upstream poll answered': {
        const stats = facts.upstream(event.word('type'))
        stats.success(line, event.number('status'), event.number('durationMs'), Number.NaN)
        stats.poll(line.time, event.number('status') === 204)
        break
      }
      case 'upstream poll failed':
        this.#upstreamFailed(line, event)
        break
      case 'upstream polls still failing':
        // The failures since the last line have no lines of their own, except at debug.
        facts.upstream(event.word('type')).problem(upstreamCause(event), line)
        break
      case 'address failing':
        this.#addresses.failing(facts.upstream(''), line, event)
        break
      case 'address recovered':
        this.#addresses.recovered(facts.upstream(''), line, event)
        break
      case 'upstream polls recovered':
        facts.upstream(event.word('type')).success(line, 0, Number.NaN)
        break
      case 'database unavailable':
      case 'database schema not supported':
      case 'waiting for the database':
      case 'task spooled':
      case 'task lost':
      case 'task not stored, retrying':
      case 'submission not recorded':
      case 'cannot read pending submissions':
        this.#databaseFailed(line, event)
        break
      case 'database recovered':
      case 'database schema supported':
        facts.database.success(line, 0, Number.NaN)
        break
      case 'queue unavailable': {
        const cause = brokerCause(event.text('detail').toLowerCase())
        facts.broker.failure(line, outcomeOf(cause), cause, Number.NaN)
        break
      }
      case 'publish postponed':
      case 'publish failed':
        facts.broker.failure(line, outcomeOf('broker-refused'), 'broker-refused', Number.NaN)
        break
      case 'queue recovered':
        facts.broker.success(line, 0, Number.NaN)
        break
      case 'relay started':
        facts.started(line, event.text('version'))
        facts.queue = event.word('queue')
        facts.store = event.text('store')
        facts.database.success(line, 0, Number.NaN)
        break
      case 'request failed':
        // The request line with the same ID contains the 500.
        facts.serverErrors.see(line)
        break
      case 'relay failed':
      case 'relay crashed':
        facts.crashes.see(line)
        if (event.has('reason')) facts.crashes.reason(event.text('reason').slice(0, MAX_REASON))
        break
      case 'relay stopping':
      case 'relay stopped':
        facts.lastStop = line.time
        break
      default:
        return false
    }
    return true
  }

  #databaseFailed(line: Quotable, event: JsonEvent): void {
    const { database } = this.facts
    database.failure(line, outcomeOf('database-failing'), 'database-failing', Number.NaN)
    const reason = databaseReason(`${event.text('detail')} ${event.text('err')}`)
    if (reason !== undefined) database.problems.get('database-failing')?.detail(reason.name)
  }

  #keepLogin(requestId: string, line: Quotable): void {
    this.#logins.set(requestId, quote(line))
    if (this.#logins.size <= MAX_LOGINS) return
    const oldest = this.#logins.keys().next()
    if (oldest.done !== true) this.#logins.delete(oldest.value)
  }

  #authenticationFailed(line: Quotable, event: JsonEvent): void {
    const failedLogin: FailedLogin = {
      cause: REASONS.get(event.word('reason')) ?? 'auth-refused',
      client: event.word('user'),
      owner: this.#names.ownerOf(event.word('collection')),
      id: event.hash('requestId'),
      line: new KeptLine(line),
    }
    const requestId = event.text('requestId')
    if (requestId === '') {
      this.#recordRejection(failedLogin, 401, Number.NaN)
      return
    }
    // The request line with the same ID follows. If its level is suppressed, this one counts when another pushes it out.
    this.#failedLogins.set(requestId, failedLogin)
    if (this.#failedLogins.size <= MAX_PENDING) return
    const oldest = this.#failedLogins.entries().next()
    if (oldest.done === true) return
    this.#failedLogins.delete(oldest.value[0])
    this.#recordRejection(oldest.value[1], 401, Number.NaN)
  }

  /** Counts failed logins without a request line. */
  finish(): void {
    for (const failedLogin of this.#failedLogins.values())
      this.#recordRejection(failedLogin, 401, Number.NaN)
    this.#failedLogins.clear()
  }

  /** Wrong credentials count for the user; unknown or missing ones count for the owner of the collection. */
  #recordRejection(failedLogin: FailedLogin, status: number, ms: number): void {
    const { cause, client: given, owner, id, line } = failedLogin
    const own = cause === 'auth-unknown-user' || given === '' ? owner || given : given
    const client = this.#names.client(own || UNKNOWN_CLIENT)
    if (client === undefined) return
    client.stats.failure(line, status, cause, ms)
    client.stats.poll(line.time, false)
    if (given !== '') client.stats.problems.get(cause)?.detail(given)
    client.stats.polls.add(line.time, ms, status, id)
  }

  #upstreamFailed(line: Quotable, event: JsonEvent): void {
    const stats = this.facts.upstream(event.word('type'))
    const status = event.number('status')
    const cause = upstreamCause(event)
    stats.failure(line, status > 0 ? status : outcomeOf(cause), cause, event.number('durationMs'))
    const why =
      networkCause(`${event.text('code')} ${event.text('detail')}`)?.cause ?? event.text('code')
    stats.problems.get(cause)?.reason(status > 0 ? `HTTP ${status}` : why)
  }
}

function upstreamCause(event: JsonEvent): Cause {
  const status = event.number('status')
  return status >= 400 && status < 500 ? 'upstream-refused' : 'upstream-unreachable'
}
