import type { Cause } from '../vocabulary/cause.ts'
import { quote } from '../facts/evidence-keeper.ts'
import type { Quotable, RawEvidence } from '../facts/evidence-keeper.ts'
import { ClientFacts } from '../facts/facts.ts'
import type { UpstreamFacts } from '../facts/facts.ts'
import { KeptLine, OpenError } from '../facts/kept-line.ts'
import { isGood, outcomeOf } from '../facts/link-stats.ts'
import type { SampledExchange } from '../facts/exchange-sample.ts'
import { ascii, find, findByte, readNumber, startsWith, textOf } from '../read/byte-scan.ts'
import { LEVEL } from '../read/event-head.ts'
import type { EventHead } from '../read/event-head.ts'
import type { FormatReader } from './format-reader.ts'
import { causeOfStatus, networkCause, waitedMs } from './network-cause.ts'
import { givesUp, mentionsDatabase } from './python-errors.ts'
import { relayAddress } from './relay-address.ts'
import { WarrenLines } from './warren-lines.ts'

const PHRASES = {
  sendingGet: ascii('Sending get request to '),
  sendingPost: ascii('Sending post request to '),
  responseStatus: ascii('Response Status: '),
  noTask: ascii('No task found'),
  taskReceived: ascii('Task received'),
  taskResolved: ascii('Task resolved'),
  networkError: ascii('Network error occurred'),
  whilePosting: ascii('while posting'),
  failedToPost: ascii('Failed to post to '),
  gotStatus: ascii('Got http status code: '),
  starting: ascii('Starting Bunny'),
  polling: ascii('Polling for tasks'),
  withData: ascii(' with data '),
  invalidTask: ascii('Invalid task input'),
  notImplemented: ascii('Not implemented'),
  unexpected: ascii('Unexpected error handling task'),
  retrying: ascii('Retrying '),
  resultOf: ascii('Result of task '),
  wasRefused: ascii(' was refused with status '),
  errorSolving: ascii('Error solving task '),
} as const

/** Statuses with which a relay rejects a result; any other error comes from a component in front of it, or is the relay's own. */
const OF_THE_RELAY: ReadonlySet<number> = new Set([400, 404, 409, 422])
const TOO_LARGE = 413

/** Attempts of the Python bunny to submit a result. */
const SUBMIT_ATTEMPTS = 4

type Pending = 'none' | 'get' | 'post'

/** `{LEVEL} - {dd-Mon-yy HH:MM:SS} - {message}`: the Python bunny, and Warren's bunny in its text format. */
export class PythonBunnyReader implements FormatReader {
  readonly name = 'Python bunny text'
  readonly #facts = new ClientFacts()
  #used = false
  #pending: Pending = 'none'
  #sentAt = Number.NaN
  #sentPlain = false
  /** Length of the line about the last result, which holds the result. */
  #postBytes = Number.NaN
  #sentLine: RawEvidence | undefined
  /** Outcome of the last poll: an error line about the same poll must not count again. */
  #lastOutcome = 0
  #settled = true
  #openError: OpenError | undefined
  #taskSince: KeptLine | undefined
  #tasks = 0
  #failedAttempts = 0
  /** There was an error since the task was received. */
  #taskFailed = false
  /** A poll answered with 200 whose body may turn out to be no task: the login page of a proxy, for example. */
  #unread: { readonly line: KeptLine; readonly latency: number } | undefined
  readonly #warrenLines = new WarrenLines(this.#facts)

  constructor() {
    this.#facts.program = 'Python bunny'
  }

  facts(): readonly (ClientFacts | UpstreamFacts)[] {
    const { upstream } = this.#warrenLines
    if (upstream !== undefined) return [upstream]
    return this.#used ? [this.#facts] : []
  }

