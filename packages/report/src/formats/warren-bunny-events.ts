import { quote } from '../facts/evidence-keeper.ts'
import type { Quotable, RawEvidence } from '../facts/evidence-keeper.ts'
import { ClientFacts } from '../facts/facts.ts'
import { isGood, outcomeOf } from '../facts/link-stats.ts'
import { LEVEL } from '../read/event-head.ts'
import type { JsonEvent } from './json-event.ts'
import type { Cause } from '../vocabulary/cause.ts'
import { ClientFiles } from './client-files.ts'
import { FailingAddresses } from './failing-addresses.ts'
import { causeOfStatus, networkCause } from './network-cause.ts'
import { relayAddress } from './relay-address.ts'
import type { WarrenEvents } from './warren-events.ts'

/** The body of a request is too large for a component on the way. */
const TOO_LARGE = 413

/** Reads the events of Warren's bunny. */
export class WarrenBunnyEvents implements WarrenEvents {
  readonly facts: ClientFacts
  #sent: { id: number; line: RawEvidence } | undefined
  /** How long the current poll may be held, ms; NaN if its line does not contain it. */
  #waitMs = Number.NaN
  readonly #addresses = new FailingAddresses()
  readonly #files: ClientFiles
  #unanswered = false

  /** @param facts to add to, if another reader extracts facts from the same log */
  constructor(facts = new ClientFacts()) {
    this.facts = facts
    this.facts.program = 'Warren bunny'
    this.#files = new ClientFiles(facts)
  }

  event(line: Quotable, event: JsonEvent, level: number): boolean {
    const { facts } = this
    const { link, tasks } = facts
    const taskId = (): string => event.text('taskId')
    switch (event.word('msg')) {
      case 'poll sent':
        facts.logsPolls = true
        if (this.#unanswered) link.unanswered++
        this.#unanswered = true
        this.#waitMs = event.number('waitMs')
        this.#sent = facts.sample.wants(line.time)
          ? { id: event.hash('requestId'), line: quote(line) }
          : undefined
        if (facts.host === '') facts.host = relayAddress(event.text('url'))
        break
      case 'poll answered':
        this.#answered(line, event)
        break
      case 'poll failed':
        this.#failed(line, event)
        break
      case 'address failing':
        this.#addresses.failing(link, line, event)
        break
      case 'address recovered':
        this.#addresses.recovered(link, line, event)
        break
      case 'polls recovered':
      case 'login accepted for polling':
        link.success(line, 0, Number.NaN)
        break
      case 'polls still failing':
        this.#stillFailing(line, event)
        break
      case 'link summary':
        this.#summary(line, event)
        break
      case 'task received':
        facts.received++
        link.tasks++
        tasks.step(taskId(), 'received', line, {
          kind: event.word('kind'),
          requestId: event.text('requestId'),
        })
        // Without debug lines, this is the only sign of a successful poll.
        if (!facts.logsPolls) {
          link.success(line, 200, Number.NaN)
          link.polls.add(line.time, Number.NaN, 200, event.hash('requestId'))
        }
        break
      case 'task solved':
        facts.solved++
        facts.solveTime.add(event.number('durationMs'))
        tasks.step(taskId(), 'solved', line)
        if (event.text('status') === 'error')
          link.problem('task-not-answerable', line).recover(line)
        else if (facts.cdm.hasOpenProblem) facts.cdm.success(line, 0, Number.NaN)
        break
      case 'task not answerable':
        tasks.step(taskId(), 'not-answerable', line)
        if (event.text('cause') === 'database') {
          this.#cdmFailed(line)
          break
        }
        link.problem('task-not-answerable', line).reason(event.text('cause') || 'see the line')
        link.problems.get('task-not-answerable')?.recover(line)
        break
      case 'result submitted':
        facts.submitted++
        facts.resultArrived(line, Number.NaN)
        link.answer(line)
        tasks.step(taskId(), 'posted', line, { requestId: event.text('requestId') })
        link.success(line, event.number('status') || 200, Number.NaN)
        break
      case 'result submission failed':
        facts.submissionFailures++
        this.#submissionFailed(line, event)
        break
      case 'result rejected':
        this.#recordRejection(line, event)
        break
      case 'result lost':
        tasks.step(taskId(), 'abandoned', line)
        facts.errors.see(line)
        break
      case 'database retry':
      case 'database unavailable':
        this.#cdmFailed(line)
        break
      case 'database recovered':
        facts.cdm.success(line, 0, Number.NaN)
        break
      case 'bunny failed':
        facts.lastStop = line.time
        if (event.text('reason').includes('database')) this.#cdmFailed(line)
        else facts.errors.see(line)
        break
      case 'bunny starting':
        facts.started(line, event.text('version'))
        break
      case 'bunny started':
        this.#started(line, event)
        break
      case 'bunny stopping':
      case 'bunny stopped':
        facts.lastStop = line.time
        break
      default:
        if (this.#files.read(line, event.word('msg'))) break
        if (level >= LEVEL.error) facts.errors.see(line)
        return false
    }
    return true
  }

  #submissionFailed(line: Quotable, event: JsonEvent): void {
    const status = event.number('status')
    const cause = networkCause(`${event.text('code')} ${event.text('detail')}`)?.cause
    const ms = event.number('durationMs')
    if (status === TOO_LARGE) this.facts.resultLost(line, status, `HTTP ${status}`, ms, Number.NaN)
    else if (status > 0 || cause === undefined) this.#failed(line, event)
    else this.facts.resultLost(line, outcomeOf(cause), cause, ms, Number.NaN)
  }

  #cdmFailed(line: Quotable): void {
    this.facts.cdm.failure(line, outcomeOf('cdm-failing'), 'cdm-failing', Number.NaN)
  }

