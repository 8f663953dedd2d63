import type { Quotable } from '../facts/evidence-keeper.ts'
import type { RelayFacts } from '../facts/facts.ts'
import { OpenError } from '../facts/kept-line.ts'
import type { ProblemHistory } from '../facts/problem-history.ts'
import { SECOND } from '../read/timestamps.ts'
import { exceptionIn, withoutStack } from './error-text.ts'
import type { OutgoingRequests } from './outgoing-requests.ts'
import { recordDatabaseError, recordRelayError, recordServiceError } from './relay-errors.ts'

/** How .NET logs that its host does not start, or is stopped by an exception. Several of these lines belong to one crash. */
const CRASH =
  /^(?:\[[^\]]*\] )?(?:Hosting failed to start|BackgroundService failed|Unhandled exception\.|(?:Application|Host) terminated unexpectedly|An unhandled exception occurred during bootstrapping|The HostOptions\.BackgroundServiceExceptionBehavior is configured to StopHost)/
const ONE_CRASH_MS = 5 * SECOND
/** An exception is logged this long before the line of the request that failed with it. */
const SAME_REQUEST_MS = 2 * SECOND

/** The error event that is being read in the log of a .NET relay: what it means is clear only after its last line. */
export class DotnetErrors {
  readonly #facts: RelayFacts
  readonly #outgoing: OutgoingRequests
  #open: OpenError | undefined
  /** It explains a failed request or statement, which has a line of its own, and is not a failure of its own. */
  #explains = false
  /** The problem that the last exception explained. */
  #explained: { readonly problem: ProblemHistory; readonly at: number } | undefined

  constructor(facts: RelayFacts, outgoing: OutgoingRequests) {
    this.#facts = facts
    this.#outgoing = outgoing
  }

  begin(line: Quotable, what: 'failure' | 'explanation'): void {
    this.#open = new OpenError(line)
    this.#explains = what === 'explanation'
  }

  /** Adds a line without a time. */
  add(line: Quotable, unhandled: boolean): void {
    if (unhandled) {
      this.close()
      this.begin(line, 'failure')
    } else this.#open?.add(line)
  }

  /** A request failed after `ms`: what failed in it did so since it began. */
  requestFailed(line: Quotable, ms: number): void {
    const explained = this.#explained
    this.#explained = undefined
    if (explained !== undefined && ms > 0 && line.time - explained.at <= SAME_REQUEST_MS)
      explained.problem.beganAt(line.time - ms)
  }

  /** Called when no more lines of the event follow. */
  close(): void {
    const error = this.#open
    this.#open = undefined
    if (error === undefined || (this.#explains && !error.text.includes('\n'))) return
    if (CRASH.test(error.text)) this.#crash(error)
    else if (this.#explains) this.#explain(error)
    // The failed request was counted by its own line a moment before.
    else recordRelayError(this.#facts, error, error.line.time - this.#outgoing.failedAt < 2_000)
  }

  #crash(error: OpenError): void {
    const { line, text } = error
    const { crashes } = this.#facts
    if (!(line.time - crashes.last < ONE_CRASH_MS)) {
      crashes.see(line)
      recordServiceError(this.#facts, error)
    }
    const reason = exceptionIn(text)
    if (reason !== '' && crashes.details.size < crashes.count) crashes.reason(reason)
  }

  /** Counts what the exception adds to its request or statement. */
  #explain(error: OpenError): void {
    const facts = this.#facts
    const lower = withoutStack(error.text).toLowerCase()
    if (/rabbitmq|brokerunreachable|amqp/.test(lower)) recordRelayError(facts, error)
    // A failed statement has a line of its own.
    else if (/npgsql|dbupdate/.test(lower) && !/dbcommand/i.test(error.text)) {
      recordDatabaseError(facts, error)
      const problem = facts.database.problems.get('database-failing')
      if (problem !== undefined) this.#explained = { problem, at: error.line.time }
    }
  }
}