  event(line: Quotable, head: EventHead): boolean {
    this.#used = true
    if (this.#openError !== undefined) this.#closeError()
    if (this.#unread !== undefined && head.level < LEVEL.error) this.#acceptBody()
    const { buf, end } = line
    const at = head.message
    switch (buf[at] ?? 0) {
      case 83: // S
        if (startsWith(buf, at, end, PHRASES.sendingGet))
          this.#sending(line, at + PHRASES.sendingGet.length, 'get')
        else if (startsWith(buf, at, end, PHRASES.sendingPost))
          this.#sending(line, at + PHRASES.sendingPost.length, 'post')
        else if (startsWith(buf, at, end, PHRASES.starting))
          this.#started(line, at + PHRASES.starting.length)
        break
      case 82: // R
        if (startsWith(buf, at, end, PHRASES.responseStatus)) {
          this.#responded(line, readNumber(buf, at + PHRASES.responseStatus.length, end))
        } else if (startsWith(buf, at, end, PHRASES.retrying)) this.#error(line)
        else if (startsWith(buf, at, end, PHRASES.resultOf)) this.#resultOf(line)
        break
      case 78: // N
        if (startsWith(buf, at, end, PHRASES.noTask)) this.#noTask(line)
        else if (startsWith(buf, at, end, PHRASES.networkError)) this.#error(line)
        else if (startsWith(buf, at, end, PHRASES.notImplemented)) this.#notAnswerable(line)
        break
      case 84: // T
        if (startsWith(buf, at, end, PHRASES.taskReceived)) this.#taskReceived(line)
        else if (startsWith(buf, at, end, PHRASES.taskResolved)) this.#taskResolved(line)
        break
      case 71: // G
        if (startsWith(buf, at, end, PHRASES.gotStatus))
          this.#responded(line, readNumber(buf, at + PHRASES.gotStatus.length, end))
        break
      case 70: // F
        if (startsWith(buf, at, end, PHRASES.failedToPost)) this.#submissionFailed(line)
        break
      case 73: // I
        if (startsWith(buf, at, end, PHRASES.invalidTask)) this.#notAnswerable(line)
        break
      case 85: // U
        if (startsWith(buf, at, end, PHRASES.unexpected)) this.#notAnswerable(line)
        break
      case 69: // E
        if (startsWith(buf, at, end, PHRASES.errorSolving)) this.#notAnswerable(line)
        break
      default:
        if (this.#warrenLines.read(line, head)) return true
    }
    if (head.level >= LEVEL.error && this.#openError === undefined && !this.#isKnown(buf, at, end))
      this.#error(line)
    return true
  }

  continuation(line: Quotable): void {
    this.#openError?.add(line)
  }

  finish(): void {
    if (this.#openError !== undefined) this.#closeError()
    this.#acceptBody()
  }

  #isKnown(buf: Buffer, at: number, end: number): boolean {
    return (
      startsWith(buf, at, end, PHRASES.failedToPost) ||
      startsWith(buf, at, end, PHRASES.invalidTask) ||
      startsWith(buf, at, end, PHRASES.notImplemented) ||
      startsWith(buf, at, end, PHRASES.unexpected) ||
      startsWith(buf, at, end, PHRASES.errorSolving) ||
      startsWith(buf, at, end, PHRASES.resultOf)
    )
  }

  #sending(line: Quotable, at: number, what: 'get' | 'post'): void {
    const { buf, end, time } = line
    const facts = this.#facts
    facts.logsPolls = true
    const plain = find(buf, at, end, PHRASES.withData) < 0
    // The Python bunny logs a request twice, without and with its data: the second line is the same request.
    if (this.#pending === what && this.#sentPlain && !plain) {
      this.#sentPlain = false
      return
    }
    if (this.#pending !== 'none') facts.link.unanswered++
    this.#pending = what
    if (what === 'post') this.#postBytes = end - at
    this.#settled = false
    this.#sentAt = time
    this.#sentPlain = plain
    this.#sentLine = facts.sample.wants(time) ? quote(line) : undefined
    if (facts.host === '') facts.host = relayAddress(urlAt(buf, at, end))
  }

  #responded(line: Quotable, status: number): void {
    const facts = this.#facts
    if (!(status >= 100 && status <= 999)) return
    const what = this.#pending
    const latency = what === 'none' ? Number.NaN : line.time - this.#sentAt
    this.#pending = 'none'
    if (this.#settled) return
    this.#settled = true
    this.#lastOutcome = status
    if (what === 'get' && status === 200) {
      this.#unread = { line: new KeptLine(line), latency }
      return
    }
    // A result that the relay rejects has reached it. The relay log shows whether it was late or invalid.
    if (isGood(status) || (what === 'post' && OF_THE_RELAY.has(status))) {
      facts.link.success(line, status, latency, what === 'post' ? 0 : Number.NaN)
      if (what === 'post') facts.resultArrived(line, this.#postBytes)
    } else if (what === 'post' && status === TOO_LARGE)
      facts.resultLost(line, status, `HTTP ${status}`, latency, this.#postBytes)
    else facts.link.failure(line, status, causeOfStatus(status), latency)
    if (what === 'post') {
      facts.submitted++
      if (status === 404 || status === 409)
        facts.link.problem('task-answered-late', line).recover(line)
      return
    }
    this.#addPoll(line, latency, status)
  }

  #addPoll(line: Quotable, latency: number, status: number): void {
    const { link } = this.#facts
    link.poll(line.time, status === 204)
    link.polls.add(line.time, latency, status, 0)
    if (this.#sentLine !== undefined) this.#addExchange(line, latency, status, this.#sentLine)
  }

  #acceptBody(): void {
    const unread = this.#unread
    this.#unread = undefined
    if (unread === undefined) return
    this.#facts.link.success(unread.line, 200, unread.latency, Number.NaN)
    this.#addPoll(unread.line, unread.latency, 200)
  }

  #addExchange(line: Quotable, latency: number, status: number, sent: RawEvidence): void {
    const lines: SampledExchange['lines'] = [
      { step: 'sent', evidence: sent },
      { step: 'answered', evidence: quote(line) },
    ]
    this.#facts.sample.add({
      time: line.time,
      durationMs: latency,
      status,
      client: '',
      requestId: '',
      lines,
    })
  }

  #noTask(line: Quotable): void {
    this.#facts.logsPolls = true
    if (this.#pending === 'get') this.#responded(line, 204)
    else if (this.#settled && this.#lastOutcome !== 204) {
      // This log contains no status lines, so this message is the response.
      this.#facts.link.success(line, 204, Number.NaN)
      this.#facts.link.poll(line.time, true)
    }
    if (!this.#settled) return
    this.#lastOutcome = 0
  }

  #taskReceived(line: Quotable): void {
    const facts = this.#facts
    if (this.#pending === 'get') this.#responded(line, 200)
    else if (this.#lastOutcome !== 200) facts.link.success(line, 200, Number.NaN)
    this.#lastOutcome = 0
    facts.received++
    facts.link.tasks++
    facts.link.heartbeat.busy = true
    this.#taskSince = new KeptLine(line)
    this.#failedAttempts = 0
    this.#taskFailed = false
    facts.tasks.step(`#${++this.#tasks}`, 'received', line)
  }

  #taskResolved(line: Quotable): void {
    const facts = this.#facts
    facts.solved++
    facts.link.answer(line)
    if (this.#taskSince !== undefined) facts.solveTime.add(line.time - this.#taskSince.time)
    this.#taskSince = undefined
    // A result with an error status is submitted like any other.
    if (facts.cdm.hasOpenProblem && !this.#taskFailed) facts.cdm.success(line, 0, Number.NaN)
    facts.tasks.step(`#${this.#tasks}`, 'posted', line)
    facts.resultArrived(line, this.#postBytes)
    // The result was submitted too, so the relay was reached.
    facts.link.beat(line.time)
    facts.link.heartbeat.busy = false
  }

  #notAnswerable(line: Quotable): void {
    this.#taskFailed = true
    this.#facts.link.problem('task-not-answerable', line).recover(line)
    this.#taskSince = undefined
    this.#facts.tasks.step(`#${this.#tasks}`, 'not-answerable', line)
  }

  /** `Result of task … was refused with status 409.` or `… is lost: …` */
  #resultOf(line: Quotable): void {
    const { buf, end } = line
    const refused = find(buf, line.start, end, PHRASES.wasRefused)
    if (refused < 0) {
      this.#facts.errors.see(line)
      return
    }
    const status = readNumber(buf, refused + PHRASES.wasRefused.length, end)
    const late = status === 404 || status === 409
    this.#facts.link.problem(late ? 'task-answered-late' : 'result-rejected', line).recover(line)
  }

  #submissionFailed(line: Quotable): void {
    const { link } = this.#facts
    link.beat(line.time)
    // If the log contains requests, the 5xx response was counted by its own line.
    if (!this.#facts.logsPolls)
      link.failure(line, outcomeOf('relay-error'), 'relay-error', Number.NaN)
    this.#attemptFailed(line)
  }

  /** After the last attempt, the bunny continues with the next task and does not log that the result is lost. */
  #attemptFailed(line: Quotable): void {
    const facts = this.#facts
    facts.submissionFailures++
    if (++this.#failedAttempts < SUBMIT_ATTEMPTS) return
    this.#failedAttempts = 0
    this.#taskSince = undefined
    facts.link.heartbeat.busy = false
    facts.link.problem('task-not-answered', line).detail('its result could not be submitted')
    facts.link.problems.get('task-not-answered')?.recover(line)
    facts.tasks.step(`#${this.#tasks}`, 'abandoned', line)
  }

  #started(line: Quotable, at: number): void {
    const { buf, end } = line
    let from = at
    while (from < end && ((buf[from] ?? 0) < 48 || (buf[from] ?? 0) > 57)) from++
    let to = from
    while (to < end && (buf[to] ?? 0) > 32) to++
    this.#facts.started(line, textOf(buf, from, Math.min(to, from + 40)))
    // It may have been restarted to poll another relay.
    this.#facts.host = ''
    this.#pending = 'none'
    this.#taskSince = undefined
  }

  #error(line: Quotable): void {
    this.#openError = new OpenError(line)
  }

  #closeError(): void {
    const error = this.#openError
    this.#openError = undefined
    if (error === undefined) return
    const { text, line } = error
    const posting = find(line.buf, 0, line.end, PHRASES.whilePosting) >= 0
    const network = networkCause(text)
    if (
      find(line.buf, 0, Math.min(line.end, 80), PHRASES.networkError) >= 0 ||
      (network && !mentionsDatabase(text))
    ) {
      this.#networkError(line, network?.cause ?? 'unexplained-errors', network?.status, posting)
    } else if (mentionsDatabase(text)) {
      this.#acceptBody()
      this.#taskFailed = true
      this.#facts.cdm.failure(line, outcomeOf('cdm-failing'), 'cdm-failing', Number.NaN)
    } else {
      this.#acceptBody()
      // A question that it cannot read.
      if (givesUp(text)) this.#notAnswerable(line)
      else this.#facts.errors.see(line)
    }
  }

  #networkError(line: KeptLine, cause: Cause, status: number | undefined, posting: boolean): void {
    const { link } = this.#facts
    if (cause === 'not-a-task-api') this.#unread = undefined
    else this.#acceptBody()
    const pending = this.#pending
    this.#pending = 'none'
    const outcome = status ?? outcomeOf(cause)
    // The status line of this poll was counted already; the error line repeats it.
    if (this.#settled && status !== undefined && this.#lastOutcome === status) {
      this.#lastOutcome = 0
      return
    }
    this.#settled = true
    this.#lastOutcome = 0
    const latency = pending === 'none' ? waitedMs(line.text()) : line.time - this.#sentAt
    if (posting && status === undefined)
      this.#facts.resultLost(line, outcome, cause, latency, this.#postBytes)
    else link.failure(line, outcome, cause, latency)
    if (posting) {
      this.#attemptFailed(line)
      return
    }
    link.poll(line.time, false)
    if (status !== undefined) link.polls.add(line.time, latency, status, 0)
  }
}

/** The URL at `at`. */
function urlAt(buf: Buffer, at: number, end: number): string {
  const limit = Math.min(end, at + 512)
  const space = findByte(buf, at, limit, 32)
  return textOf(buf, at, space < 0 ? limit : space)
}
