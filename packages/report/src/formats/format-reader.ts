import type { Facts } from '../facts/facts.ts'
import type { Quotable } from '../facts/evidence-keeper.ts'
import type { EventHead } from './event-head.ts'

/** Turns the events of one format into facts. One reader per source; it may remember what came just before. */
export interface FormatReader {
  /** As the report names it, such as `Python bunny text`. */
  readonly name: string
  /** What was found so far; empty until the first event that says who is talking. */
  facts(): readonly Facts[]
  /** An event begins on this line; its message is [head.message, line.end). False: not an event of this format after all. */
  event(line: Quotable, head: EventHead): boolean
  /** A line that belongs to the event before it. */
  continuation?(line: Quotable): void
  /** Nothing more comes (for now): close what is open. May be called again. */
  finish?(): void
}
