import type { Cause } from '../vocabulary/cause.ts'
import { quote } from '../facts/evidence-keeper.ts'
import type { Quotable } from '../facts/evidence-keeper.ts'
import { RelayFacts } from '../facts/facts.ts'
import type { RelayClient } from '../facts/facts.ts'
import { KeptLine } from '../facts/kept-line.ts'
import { isGood } from '../facts/link-stats.ts'
import { Interner } from '../read/interner.ts'
import { readTimeOfDay } from '../read/timestamps.ts'
import {
  ascii,
  find,
  findByte,
  numberEnd,
  readNumber,
  startsWith,
  textOf,
} from '../read/byte-scan.ts'
import { LEVEL } from '../read/event-head.ts'
import type { EventHead } from '../read/event-head.ts'
import type { FormatReader } from './format-reader.ts'
import { DotnetErrors } from './dotnet-errors.ts'
import { OutgoingRequests } from './outgoing-requests.ts'
import { PendingLogins } from './pending-logins.ts'
import { RequestPath } from './request-path.ts'
import { RequestTrail } from './request-trail.ts'
import { taskExpired } from './expired-tasks.ts'
import { leadingName, nameOf, recordRequest, userIn } from './relay-requests.ts'
import { WarrenRelayEvents } from './warren-relay-events.ts'
import { WarrenText } from './warren-text.ts'

const PHRASES = {
  executed: ascii('Executed DbCommand ('),
  failedDb: ascii('Failed executing DbCommand ('),
  finding: ascii('Finding Tasks that are expiring'),
  validated: ascii('Credentials validated for Client: '),
  failedValidation: ascii('Credentials failed validation for Client: '),
  collectionId: ascii("collectionId '"),
  forClient: ascii("clientId '"),
  notAuthenticated: ascii('Basic was not authenticated'),
  header: ascii(' Authorization Header'),
  http: ascii('HTTP '),
  responded: ascii(' responded '),
  unknownUser: ascii('User not found: '),
  wrongPassword: ascii('Invalid password for client: '),
  retrieved: ascii('Task retrieved: ('),
  submissionFailed: ascii('Task submission failed with '),
  task: ascii('Task:'),
  expiry: ascii(' has reached the expiry'),
  threshold: ascii('threshold of '),
  submitting: ascii('Submitting Results for '),
  submitted: ascii('Successfully submitted results for '),
  listening: ascii('Now listening on'),
  started: ascii('Application started'),
  stopping: ascii('Application is shutting down'),
  unhandled: ascii('An unhandled exception has occurred while executing the request'),
  unhandledAtAll: ascii('Unhandled exception.'),
  warrenSource: ascii(' <s:relay>'),
} as const

/** `[HH:mm:ss LVL] message <s:Source>`: the .NET relay, and Warren's relay in its text format. */
export class DotnetRelayReader implements FormatReader {
  readonly name = '.NET relay text'
  readonly #facts = new RelayFacts()
  readonly #logins = new PendingLogins()
  readonly #collections = new Interner(20_000)
  readonly #byCollection: (RelayClient | undefined)[] = []
  readonly #byName = new Map<string, RelayClient>()
  readonly #path = new RequestPath()
  readonly #outgoing = new OutgoingRequests(this.#facts)
  readonly #warrenText = new WarrenText()
  #warrenEvents: WarrenRelayEvents | undefined
  #used = false
  readonly #errors = new DotnetErrors(this.#facts, this.#outgoing)
  #submittingTask = ''
  #submittedAt = Number.NaN
  readonly #trail = new RequestTrail()

  constructor() {
    this.#facts.program = '.NET relay'
  }

  facts(): readonly RelayFacts[] {
    return this.#used ? [this.#facts] : []
  }

  event(line: Quotable, head: EventHead): boolean {
    this.#used = true
    this.#errors.close()
    const { buf, end } = line
    const at = head.message
    const done = this.#dispatch(line, buf, at, end) || this.#warrenEvent(line, head)
    if (!done && head.level >= LEVEL.error) this.#errors.begin(line, 'failure')
    return true
  }

