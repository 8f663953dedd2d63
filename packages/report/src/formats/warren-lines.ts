import type { Quotable } from '../facts/evidence-keeper.ts'
import type { ClientFacts, UpstreamFacts } from '../facts/facts.ts'
import type { EventHead } from './event-head.ts'
import { WarrenBunnyEvents } from './warren-bunny-events.ts'
import { WarrenText } from './warren-text.ts'
import { WarrenUpstreamEvents } from './warren-upstream-events.ts'

/** What our client says in its own words, because the one it replaces has none for it. */
const CLIENT_WORDS: ReadonlySet<string> = new Set([
  'bunny failed',
  'bunny stopping',
  'bunny stopped',
  'cache failure',
  'cdm problem',
  'database retry',
  'outbox restored',
  'outbox failure',
  'task discarded',
  'task for another collection',
  'task repeated',
])

/** What only our Task API server says, whose text format is the same. */
const UPSTREAM_WORDS: ReadonlySet<string> = new Set([
  'upstream started',
  'task queued',
  'task leased',
  'task timed out',
  'result received',
  'collection suspended',
  'collection resumed',
])

/** Lines of our own programs among those in the text format of the Python client. */
export class WarrenLines {
  readonly #text = new WarrenText()
  readonly #clientFacts: ClientFacts
  #client: WarrenBunnyEvents | undefined
  #upstream: WarrenUpstreamEvents | undefined

  constructor(clientFacts: ClientFacts) {
    this.#clientFacts = clientFacts
  }

  /** Once one of its words was met, the log is that of our Task API server. */
  get upstream(): UpstreamFacts | undefined {
    return this.#upstream?.facts
  }

  /** True if the line was one of ours. */
  read(line: Quotable, { message, level }: EventHead): boolean {
    const event = this.#text.read(line, message, line.end)
    if (event === undefined) return false
    const word = event.word('msg')
    if (UPSTREAM_WORDS.has(word)) this.#upstream ??= new WarrenUpstreamEvents()
    if (this.#upstream !== undefined) {
      this.#upstream.event(line, event, level)
      return true
    }
    if (!CLIENT_WORDS.has(word)) return false
    this.#client ??= new WarrenBunnyEvents(this.#clientFacts)
    this.#client.event(line, event, level)
    return true
  }
}