  #started(line: Quotable, event: JsonEvent): void {
    const { facts } = this
    // `bunny starting` came just before, except from older versions.
    if (!(line.time - facts.lastStart < 120_000)) facts.started(line, event.text('version'))
    const relay = event.text('relay')
    if (relay !== '') facts.host = relayAddress(relay)
    // A bunny starts without its database too.
    if (event.text('database') !== '') facts.cdm.success(line, 0, Number.NaN)
  }

  #answered(line: Quotable, event: JsonEvent): void {
    const { link, sample } = this.facts
    const status = event.number('status')
    const ms = event.number('durationMs')
    this.#unanswered = false
    // The failure has a line of its own.
    if (!isGood(status)) return
    link.success(line, status, ms, this.#waitMs)
    link.poll(line.time, status === 204)
    link.polls.add(line.time, ms, status, event.hash('requestId'))
    const sent = this.#sent
    if (sent === undefined || sent.id !== event.hash('requestId')) return
    sample.add({
      time: line.time,
      durationMs: ms,
      status,
      client: '',
      requestId: event.text('requestId'),
      lines: [
        { step: 'sent', evidence: sent.line },
        { step: 'answered', evidence: quote(line) },
      ],
    })
  }

  /** Between two of these lines, the failures are in the debug log only. */
  #stillFailing(line: Quotable, event: JsonEvent): void {
    if (!this.facts.logsPolls) this.facts.link.problem(causeOfFailure(event), line)
  }

  #failed(line: Quotable, event: JsonEvent): void {
    const { link } = this.facts
    this.#unanswered = false
    const status = event.number('status')
    const cause = causeOfFailure(event)
    link.failure(line, status >= 400 ? status : outcomeOf(cause), cause, event.number('durationMs'))
    link.poll(line.time, false)
    if (status >= 400)
      link.polls.add(line.time, event.number('durationMs'), status, event.hash('requestId'))
  }

  #recordRejection(line: Quotable, event: JsonEvent): void {
    const { link, tasks } = this.facts
    const status = event.number('status')
    tasks.step(event.text('taskId'), status === 409 || status === 404 ? 'late' : 'rejected', line)
    const cause = status === 409 || status === 404 ? 'task-answered-late' : 'result-rejected'
    link.problem(cause, line).recover(line)
  }

  #summary(line: Quotable, event: JsonEvent): void {
    const { link } = this.facts
    const median = event.number('p50Ms')
    const polls = event.numbers('polls')
    for (const [outcome, n] of polls) {
      const status = Number(outcome)
      if (status >= 100) link.summary(line, status, n, median, event.number('periodMs'))
    }
    if (polls.length === 0) link.beat(line.time)
  }
}

function causeOfFailure(event: JsonEvent): Cause {
  const status = event.number('status')
  if (status >= 400) return causeOfStatus(status)
  const network = networkCause(`${event.text('code')} ${event.text('detail')}`)
  return network?.cause ?? causeOfKind(event.word('kind'))
}

/** The cause of a Task API error by its `kind`, if its code gives none. */
export function causeOfKind(
  kind: string,
):
  | 'connection-closed'
  | 'auth-refused'
  | 'relay-error'
  | 'not-a-task-api'
  | 'wrong-address'
  | 'unexplained-errors' {
  switch (kind) {
    case 'transport':
      return 'connection-closed'
    case 'authentication':
      return 'auth-refused'
    case 'rejected':
      return 'wrong-address'
    case 'unavailable':
      return 'relay-error'
    case 'invalid-response':
      return 'not-a-task-api'
    default:
      return 'unexplained-errors'
  }
}