  continuation(line: Quotable): void {
    const { buf, start, end } = line
    this.#errors.add(line, startsWith(buf, start, end, PHRASES.unhandledAtAll))
  }

  finish(): void {
    this.#errors.close()
    for (const refusal of this.#logins.stale(Number.NaN))
      this.#recordRejection(refusal.line, refusal.cause, refusal.name)
  }

  #dispatch(line: Quotable, buf: Buffer, at: number, end: number): boolean {
    switch (buf[at] ?? 0) {
      case 69: // E
        return startsWith(buf, at, end, PHRASES.executed)
          ? this.#statement(line, at + PHRASES.executed.length, true)
          : this.#outgoing.read(line, at)
      case 72: // H
        return (
          startsWith(buf, at, end, PHRASES.http) && this.#request(line, at + PHRASES.http.length)
        )
      case 67: // C
        if (startsWith(buf, at, end, PHRASES.validated)) {
          this.#facts.validated++
          const name = nameOf(buf, at + PHRASES.validated.length, end)
          this.#logins.validated(name, line.time)
          if (this.#facts.sample.wants(line.time)) this.#trail.login(line, name)
          return true
        }
        if (startsWith(buf, at, end, PHRASES.failedValidation)) {
          const name = userIn(buf, at + PHRASES.failedValidation.length, end)
          if (!this.#logins.hasRefusal(name)) this.#addRefusal(line, 'auth-refused', name)
          return true
        }
        return false
      case 66: // B
        if (!startsWith(buf, at, end, PHRASES.notAuthenticated)) return false
        // Missing or malformed header. Any other reason is on a line of its own just before.
        if (find(buf, at, end, PHRASES.header) >= 0)
          this.#addRefusal(line, 'auth-no-credentials', '')
        return true
      case 85: // U
        if (!startsWith(buf, at, end, PHRASES.unknownUser)) return false
        this.#addRefusal(
          line,
          'auth-unknown-user',
          userIn(buf, at + PHRASES.unknownUser.length, end),
        )
        return true
      case 73: // I
        if (!startsWith(buf, at, end, PHRASES.wrongPassword)) return false
        this.#addRefusal(
          line,
          'auth-wrong-password',
          userIn(buf, at + PHRASES.wrongPassword.length, end),
        )
        return true
      case 99: // c
        return startsWith(buf, at, end, PHRASES.collectionId) && this.#wrongCollection(line, at)
      case 70: // F
        if (startsWith(buf, at, end, PHRASES.failedDb)) {
          this.#errors.begin(line, 'explanation')
          return this.#statement(line, at + PHRASES.failedDb.length, false)
        }
        if (!startsWith(buf, at, end, PHRASES.finding)) return false
        this.#facts.ownActivity.beat(line.time)
        return true
      case 84: // T
      case 83: // S
        return this.#task(line, buf, at, end) || this.#outgoing.read(line, at)
      case 82: // R
        return this.#outgoing.read(line, at)
      case 65: // A
        if (startsWith(buf, at, end, PHRASES.unhandled)) {
          // The failed request has a line of its own with status 500.
          this.#errors.begin(line, 'explanation')
        } else if (startsWith(buf, at, end, PHRASES.started)) this.#facts.started(line, '')
        else if (startsWith(buf, at, end, PHRASES.stopping)) this.#facts.lastStop = line.time
        else return false
        return true
      case 78: // N
        if (!startsWith(buf, at, end, PHRASES.listening)) return false
        this.#facts.started(line, '')
        return true
      default:
        return false
    }
  }

