import type { Quotable } from '../facts/evidence-keeper.ts'
import type { Facts } from '../facts/facts.ts'
import type { JsonEvent } from './json-event.ts'

/** Reads the events of one program: every line with its name as `component`. */
export interface WarrenEvents {
  readonly facts: Facts
  /** Whether the report has a use for this event. An event of level error is counted in any case. */
  event(line: Quotable, event: JsonEvent, level: number): boolean
  finish?(): void
}
