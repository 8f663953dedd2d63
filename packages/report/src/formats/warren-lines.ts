import type { Quotable } from '../facts/evidence-keeper.ts'
import type { ClientFacts, UpstreamFacts } from '../facts/facts.ts'
import type { EventHead } from '../read/event-head.ts'
import { WarrenBunnyEvents } from './warren-bunny-events.ts'
import { WarrenText } from './warren-text.ts'
import { WarrenUpstreamEvents } from './warren-upstream-events.ts'

/** Messages of Warren's bunny that the Python bunny does not have. */
const BUNNY_MESSAGES: ReadonlySet<string> = new Set([
  'address failing',
  'address recovered',
  'bunny failed',
  'bunny stopping',
  'bunny stopped',
  'cache failure',
  'cdm problem',
  'database retry',
  'login accepted for polling',
  'outbox restored',
  'outbox failure',
  'polls recovered',
  'polls still failing',
  'task discarded',
  'task for another collection',
  'task repeated',
])

/** Messages that only Warren's upstream logs, in the same text format. */
const UPSTREAM_MESSAGES: ReadonlySet<string> = new Set([
  'upstream started',
  'task queued',
  'task leased',
  'task timed out',
  'result received',
  'collection suspended',
  'collection resumed',
])

/** Reads the lines of Warren's programs in the text format of the Python bunny. */
export class WarrenLines {
  readonly #text = new WarrenText()
  readonly #clientFacts: ClientFacts
  #client: WarrenBunnyEvents | undefined
  #upstream: WarrenUpstreamEvents | undefined

  constructor(clientFacts: ClientFacts) {
    this.#clientFacts = clientFacts
  }

  /** The facts of the upstream, once one of its messages was found. */
  get upstream(): UpstreamFacts | undefined {
    return this.#upstream?.facts
  }

  /** The line came from a Warren program. */
  read(line: Quotable, { message, level }: EventHead): boolean {
    const event = this.#text.read(line, message, line.end)
    if (event === undefined) return false
    const word = event.word('msg')
    if (UPSTREAM_MESSAGES.has(word)) this.#upstream ??= new WarrenUpstreamEvents()
    if (this.#upstream !== undefined) {
      this.#upstream.event(line, event, level)
      return true
    }
    if (!BUNNY_MESSAGES.has(word)) return false
    this.#client ??= new WarrenBunnyEvents(this.#clientFacts)
    this.#client.event(line, event, level)
    return true
  }
}