  /** Reads messages of Warren's relay that the .NET relay does not have. */
  #warrenEvent(line: Quotable, { message, level }: EventHead): boolean {
    const source = find(line.buf, message, line.end, PHRASES.warrenSource)
    const event = source < 0 ? undefined : this.#warrenText.read(line, message, source)
    if (event === undefined) return false
    this.#warrenEvents ??= new WarrenRelayEvents(this.#facts)
    this.#warrenEvents.event(line, event, level)
    return true
  }

  #statement(line: Quotable, at: number, good: boolean): boolean {
    const ms = readNumber(line.buf, at, line.end)
    const { database, sample } = this.#facts
    if (!good) {
      database.failure(line, 500, 'database-failing', ms)
      return true
    }
    database.success(line, 0, ms)
    if (sample.wants(line.time)) this.#trail.statement(line)
    return true
  }

  #addRefusal(line: Quotable, cause: Cause, name: string): void {
    for (const stale of this.#logins.stale(line.time))
      this.#recordRejection(stale.line, stale.cause, stale.name)
    this.#logins.refused({ cause, name, line: new KeptLine(line) })
  }

  #wrongCollection(line: Quotable, at: number): boolean {
    const { buf, end } = line
    const client = find(buf, at, end, PHRASES.forClient)
    const from = client < 0 ? end : client + PHRASES.forClient.length
    const quoteEnd = findByte(buf, from, end, 39)
    this.#addRefusal(
      line,
      'auth-wrong-collection',
      textOf(buf, from, quoteEnd < 0 ? from : quoteEnd),
    )
    return true
  }

  /** `GET /path responded 204 in 132.4785 ms` */
  #request(line: Quotable, at: number): boolean {
    const { buf, end } = line
    const facts = this.#facts
    const pathStart = findByte(buf, at, Math.min(end, at + 10), 32) + 1
    if (pathStart === 0) return false
    const path = this.#path
    const pathEnd = path.read(buf, pathStart, end)
    if (!startsWith(buf, pathEnd, end, PHRASES.responded)) return false
    const status = readNumber(buf, pathEnd + PHRASES.responded.length, end)
    const ms = readNumber(buf, numberEnd() + 4, end)
    if (!(status >= 100 && status <= 999)) return false
    facts.requests++
    facts.logsRequests = true
    if (status < 500) facts.crashes.recover(line)
    if (status >= 500) {
      facts.serverErrors.see(line)
      this.#errors.requestFailed(line, ms)
      // An exception with the reason may follow on the next lines.
      this.#errors.begin(line, 'explanation')
    }
    if (path.kind === 'probe') this.#probe(line, status, ms)
    else if (path.kind !== 'other') this.#clientRequest(line, status, ms)
    else if (status === 401) this.#logins.takeMissing()
    return true
  }

  #probe(line: Quotable, status: number, ms: number): void {
    const facts = this.#facts
    facts.ownActivity.beat(line.time)
    const missing = this.#logins.takeMissing()
    if (status >= 200 && status < 400) {
      facts.probes.success(line, status, ms)
      if (missing !== undefined) {
        facts.probesWithoutCredentials++
        if (facts.probeLines.length === 0) facts.probeLines.push(quote(missing.line), quote(line))
      }
    } else facts.probes.failure(line, status, 'probe-failing', ms)
  }

  #clientRequest(line: Quotable, status: number, ms: number): void {
    const { buf } = line
    const path = this.#path
    const client = this.#clientOf(buf, path.collectionStart, path.collectionEnd)
    if (client === undefined) return
    const known = leadingName(client)
    if (status === 401) {
      this.#trail.reset()
      const refusal = this.#logins.takeRefusal(known)
      const cause = refusal?.cause ?? 'auth-refused'
      this.#recordRejection(line, cause, refusal?.name ?? '', client, refusal?.line, ms)
      return
    }
    const { names, weight } = this.#logins.takeValidated(known, line.time)
    for (const name of names) {
      client.names.set(name, (client.names.get(name) ?? 0) + weight)
      if (weight === 1 && !this.#byName.has(name)) this.#byName.set(name, client)
    }
    recordRequest(client, line, path.kind, status, ms, 0, Number.NaN)
    if (path.kind === 'poll' && isGood(status)) this.#addExchange(line, client, status, ms)
    else this.#trail.reset()
  }

  /** Counts a rejected request. It belongs to the client with that user name if it is known, or else to the owner of the collection. */
  #recordRejection(
    line: Quotable,
    cause: Cause,
    name: string,
    byCollection?: RelayClient,
    why?: KeptLine,
    ms = Number.NaN,
  ): void {
    const isOwn = byCollection !== undefined && (name === '' || leadingName(byCollection) === name)
    const keepCollection =
      cause !== 'auth-wrong-collection' && byCollection !== undefined && byCollection.names.size > 0
    // Without a request line it usually belongs to a probe; a client without credentials is rejected again and again.
    if (cause === 'auth-no-credentials' && byCollection === undefined) return
    const client =
      isOwn || keepCollection
        ? byCollection
        : (this.#byName.get(name) ?? this.#facts.clients.of(name || 'none'))
    if (client === undefined) return
    if (name !== '' && client.names.size === 0) client.names.set(name, 1)
    client.stats.failure(why ?? line, 401, cause, ms)
    const problem = client.stats.problems.get(cause)
    if (name !== '') problem?.detail(name)
    if (why !== undefined) problem?.evidence.take(line)
    client.stats.poll(line.time, false)
    client.stats.polls.add(line.time, ms, 401, 0)
  }

  #clientOf(buf: Buffer, start: number, end: number): RelayClient | undefined {
    const id = this.#collections.id(buf, start, end)
    if (id < 0) return undefined
    let client = this.#byCollection[id]
    if (client === undefined) {
      const collection = this.#collections.text(id)
      client = this.#facts.clients.of(collection)
      client?.collections.add(collection.toLowerCase())
      this.#byCollection[id] = client
    }
    return client
  }

  #addExchange(line: Quotable, client: RelayClient, status: number, ms: number): void {
    if (!this.#facts.sample.wants(line.time)) return
    this.#facts.sample.add({
      time: line.time,
      durationMs: ms,
      status,
      client: client.key,
      requestId: '',
      lines: this.#trail.take(line, leadingName(client), ms),
    })
  }

  #task(line: Quotable, buf: Buffer, at: number, end: number): boolean {
    const { tasks, submissions } = this.#facts
    if (startsWith(buf, at, end, PHRASES.retrieved)) {
      const close = findByte(buf, at, end, 41)
      const kind = textOf(
        buf,
        at + PHRASES.retrieved.length,
        close < 0 ? at + PHRASES.retrieved.length : close,
      )
      tasks.step(nameOf(buf, close + 2, end), 'received', line, { kind })
      this.#facts.upstream('').success(line, 200, Number.NaN)
    } else if (startsWith(buf, at, end, PHRASES.task)) {
      const to = find(buf, at, end, PHRASES.expiry)
      if (to < 0) return false
      const threshold = find(buf, to, end, PHRASES.threshold)
      taskExpired(this.#facts, line, {
        taskId: textOf(buf, at + PHRASES.task.length, to).trim(),
        deadlineMs:
          threshold < 0 ? Number.NaN : readTimeOfDay(buf, threshold + PHRASES.threshold.length),
        missing: Number.NaN,
        clients: undefined,
      })
    } else if (startsWith(buf, at, end, PHRASES.submitting)) {
      this.#submittingTask = nameOf(buf, at + PHRASES.submitting.length, end)
      this.#submittedAt = line.time
      tasks.step(this.#submittingTask, 'submitting', line)
    } else if (startsWith(buf, at, end, PHRASES.submitted)) {
      const id = nameOf(buf, at + PHRASES.submitted.length, end)
      tasks.step(id, 'submitted', line)
      if (!(tasks.record(id)?.seen.has('expired') ?? false))
        this.#facts.expiredForUnknownClient.recover(line)
      submissions.success(
        line,
        200,
        id === this.#submittingTask ? line.time - this.#submittedAt : Number.NaN,
      )
    } else if (startsWith(buf, at, end, PHRASES.submissionFailed)) {
      const status = readNumber(buf, at + PHRASES.submissionFailed.length, end)
      submissions.failure(line, status > 0 ? status : 500, 'submission-failing', Number.NaN)
      submissions.problems
        .get('submission-failing')
        ?.detail(`HTTP ${status > 0 ? status : 'error'}`)
      if (this.#submittingTask !== '') tasks.step(this.#submittingTask, 'submission-failed', line)
    } else return false
    return true
  }
}
