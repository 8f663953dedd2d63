import type { Facts } from '../facts/facts.ts'
import type { Quotable } from '../facts/evidence-keeper.ts'
import type { EventHead } from '../read/event-head.ts'

/** Extracts facts from the events of one format. There is one reader per source; it may keep state between lines. */
export interface FormatReader {
  /** Name in the report, such as `Python bunny text`. */
  readonly name: string
  /** The facts so far; empty until an event identifies the program. */
  facts(): readonly Facts[]
  /** Reads an event whose message is [head.message, line.end). False if it is not an event of this format after all. */
  event(line: Quotable, head: EventHead): boolean
  /** Reads a continuation line of the previous event. */
  continuation?(line: Quotable): void
  /** Processes what is still open at the end of the input. May be called more than once. */
  finish?(): void
}
